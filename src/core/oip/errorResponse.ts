// A failure as Open Inference Protocol v2 clients read it: problem+json that also has their `error`.
import { Problem } from "../problem.ts";

export function errorResponse(error: unknown): Response {
  const problem = Problem.from(error);
  return new Response(JSON.stringify({ ...problem.toDocument(), error: problem.message }), {
    status: problem.status,
    headers: { ...problem.headers, "content-type": "application/problem+json" },
  });
}
