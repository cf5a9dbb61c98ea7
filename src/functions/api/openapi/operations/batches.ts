// Endpoints of batches.
import type { ProblemCode } from "../../../../core/problem.ts";
import { BatchListSchema } from "../../batches/jobs.ts";
import { BatchSchema } from "../../batches/options.ts";
import { ErrorsSchema, ResultsSchema } from "../../batches/results.ts";
import * as answers from "../answers.ts";
import type { Operation } from "../operation.ts";

export const BATCHES: Operation[] = [
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
];
