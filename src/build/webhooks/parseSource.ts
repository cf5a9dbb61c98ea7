// Reads what people write in models/webhooks/<source>.yaml.
import * as v from "valibot";
import { CallbackSchema, type WebhookSource, WebhookSourceSchema } from "../../core/webhook/source.ts";
import { parseYaml } from "../parseYaml.ts";

/** One variable or a list of them. */
const toList = (value: unknown): unknown => (typeof value === "string" ? [value] : value);

const { id: _id, ...entries } = WebhookSourceSchema.entries;
const { url, secrets } = CallbackSchema.entries;

const SourceSchema = v.strictObject({
  ...entries,
  secrets: v.pipe(v.unknown(), v.transform(toList), entries.secrets),
  callback: v.optional(v.strictObject({ url, secret: v.pipe(v.unknown(), v.transform(toList), secrets) })),
});

/** @throws Error `<file>: <path>: <what>` */
export function parseSource(file: string, id: string, yaml: string): WebhookSource {
  const { callback, ...source } = parseYaml(file, yaml, SourceSchema);
  return { id, ...source, ...(callback && { callback: { url: callback.url, secrets: callback.secret } }) };
}
