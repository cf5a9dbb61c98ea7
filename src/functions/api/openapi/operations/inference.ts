// Endpoints that say what pictures and texts show.
import * as v from "valibot";
import type { ProblemCode } from "../../../../core/problem.ts";
import { ClassifySchema } from "../../../tasks/classifyOptions.ts";
import { ModerateSchema } from "../../../tasks/moderateOptions.ts";
import { TagSchema } from "../../../tasks/tagOptions.ts";
import { EmbeddingsSchema } from "../../embeddings.ts";
import { escalateEntry } from "../../escalation/options.ts";
import { ModerationsSchema } from "../../moderations.ts";
import { SimilaritySchema } from "../../similarity.ts";
import * as answers from "../answers.ts";
import { NOTHING, type Operation } from "../operation.ts";

const reading: ProblemCode[] = ["invalid_json", "invalid_request", "invalid_base64", "unsupported_media_type"];
const tooLarge: ProblemCode[] = ["body_too_large", "remote_too_large"];
const unreadable: ProblemCode[] = ["unsupported_image", "image_unreadable", "image_too_many_pixels"];
const fetching: ProblemCode[] = ["remote_refused", "remote_failed", "remote_timeout"];
const parts: ProblemCode[] = ["overloaded", "model_unavailable", "pack_corrupt"];
const picture = [...reading, ...tooLarge, ...unreadable, ...fetching, ...parts];
const labels: ProblemCode[] = ["too_many_labels", "bank_not_found", "text_unavailable"];

export const INFERENCE: Operation[] = [
  {
    method: "post",
    path: "/v1/classify",
    id: "classify",
    summary:
      "Which of these labels the picture shows: softmax over a bank or over labels of the request; of a model trained on the sigmoid loss each label's own sigmoid.",
    body: "image",
    options: v.strictObject({ ...ClassifySchema.entries, ...escalateEntry }),
    answers: { 200: answers.ClassifyOrBig, 202: answers.ClassifyEscalated },
    errors: [...picture, ...labels, "model_not_found"],
  },
  {
    method: "post",
    path: "/v1/tag",
    id: "tag",
    summary:
      "Every label that the picture shows, each with a probability of its own: against a background, or by a sigmoid where the model was trained so; calibrated where the bank is.",
    body: "image",
    options: v.strictObject({ ...TagSchema.entries, ...escalateEntry }),
    answers: { 200: answers.TagOrBig, 202: answers.TagEscalated },
    errors: [...picture, ...labels, "model_not_found"],
  },
  {
    method: "post",
    path: "/v1/similarity",
    id: "similarity",
    summary: "Cosines between pictures and texts, and which pictures are near-duplicates.",
    body: "images",
    options: SimilaritySchema,
    answers: { 200: answers.SimilarityAnswer },
    errors: [...picture, "text_unavailable"],
  },
  {
    method: "post",
    path: "/v1/embeddings",
    id: "embeddings",
    summary:
      "Unit vectors of texts (OpenAI's shape) and of texts and pictures mixed (Jina's). Errors in OpenAI's shape.",
    body: "json",
    options: EmbeddingsSchema,
    answers: { 200: answers.EmbeddingsAnswer },
    errors: [...picture, "model_not_found", "text_unavailable"],
  },
  {
    method: "post",
    path: "/v1/moderate",
    id: "moderate",
    summary: "Allow, review or block by a policy, with the reasons. What cannot be read is for review.",
    body: "image",
    options: v.strictObject({ ...ModerateSchema.entries, ...escalateEntry }),
    answers: { 200: answers.ModerateOrBig, 202: answers.ModerateEscalated },
    errors: [...reading, ...fetching, ...parts, "policy_not_found", "model_not_found"],
  },
  {
    method: "post",
    path: "/v1/moderations",
    id: "moderations",
    summary: "The default policy in OpenAI's shape, for pictures. Errors in OpenAI's shape.",
    body: "json",
    options: ModerationsSchema,
    answers: { 200: answers.ModerationsAnswer },
    errors: [
      ...reading,
      "body_too_large",
      ...fetching,
      ...parts,
      "model_not_found",
      "text_not_supported",
      "policy_not_found",
    ],
  },
  {
    method: "post",
    path: "/v1/webhooks/{source}",
    id: "webhook",
    summary:
      "A payload signed by Standard Webhooks, or as GitHub does it. Its signature takes the place of an API key.",
    body: "json",
    options: v.looseObject({}),
    answers: { 200: answers.WebhookAnswer, 202: answers.QueuedAnswer, 204: NOTHING },
    errors: [
      ...["invalid_json", "invalid_request", "body_too_large", "source_not_found", "signature_invalid"],
      ...["timestamp_outside_tolerance", "webhook_conflict", "overloaded", "model_unavailable"],
    ] as ProblemCode[],
    open: true,
  },
];
