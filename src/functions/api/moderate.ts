// POST /v1/moderate: allow, review or block by a policy, with the reasons.
import type { Context } from "hono";
import { parseOptions } from "../input/parseOptions.ts";
import { checkModerator } from "../moderation/judge.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { ModerateSchema } from "../tasks/moderateOptions.ts";
import { moderatePicture, standardsOf } from "../tasks/moderatePicture.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

export const moderate = (isolate: Isolate) =>
  withRoom(
    isolate,
    async (context: Context<AppTypes>) => {
      const timing = context.get("timing");
      const deployment = isolate.deployment();
      checkModerator(deployment, context.env.ALLOW_DEMO_MODERATION);
      const input = await readInput(context.req.raw, 1, remoteFetcher(context.env, timing), "tolerant");
      const options = parseOptions(ModerateSchema, input);
      const standards = standardsOf(deployment, options);
      const picture = input.unusable ?? input.pictures[0] ?? new Uint8Array();
      return context.json(await moderatePicture(context.env, timing, deployment, picture, standards, options.tenant));
    },
    "tolerant",
  );
