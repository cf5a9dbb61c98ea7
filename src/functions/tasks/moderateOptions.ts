// The options of POST /v1/moderate.
import * as v from "valibot";

const id = (what: string) =>
  v.pipe(v.string(`must be the id of a ${what}`), v.minLength(1, `must be the id of a ${what}`));

export const ModerateSchema = v.strictObject({
  policy: v.optional(id("policy"), "default"),
  /** A second policy that judges beside the first and decides nothing. */
  shadow: v.optional(id("policy")),
  /** Whose thresholds are used. */
  tenant: v.optional(id("tenant")),
});
