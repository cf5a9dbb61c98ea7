// CORS: pages of the origins that the deployment names may call the API from a browser; without a list, none.
import { cors } from "hono/cors";
import type { Env } from "./env.ts";

const PREFLIGHT_SECONDS = 3600;

const origins = ({ CORS_ORIGINS = "" }: Env): string[] => CORS_ORIGINS.split(",").map((origin) => origin.trim());

export const crossOrigin = cors({
  origin: (origin, context) => (origin && origins(context.env).includes(origin) ? origin : null),
  allowMethods: ["GET", "POST", "DELETE"],
  allowHeaders: ["authorization", "content-type", "idempotency-key", "range", "if-range"],
  exposeHeaders: [
    ...["x-request-id", "x-edgeclip-space", "server-timing", "ratelimit-policy", "retry-after"],
    ...["content-range", "etag", "link", "location"],
  ],
  maxAge: PREFLIGHT_SECONDS,
});
