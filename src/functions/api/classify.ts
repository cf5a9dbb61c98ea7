// POST /v1/classify: which of these labels the picture shows.
import type { Context } from "hono";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { askFor } from "../tasks/askFor.ts";
import { classifyOptions } from "../tasks/classifyOptions.ts";
import { classifyPicture } from "../tasks/classifyPicture.ts";
import type { AppTypes } from "./env.ts";
import { askingOf, type Isolate, withRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

export const classify = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>) => {
    const asking = askingOf(isolate, context);
    const input = await readInput(context.req.raw, 1, remoteFetcher(context.env, asking.timing));
    const options = classifyOptions(input);
    const asked = await askFor(asking, "classify", options, input.pictures);
    const picture = asked.pictures[0] ?? { vector: new Float32Array(), animated: false };
    return context.json(classifyPicture(asking.deployment, asked, picture, options));
  });
