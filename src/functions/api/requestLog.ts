// One line of JSON a request, for Workers Logs: who asked what and how it ended. Nothing of pictures, labels or texts.
import type { MiddlewareHandler } from "hono";
import { Problem } from "../../core/problem.ts";
import type { AppTypes } from "./env.ts";

/** Of the hash of a key: enough to tell keys apart. */
const CALLER_LENGTH = "sha256:".length + 8;

const described = (error: Error) => ({ error: `${error.name}: ${error.message}`, stack: error.stack });

export const requestLog: MiddlewareHandler<AppTypes> = async (context, next) => {
  const start = Date.now();
  await next();
  const { status } = context.res;
  const { error } = context;
  const problem = error && Problem.from(error);
  const cause = problem?.cause instanceof Error ? problem.cause : undefined;
  const line = JSON.stringify({
    level: status >= 500 ? "error" : "info",
    request_id: context.get("requestId"),
    method: context.req.method,
    path: context.req.path,
    status,
    code: problem?.code,
    caller: context.get("caller")?.slice(0, CALLER_LENGTH),
    ms: Date.now() - start,
    timing: context.get("timing").header() || undefined,
    ...(status >= 500 && cause ? described(cause) : {}),
    ...(status >= 500 && problem && !cause ? { error: problem.message } : {}),
  });
  if (status >= 500) console.error(line);
  else console.log(line);
};
