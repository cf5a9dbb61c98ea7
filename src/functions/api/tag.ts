// POST /v1/tag: every label that the picture shows, each with a probability of its own.
import type { Context } from "hono";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { askFor } from "../tasks/askFor.ts";
import { tagOptions } from "../tasks/tagOptions.ts";
import { tagPicture } from "../tasks/tagPicture.ts";
import type { AppTypes } from "./env.ts";
import { askingOf, type Isolate, withRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

export const tag = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>) => {
    const asking = askingOf(isolate, context);
    const input = await readInput(context.req.raw, 1, remoteFetcher(context.env, asking.timing));
    const options = tagOptions(input);
    const asked = await askFor(asking, "tag", options, input.pictures);
    const picture = asked.pictures[0] ?? { vector: new Float32Array(), animated: false };
    return context.json(tagPicture(asking.deployment, asked, picture, options));
  });
