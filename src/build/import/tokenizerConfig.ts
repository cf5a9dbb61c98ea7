// What tokenizer_config.json says beside tokenizer.json: special tokens by name, where they are put, and how long a text may be.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { readJson } from "../checkpoint/readJson.ts";

const token = v.union([
  v.string(),
  v.pipe(
    v.object({ content: v.string() }),
    v.transform(({ content }) => content),
  ),
]);
const ConfigSchema = v.object({
  eos_token: v.optional(v.nullable(token)),
  pad_token: v.optional(v.nullable(token)),
  bos_token: v.optional(v.nullable(token)),
  add_bos_token: v.optional(v.nullable(v.boolean())),
  add_eos_token: v.optional(v.nullable(v.boolean())),
  padding_side: v.optional(v.nullable(v.string())),
  model_max_length: v.optional(v.nullable(v.number())),
});

export type TokenizerConfig = v.InferOutput<typeof ConfigSchema>;

/** @throws Error naming the field that is wrong */
export async function readTokenizerConfig(dir: string): Promise<TokenizerConfig> {
  const path = join(dir, "tokenizer_config.json");
  if (!existsSync(path)) return {};
  const parsed = v.safeParse(ConfigSchema, await readJson(path));
  if (parsed.success) return parsed.output;
  throw new Error(`${path}: ${v.getDotPath(parsed.issues[0]) ?? "document"}: ${parsed.issues[0].message}`);
}
