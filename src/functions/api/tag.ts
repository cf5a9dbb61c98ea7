// POST /v1/tag: every label that the picture shows, each with a probability of its own.
import type { Context } from "hono";
import { askFor } from "../tasks/askFor.ts";
import { tagOptions } from "../tasks/tagOptions.ts";
import { tagPicture } from "../tasks/tagPicture.ts";
import type { AppTypes } from "./env.ts";
import { checkBank } from "./escalation/check.ts";
import { escalated } from "./escalation/escalate.ts";
import { takeEscalate, within } from "./escalation/options.ts";
import { askingOf, type Isolate, inRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

export const tag = (isolate: Isolate) => async (context: Context<AppTypes>) => {
  const answer = await inRoom(isolate, context, async (lease): Promise<() => Response | Promise<Response>> => {
    const asking = askingOf(isolate, context, lease);
    const { deployment } = asking;
    const input = await readInput(context.req.raw, 1, asking.fetchRemote);
    const { escalate, given } = takeEscalate(input);
    const options = tagOptions(given);
    const big = escalate && checkBank(escalate, options.bank, deployment, context);
    const asked = await askFor(asking, "tag", options, input.pictures);
    const picture = asked.pictures[0] ?? { vector: new Float32Array(), animated: false };
    const edge = tagPicture(deployment, asked, picture, options);
    if (!escalate || !big) return () => context.json(edge);
    // A label that just fell short of its threshold is as uncertain as one that just reached it. All are told first: the
    // band is held against scores as they are rounded.
    const { tags } = tagPicture(deployment, asked, picture, { min_score: 0, max_tags: asked.classifier.names.length });
    return escalated(context, {
      ...{ task: "tag", escalate, big, options: given.options, picture: input.pictures[0], answer: edge },
      uncertain: tags.some(({ score }) => within(escalate.band, score)),
      cautious: (own) => own,
    });
  });
  return answer();
};
