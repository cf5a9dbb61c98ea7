// POST /v1/moderate: allow, review or block by a policy, with the reasons.
import type { Context } from "hono";
import { modelOf } from "../answer/modelOf.ts";
import { backgroundOf } from "../moderation/backgroundOf.ts";
import { checkModerator, judge, policyOf, standardOf } from "../moderation/judge.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { ModerateSchema } from "./moderateOptions.ts";
import { parseOptions } from "./parseOptions.ts";
import { readInput } from "./readInput.ts";

export const moderate = (isolate: Isolate) =>
  withRoom(
    isolate,
    async (context: Context<AppTypes>) => {
      const timing = context.get("timing");
      const deployment = isolate.deployment();
      checkModerator(deployment, context.env.ALLOW_DEMO_MODERATION);
      const input = await readInput(context.req.raw, 1, remoteFetcher(context.env, timing), "tolerant");
      const { policy: id, shadow: shadowId, tenant } = parseOptions(ModerateSchema, input);
      const standard = standardOf(deployment, id, tenant, "policy");
      const shadow = shadowId === undefined ? undefined : standardOf(deployment, shadowId, undefined, "shadow");
      const picture = input.unusable ?? input.pictures[0] ?? new Uint8Array();
      const standards = shadow ? [standard, shadow] : [standard];
      const { verdicts, warnings } = await judge(context.env, timing, deployment, picture, standards);
      const [verdict, shadowed] = verdicts;
      return context.json({
        ...verdict,
        policy: policyOf(standard.policy, tenant),
        shadow:
          shadow && shadowed
            ? { policy: policyOf(shadow.policy, undefined), decision: shadowed.decision, reasons: shadowed.reasons }
            : null,
        model: modelOf(deployment.manifest),
        bank: backgroundOf(standard.policy.background, deployment),
        warnings,
      });
    },
    "tolerant",
  );
