// Requests of one API key, bounded by Cloudflare's rate-limit binding. It tells no remaining count, so none is invented.
// RateLimit-Policy: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
import type { MiddlewareHandler } from "hono";
import { Problem } from "../../core/problem.ts";
import type { AppTypes } from "./env.ts";
import { scopeOf } from "./scopes.ts";

/** @throws Problem `rate_limited` */
export const rateLimit: MiddlewareHandler<AppTypes> = async (context, next) => {
  const { RATE_LIMIT, RATE_LIMIT_QUOTA: quota, RATE_LIMIT_WINDOW: window } = context.env;
  const caller = context.get("caller");
  // Backends ask as fast as they work, which the deployment wants.
  if (!RATE_LIMIT || caller === undefined || scopeOf(context.req.path) === "backend") return next();
  if (quota && window) context.res.headers.set("ratelimit-policy", `"key";q=${quota};w=${window}`);
  const { success } = await RATE_LIMIT.limit({ key: caller });
  if (!success) {
    const retryAfter = Number(window ?? 60);
    throw new Problem("rate_limited", `This key made too many requests; wait up to ${retryAfter} s.`, { retryAfter });
  }
  return next();
};
