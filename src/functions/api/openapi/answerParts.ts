// What answers of several endpoints have in common, as schemas.
import * as v from "valibot";

export const hash = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
export const severity = v.picklist(["low", "medium", "high"]);
export const time = v.pipe(v.string(), v.isoTimestamp());

export const Model = v.object({ id: v.string(), space: hash, pack: hash });
