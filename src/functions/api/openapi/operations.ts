// What the API offers, endpoint by endpoint: options, pictures, answers, and the codes of its errors.
import * as v from "valibot";
import { FRAMES } from "../../../core/batch/frames.ts";
import { CommitSchema, PullModelSchema } from "../../../core/batch/pulled.ts";
import type { ProblemCode } from "../../../core/problem.ts";
import { ClassifySchema } from "../../tasks/classifyOptions.ts";
import { ModerateSchema } from "../../tasks/moderateOptions.ts";
import { TagSchema } from "../../tasks/tagOptions.ts";
import { ReturnSchema, TakeSchema } from "../backend/chunks.ts";
import { CommitQuerySchema } from "../backend/results.ts";
import { BatchListSchema } from "../batches/jobs.ts";
import { BatchSchema } from "../batches/options.ts";
import { ErrorsSchema, ResultsSchema } from "../batches/results.ts";
import { ListSchema } from "../deliveries.ts";
import { EmbeddingsSchema } from "../embeddings.ts";
import { escalateEntry } from "../escalation/options.ts";
import { ModerationsSchema } from "../moderations.ts";
import { SimilaritySchema } from "../similarity.ts";
import * as answers from "./answers.ts";

/** Bytes in frames. */
const FramesAnswer = v.unknown();

/** The schema of an answer without a body. */
export const NOTHING = v.undefined();

export interface Operation {
  method: "get" | "post" | "delete";
  /** With `{name}` for what varies. */
  path: string;
  id: string;
  summary: string;
  /** `image`: one picture in any of three forms; `images`: several; `json`: JSON alone; `lines`: NDJSON or JSON; `frames`: see FRAMES; absent: no body. */
  body?: "image" | "images" | "json" | "lines" | "frames";
  options?: v.GenericSchema;
  /** By status. */
  answers: Record<number, v.GenericSchema>;
  /** What answers are written in, where that is not JSON; of NDJSON the schema is that of a line. */
  media?: string[];
  errors: ProblemCode[];
  /** Needs no API key. */
  open?: true;
}

const reading: ProblemCode[] = ["invalid_json", "invalid_request", "invalid_base64", "unsupported_media_type"];
const tooLarge: ProblemCode[] = ["body_too_large", "remote_too_large"];
const unreadable: ProblemCode[] = ["unsupported_image", "image_unreadable", "image_too_many_pixels"];
const fetching: ProblemCode[] = ["remote_refused", "remote_failed", "remote_timeout"];
const parts: ProblemCode[] = ["overloaded", "model_unavailable", "pack_corrupt"];
const picture = [...reading, ...tooLarge, ...unreadable, ...fetching, ...parts];
const pulling: ProblemCode[] = ["invalid_request", "model_not_found", "space_mismatch", "backend_unavailable"];
const labels: ProblemCode[] = ["too_many_labels", "bank_not_found", "text_unavailable"];

