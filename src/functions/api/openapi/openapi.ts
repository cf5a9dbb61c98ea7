// GET /openapi.json: this API, as OpenAPI 3.1 describes it.
import type { Context } from "hono";
import type { AppTypes } from "../env.ts";
import { openApiDocument } from "./document.ts";

export const openapi = (context: Context<AppTypes>) => context.json(openApiDocument(new URL(context.req.url).origin));
