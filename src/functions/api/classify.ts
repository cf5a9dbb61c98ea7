// POST /v1/classify: which of these labels the picture shows.
import type { Context } from "hono";
import { askFor } from "../tasks/askFor.ts";
import { classifyOptions } from "../tasks/classifyOptions.ts";
import { classifyPicture } from "../tasks/classifyPicture.ts";
import type { AppTypes } from "./env.ts";
import { checkBank } from "./escalation/check.ts";
import { escalated } from "./escalation/escalate.ts";
import { takeEscalate, within } from "./escalation/options.ts";
import { askingOf, type Isolate, inRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

export const classify = (isolate: Isolate) => async (context: Context<AppTypes>) => {
  const answer = await inRoom(isolate, context, async (lease): Promise<() => Response | Promise<Response>> => {
    const asking = askingOf(isolate, context, lease);
    const { deployment } = asking;
    const input = await readInput(context.req.raw, 1, asking.fetchRemote);
    const { escalate, given } = takeEscalate(input);
    const options = classifyOptions(given);
    const big = escalate && checkBank(escalate, options.bank, deployment, context);
    const asked = await askFor(asking, "classify", options, input.pictures);
    const picture = asked.pictures[0] ?? { vector: new Float32Array(), animated: false };
    const edge = classifyPicture(deployment, asked, picture, options);
    if (!escalate || !big) return () => context.json(edge);
    return escalated(context, {
      ...{ task: "classify", escalate, big, options: given.options, picture: input.pictures[0], answer: edge },
      uncertain: within(escalate.band, edge.predictions[0]?.score ?? 0),
      cautious: (own) => own,
    });
  });
  return answer();
};
