// A field that may come by query, form or body is named as this request gave it: as a parameter, or by a pointer.
import { Problem } from "../../core/problem.ts";

/** @returns the problem, whose errors have a pointer or a parameter, never both */
export function namedOnce(problem: Problem, request: Request): Problem {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const json = type === "application/json" || type.endsWith("+json");
  const query = new URL(request.url).searchParams;
  const errors = problem.errors.map(({ pointer, parameter, message }) => {
    const given = parameter !== undefined && (pointer === undefined || !json || query.has(parameter));
    if (given) return { parameter, message };
    return pointer === undefined ? { message } : { pointer, message };
  });
  const { code, message, cause, retryAfter } = problem;
  return new Problem(code, message, { errors, cause, ...(retryAfter !== undefined && { retryAfter }) });
}
