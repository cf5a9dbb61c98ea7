// A source of webhooks: how its payloads are signed, where its pictures stand, and what they are judged by.
import * as v from "valibot";
import { isPointer } from "../json/pointer.ts";

/** Secrets are named, never written down: the value of the variable is set where the Worker runs. */
const variable = v.pipe(
  v.string("must be the name of a variable"),
  v.regex(/^[A-Z][A-Z0-9_]{0,63}$/, "must be the name of a variable, A_TO_Z"),
);
const variables = v.pipe(v.array(variable), v.minLength(1), v.maxLength(4));

const pointer = v.pipe(
  v.string("must be a JSON pointer"),
  v.check(isPointer, 'must be a JSON pointer such as "/data/images"'),
);

/** A tenant of the policy, or where the payload names it. */
const tenant = v.union(
  [v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)), pointer],
  "must be a tenant, or a JSON pointer to one",
);

const https = v.pipe(
  v.string("must be an https address"),
  v.url(),
  v.startsWith("https://", "must be an https address"),
);

const SCHEMES = ["standard", "github"] as const;

export const CallbackSchema = v.strictObject({
  url: https,
  /** Variables of the batch Worker; each secret signs. */
  secrets: variables,
});

export const WebhookSourceSchema = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/)),
  title: v.pipe(v.string("must be text"), v.trim(), v.minLength(1)),
  verify: v.picklist(SCHEMES, `must be one of ${SCHEMES.join(", ")}`),
  /** Variables of the api Worker; several while one secret replaces another. */
  secrets: variables,
  images: pointer,
  policy: v.pipe(v.string("must be the id of a policy"), v.minLength(1)),
  tenant: v.optional(tenant),
  /** Who is told of verdicts that were not given at once. */
  callback: v.optional(CallbackSchema),
});
export type WebhookSource = v.InferOutput<typeof WebhookSourceSchema>;
