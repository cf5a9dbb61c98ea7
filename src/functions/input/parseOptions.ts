// Options of a request against their schema; the wrong fields are named at once, as many as a person would read.
import * as v from "valibot";
import { keyMessage } from "../../core/json/keyMessage.ts";
import { escaped } from "../../core/json/pointer.ts";
import { type FieldError, Problem } from "../../core/problem.ts";
import { cut } from "../../core/quoted.ts";
import type { Given } from "./options.ts";

const MOST_ERRORS = 20;

/** @throws Problem `invalid_request` */
export function parseOptions<S extends v.GenericSchema>(schema: S, { options, form }: Given): v.InferOutput<S> {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const errors = result.issues.slice(0, MOST_ERRORS).map((issue): FieldError => {
    const path = (issue.path ?? []).map(({ key }) => cut(String(key)));
    const message = keyMessage(issue) ?? issue.message;
    const pointer = path.map((key) => `/${escaped(key)}`).join("");
    return form === "json" ? { pointer, message } : { parameter: path[0] ?? "", message };
  });
  const told = errors.map(({ pointer, parameter, message }) => `${pointer ?? parameter}: ${message}`);
  const more = result.issues.length - errors.length;
  if (more > 0) told.push(`and ${more} more`);
  throw new Problem("invalid_request", `${told.join("; ")}.`, { errors });
}
