// The example pictures of labels, before they are kept or compared as JSON: what is nested too deeply has none.
import { Problem } from "../../core/problem.ts";
import type { LabelSource } from "../tasks/labelSource.ts";

const isFlat = (picture: unknown): boolean =>
  typeof picture === "string" ||
  (typeof picture === "object" &&
    picture !== null &&
    !Array.isArray(picture) &&
    Object.values(picture).every((value) => typeof value === "string"));

/** What else is wrong with a picture is told when it is read. @throws Problem `invalid_request` */
export function withFlatExamples<O extends LabelSource>(options: O): O {
  for (const [row, label] of (options.labels ?? []).entries()) {
    const images = typeof label === "string" ? [] : (label.images ?? []);
    const at = images.findIndex((picture) => !isFlat(picture));
    if (at < 0) continue;
    const pointer = `/labels/${row}/images/${at}`;
    const message = "must be a string or an object of strings";
    throw new Problem("invalid_request", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
  }
  return options;
}
