// POST /v1/moderations: the default policy in OpenAI's shape, for pictures.
// https://platform.openai.com/docs/api-reference/moderations
import type { Context } from "hono";
import * as v from "valibot";
import { list } from "../../core/json/list.ts";
import type { Verdict } from "../../core/policy/decide.ts";
import type { Category, Thresholds } from "../../core/policy/policy.ts";
import { worst } from "../../core/policy/worst.ts";
import { Problem } from "../../core/problem.ts";
import type { Warning } from "../answer/warnings.ts";
import { either } from "../input/either.ts";
import { orUnusable } from "../input/orUnusable.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { pictureFromJson } from "../input/picture.ts";
import { checkModerator, judge, policyOf, type Standard, standardOf } from "../moderation/judge.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import type { AppTypes } from "./env.ts";
import { type Isolate, withRoom } from "./isolate.ts";
import { readJson } from "./readInput.ts";

const MAX_IMAGES = 8;
const POLICY = "default";
/** What OpenAI's clients send without being told another model. */
const OPENAI_MODEL = /^omni-moderation-[\w-]+$/;

const TextSchema = v.strictObject({ type: v.literal("text"), text: v.string("must be text") });
const ImageSchema = v.strictObject({
  type: v.literal("image_url"),
  image_url: v.strictObject(
    { url: v.string("must be an address or a data URI"), detail: v.optional(v.string("must be text")) },
    'must be {"url"}',
  ),
});
export const ModerationsSchema = v.strictObject({
  model: v.nullish(v.string("must be the id of the model")),
  input: either(
    [
      v.string(),
      v.pipe(
        list(
          either(
            [v.string(), v.variant("type", [TextSchema, ImageSchema], 'must be "text" or "image_url"')],
            'must be a text, or an object of type "text" or "image_url"',
          ),
          "must be a list",
          2 * MAX_IMAGES,
          `may have ${2 * MAX_IMAGES} parts at most`,
        ),
        v.minLength(1, "must have at least one part"),
      ),
    ],
    "must be a list of image_url parts",
  ),
});
type Input = v.InferOutput<typeof ModerationsSchema>["input"];

const refuse = (code: ConstructorParameters<typeof Problem>[0], pointer: string, message: string): never => {
  throw new Problem(code, `${pointer.slice(1)} ${message}.`, { errors: [{ pointer, message }] });
};

/** @returns the addresses of the pictures with their place. @throws Problem `text_not_supported` where there is no picture */
function picturesOf(input: Input): { url: string; pointer: string }[] {
  const parts = typeof input === "string" ? [input] : input;
  const pictures = parts.flatMap((part, at) =>
    typeof part === "object" && part.type === "image_url"
      ? [{ url: part.image_url.url, pointer: `/input/${at}/image_url/url` }]
      : [],
  );
  if (pictures.length === 0) refuse("text_not_supported", "/input", "has no picture, and text is not judged here");
  if (pictures.length > MAX_IMAGES) refuse("invalid_request", "/input", `may have ${MAX_IMAGES} pictures at most`);
  return pictures;
}

/** OpenAI's name of a category beside the policy's own. */
const namesOf = ({ name, openai }: Category): string[] => (openai && openai !== name ? [name, openai] : [name]);

/** One result for all parts of the input, as OpenAI's own endpoint gives: categories that were not judged are left out. */
function resultOf({ policy, thresholds }: Standard, { decision, reasons, categories, unjudged }: Verdict) {
  const scores: Record<string, number> = {};
  const flags: Record<string, boolean> = {};
  for (const category of policy.categories) {
    const score = categories[category.name] ?? null;
    if (score === null) continue;
    const { review }: Thresholds = thresholds[category.name] ?? category;
    for (const name of namesOf(category)) {
      scores[name] = Math.max(scores[name] ?? 0, score);
      flags[name] = (flags[name] ?? false) || score >= review;
    }
  }
  return {
    flagged: decision !== "allow",
    categories: flags,
    category_scores: scores,
    category_applied_input_types: Object.fromEntries(Object.keys(scores).map((name) => [name, ["image"]])),
    decision,
    reasons,
    unjudged,
  };
}

export const moderations = (isolate: Isolate) =>
  withRoom(isolate, async (context: Context<AppTypes>, lease) => {
    const timing = context.get("timing");
    const deployment = isolate.deployment();
    const { manifest } = deployment;
    checkModerator(deployment, context.env.ALLOW_DEMO_MODERATION);
    const { model, input } = parseOptions(ModerationsSchema, await readJson(context.req.raw));
    if (model && model !== manifest.id && !OPENAI_MODEL.test(model))
      refuse("model_not_found", "/model", `must be ${manifest.id}, the one that is deployed, or left out`);
    const addresses = picturesOf(input);
    const fetchRemote = remoteFetcher(context.env, timing, lease);
    const pictures = await Promise.all(
      addresses.map(({ url, pointer }) => orUnusable(pictureFromJson(url, pointer, fetchRemote))),
    );
    const standard = standardOf(deployment, POLICY, undefined, "policy");
    const judgements = await Promise.all(
      pictures.map((picture) => judge(context.env, timing, deployment, picture, [standard])),
    );
    const texts = typeof input !== "string" && input.length > addresses.length;
    const message = "Text is not judged here; only the pictures were looked at.";
    const ignored: Warning[] = texts ? [{ code: "text_ignored", message }] : [];
    const told = judgements.flatMap(({ warnings }) => warnings);
    const warnings = told.filter(({ code }, at) => told.findIndex((each) => each.code === code) === at);
    context.header("x-edgeclip-space", manifest.space);
    return context.json({
      id: `modr-${context.get("requestId")}`,
      model: manifest.id,
      results: [resultOf(standard, worst(judgements.flatMap(({ verdicts }) => verdicts)))],
      policy: policyOf(standard.policy, undefined),
      warnings: [...warnings, ...ignored],
    });
  });
