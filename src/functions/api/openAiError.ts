// A problem in the shape that OpenAI's clients understand, with the same code.
import type { Problem } from "../../core/problem.ts";

/** Endpoints that speak OpenAI's shape. */
export const OPENAI_PATHS = new Set(["/v1/embeddings", "/v1/moderations"]);

const typeOf = (status: number): string => {
  if (status === 401) return "authentication_error";
  return status < 500 ? "invalid_request_error" : "server_error";
};

export function openAiError(problem: Problem, requestId: string): Response {
  const [first] = problem.errors;
  const param = first?.parameter ?? first?.pointer?.slice(1).replaceAll("/", ".") ?? null;
  const error = { message: problem.message, type: typeOf(problem.status), param: param || null, code: problem.code };
  return Response.json(
    { error },
    { status: problem.status, headers: { "x-request-id": requestId, ...problem.headers } },
  );
}
