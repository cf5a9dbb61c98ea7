// Endpoints of backends that pull.
import * as v from "valibot";
import { FRAMES } from "../../../../core/batch/frames.ts";
import { CommitSchema, PullModelSchema } from "../../../../core/batch/pulled.ts";
import type { ProblemCode } from "../../../../core/problem.ts";
import { ReturnSchema, TakeSchema } from "../../backend/chunks.ts";
import { CommitQuerySchema } from "../../backend/results.ts";
import { NOTHING, type Operation } from "../operation.ts";

/** Bytes in frames. */
const FramesAnswer = v.unknown();

const pulling: ProblemCode[] = ["invalid_request", "model_not_found", "space_mismatch", "backend_unavailable"];

export const BACKEND: Operation[] = [
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
];
