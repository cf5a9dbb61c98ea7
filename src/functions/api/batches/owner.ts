// Whose batches a request may see: those of its key; all of them with the scope `batches:all` or `admin`, or where no key is needed.
import type { Context } from "hono";
import type { AppTypes } from "../env.ts";

/** @returns the caller that a job must be of, undefined for any */
export function ownerOf(context: Context<AppTypes>): string | undefined {
  const scopes = context.get("scopes");
  const all = !scopes || scopes.has("batches:all") || scopes.has("admin");
  return all ? undefined : context.get("caller");
}
