// A failure as Open Inference Protocol v2 clients read it: problem+json that also has their `error`.
import { Problem } from "../problem.ts";

/** @param instance the request id */
export function errorResponse(error: unknown, instance?: string): Response {
  const problem = Problem.from(error);
  const headers = new Headers({ ...problem.headers, "content-type": "application/problem+json" });
  if (instance) headers.set("x-request-id", instance);
  const document = { ...problem.toDocument(instance), error: problem.message };
  return new Response(JSON.stringify(document), { status: problem.status, headers });
}
