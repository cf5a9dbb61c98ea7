// Options of a request against their schema; every wrong field is named at once.
import * as v from "valibot";
import { keyMessage } from "../../core/json/keyMessage.ts";
import { type FieldError, Problem } from "../../core/problem.ts";
import type { Given } from "./options.ts";

/** @throws Problem `invalid_request` */
export function parseOptions<S extends v.GenericSchema>(schema: S, { options, form }: Given): v.InferOutput<S> {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const errors = result.issues.map((issue): FieldError => {
    const path = (issue.path ?? []).map(({ key }) => String(key));
    const message = keyMessage(issue) ?? issue.message;
    const pointer = path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    return form === "json" ? { pointer, message } : { parameter: path[0] ?? "", message };
  });
  const detail = errors.map(({ pointer, parameter, message }) => `${pointer ?? parameter}: ${message}`).join("; ");
  throw new Problem("invalid_request", `${detail}.`, { errors });
}