export const OPERATIONS: Operation[] = [
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
  {
    method: "post",
    path: "/v1/batches",
    id: "createBatch",
    summary:
      "Accepts pictures by the million; each line is answered, in results or in errors. With an Idempotency-Key the same request gets the same job.",
    body: "lines",
    options: BatchSchema,
    answers: { 202: answers.BatchAnswer },
    errors: [
      ...[
        "invalid_json",
        "invalid_request",
        "unsupported_media_type",
        "body_too_large",
        "remote_refused",
        "overloaded",
      ],
      ...["model_not_found", "bank_not_found", "policy_not_found", "too_many_labels", "text_unavailable"],
      ...["idempotency_conflict", "model_unavailable"],
    ] as ProblemCode[],
  },
  {
    method: "get",
    path: "/v1/batches",
    id: "batches",
    summary: "The batches, the newest first.",
    options: BatchListSchema,
    answers: { 200: answers.BatchesAnswer },
    errors: ["invalid_request"],
  },
  {
    method: "get",
    path: "/v1/batches/{id}",
    id: "batch",
    summary: "One batch: its state, how many lines are answered, how fast, and what is left.",
    answers: { 200: answers.BatchAnswer },
    errors: ["batch_not_found"],
  },
  {
    method: "delete",
    path: "/v1/batches/{id}",
    id: "deleteBatch",
    summary: "Ends a batch and deletes its lines and answers.",
    answers: { 200: answers.DeletedBatchAnswer },
    errors: ["batch_not_found"],
  },
  {
    method: "post",
    path: "/v1/batches/{id}/cancel",
    id: "cancelBatch",
    summary: "Answers what is left of a batch with errors of the code cancelled.",
    answers: { 200: answers.BatchAnswer },
    errors: ["batch_not_found"],
  },
  {
    method: "get",
    path: "/v1/batches/{id}/results",
    id: "batchResults",
    summary:
      "What is done so far, in the order of the input; of a finished batch also ranges of bytes and, for embed, npy.",
    options: ResultsSchema,
    answers: { 200: answers.BatchResultAnswer },
    media: ["application/x-ndjson", "application/octet-stream"],
    errors: ["invalid_request", "batch_not_found", "batch_not_finished", "range_not_satisfiable"],
  },
  {
    method: "get",
    path: "/v1/batches/{id}/errors",
    id: "batchErrors",
    summary: "The lines without a result so far, in the order of the input, each with the reason.",
    options: ErrorsSchema,
    answers: { 200: answers.BatchErrorAnswer },
    media: ["application/x-ndjson"],
    errors: ["invalid_request", "batch_not_found", "range_not_satisfiable"],
  },
  {
    method: "get",
    path: "/v1/backend/model",
    id: "backendModel",
    summary:
      "The model whose batches backends pull. Like all of /v1/backend it needs a key that names the scope backend.",
    answers: { 200: PullModelSchema },
    errors: ["model_not_found", "backend_unavailable"],
  },
  {
    method: "post",
    path: "/v1/backend/chunks",
    id: "takeChunk",
    summary:
      "A backend takes the most urgent chunk: a frame that names it, then one a line with its views as uint8 [views, S, S, 3], or with its error. A frame is a line of JSON with `bytes`, and so many bytes.",
    body: "json",
    options: TakeSchema,
    answers: { 200: FramesAnswer, 204: NOTHING },
    media: [FRAMES],
    errors: [...pulling, "invalid_json", "unsupported_media_type", "body_too_large"],
  },
  {
    method: "post",
    path: "/v1/backend/results",
    id: "commitChunk",
    summary:
      "A backend brings a chunk's vectors: a frame a line, in order, with fp32 [views, D] of length 1, or the error of the line. Twice is the same as once.",
    body: "frames",
    options: CommitQuerySchema,
    answers: { 200: CommitSchema },
    errors: [...pulling, "body_too_large", "overloaded"],
  },
  {
    method: "post",
    path: "/v1/backend/returns",
    id: "returnChunk",
    summary: "A backend that stops gives a chunk back, to be taken at once.",
    body: "json",
    options: ReturnSchema,
    answers: { 204: NOTHING },
    errors: ["invalid_request", "invalid_json", "unsupported_media_type", "body_too_large"],
  },
  {
    method: "get",
    path: "/v1/models",
    id: "models",
    summary: "The model that this deployment answers with, and the big one that escalate may name.",
    answers: { 200: answers.ModelsAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/v1/labels",
    id: "banks",
    summary: "The label banks.",
    answers: { 200: answers.BanksAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/v1/labels/{bank}",
    id: "bank",
    summary: "One bank with its labels and templates.",
    answers: { 200: answers.BankAnswer },
    errors: ["bank_not_found"],
  },
  {
    method: "get",
    path: "/v1/policies",
    id: "policies",
    summary: "The moderation policies, with what this model can judge of them.",
    answers: { 200: answers.PoliciesAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/v1/admin/deliveries",
    id: "deliveries",
    summary: "Outgoing webhooks by state, the dead ones by default.",
    options: ListSchema,
    answers: { 200: answers.DeliveriesAnswer },
    errors: ["invalid_request"],
  },
  {
    method: "post",
    path: "/v1/admin/deliveries/{id}/replay",
    id: "replay",
    summary: "Sends an outgoing webhook again, from the start of its schedule.",
    answers: { 202: answers.ReplayAnswer },
    errors: ["not_found"],
  },
  {
    method: "post",
    path: "/v1/admin/sweep",
    id: "sweep",
    summary: "Puts into the queue again what it may have lost, now and not at the next minute.",
    answers: { 202: answers.SweepAnswer },
    errors: [],
  },
  {
    method: "get",
    path: "/healthz",
    id: "healthz",
    summary: "This Worker runs.",
    answers: { 200: answers.HealthAnswer },
    errors: [],
    open: true,
  },
  {
    method: "get",
    path: "/readyz",
    id: "readyz",
    summary: "Every model reproduces its canary, and pictures can be decoded.",
    answers: { 200: answers.ReadyAnswer },
    errors: ["model_unavailable", "pack_corrupt"],
    open: true,
  },
];
