// POST /v1/moderate: allow, review or block by a policy, with the reasons.
import type { Context } from "hono";
import { partlySeen, type Verdict } from "../../core/policy/decide.ts";
import type { Lease } from "../body/inFlight.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { checkModerator } from "../moderation/judge.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import { ModerateSchema } from "../tasks/moderateOptions.ts";
import { moderatePicture, standardsOf } from "../tasks/moderatePicture.ts";
import type { AppTypes } from "./env.ts";
import { checkPolicies } from "./escalation/check.ts";
import { escalated } from "./escalation/escalate.ts";
import { type Escalate, takeEscalate, within } from "./escalation/options.ts";
import { type Isolate, inRoom } from "./isolate.ts";
import { readInput } from "./readInput.ts";

/** A block by a category that is certain stands, whatever the others would come to. */
function isUncertain({ categories, reasons }: Verdict, band: Escalate["band"]): boolean {
  const inBand = (score: number | null) => score !== null && within(band, score);
  const blocked = reasons.some(({ code, score }) => code === "over_block" && !inBand(score));
  return !blocked && Object.values(categories).some(inBand);
}

export const moderate = (isolate: Isolate) => async (context: Context<AppTypes>) => {
  const work = async (lease: Lease): Promise<() => Response | Promise<Response>> => {
    const { env } = context;
    const timing = context.get("timing");
    const deployment = isolate.deployment();
    checkModerator(deployment, env.ALLOW_DEMO_MODERATION);
    const input = await readInput(context.req.raw, 1, remoteFetcher(env, timing, lease), "tolerant");
    const { escalate, given } = takeEscalate(input);
    const options = parseOptions(ModerateSchema, given);
    const standards = standardsOf(deployment, options);
    const big = escalate && checkPolicies(escalate, options, deployment, context);
    const picture = input.unusable ?? input.pictures[0] ?? new Uint8Array();
    const edge = await moderatePicture(env, timing, deployment, picture, standards, options.tenant);
    if (!escalate || !big) return () => context.json(edge);
    return escalated(context, {
      ...{ task: "moderate", escalate, big, options: given.options, picture: input.pictures[0], answer: edge },
      uncertain: isUncertain(edge, escalate.band),
      // Nothing is let through on a judgement that is not certain.
      cautious: (own, code) => ({ ...own, ...partlySeen(own, code) }),
    });
  };
  const answer = await inRoom(isolate, context, work, "tolerant");
  return answer();
};
