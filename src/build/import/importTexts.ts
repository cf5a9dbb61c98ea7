// What pack.json says of an export's texts: its tokenizer, special tokens, context and cleaning.
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Manifest } from "../../core/pack/manifest.ts";
import { lowercases } from "../../core/text/lowercaseEach.ts";
import { readHuggingFaceTokenizer, readPadToken, type TokenizerFile } from "../checkpoint/huggingFaceTokenizer.ts";
import { readJson } from "../checkpoint/readJson.ts";
import { specialTokens } from "../checkpoint/specialTokens.ts";
import type { SourceTower } from "./findTower.ts";
import type { ImportSource } from "./openSource.ts";

type Text = Omit<Manifest["text"], "padded">;

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
  model_max_length: v.optional(v.nullable(v.number())),
});
const ModelSchema = v.object({
  normalizer: v.optional(v.unknown()),
  model: v.variant("type", [
    v.object({ type: v.literal("BPE"), vocab: v.record(v.string(), v.number()) }),
    v.object({ type: v.literal("Unigram"), vocab: v.array(v.tuple([v.string(), v.number()])) }),
  ]),
});

const LONGEST = 4096;

/** @throws Error naming the file and field that is wrong */
export async function readTexts(source: ImportSource): Promise<{ text: Text; tokenizer: TokenizerFile }> {
  const { kind, tokenizerDir, openClip } = source;
  const tokenizer = await readHuggingFaceTokenizer(tokenizerDir);
  const vocab = vocabOf(source.text);
  const configPath = join(tokenizerDir, "tokenizer_config.json");
  const config = existsSync(configPath) ? v.parse(ConfigSchema, await readJson(configPath)) : {};
  const fixed = source.text.input.dims[1] ?? undefined;
  const stated = config.model_max_length ?? undefined;
  const context = fixed ?? source.context ?? (stated !== undefined && stated <= LONGEST ? stated : undefined);
  if (context === undefined)
    throw new Error(
      `${configPath}: model_max_length: is needed, as neither the graph nor config.json tells how long a text may be`,
    );
  const common = { context, vocab, tokenizer: "tokenizer.json" as const };
  if (kind === "clip") {
    const special = specialTokens(tokenizer.json, vocab, openClip ? undefined : await readPadToken(tokenizerDir));
    return {
      tokenizer,
      text: { ...common, ...special, pooling: "eot", clean: openClip ? "open_clip" : "hugging_face" },
    };
  }
  const path = join(tokenizerDir, "tokenizer.json");
  const parsed = v.safeParse(ModelSchema, tokenizer.json);
  if (!parsed.success)
    throw new Error(`${path}: ${v.getDotPath(parsed.issues[0]) ?? "document"}: ${parsed.issues[0].message}`);
  const { model, normalizer } = parsed.output;
  const idOf = (name: "eos_token" | "pad_token" | "bos_token"): number => {
    const content = config[name];
    if (!content) throw new Error(`${configPath}: ${name}: is missing`);
    const id = model.type === "BPE" ? model.vocab[content] : model.vocab.findIndex(([piece]) => piece === content);
    if (id === undefined || id < 0 || id >= vocab)
      throw new Error(`${path}: the vocabulary lacks ${content} (${name})`);
    return id;
  };
  return {
    tokenizer,
    text: {
      ...common,
      bos: config.add_bos_token ? idOf("bos_token") : null,
      eos: idOf("eos_token"),
      pad: idOf("pad_token"),
      pooling: "last",
      // Its vocabulary and table are not for the edge.
      tower: "deploy",
      // Where the tokenizer does not do it by itself, OpenCLIP does it before.
      clean: lowercases(normalizer) ? "none" : "canonicalize",
    },
  };
}

/** Rows of the table that the ids look up. */
function vocabOf({ model, input, nodes }: SourceTower): number {
  const ids = new Set([input.name]);
  for (const { op, inputs, outputs } of nodes) {
    const [first = "", second = ""] = inputs;
    if (["Cast", "Reshape", "Identity"].includes(op) && ids.has(first)) ids.add(outputs[0] ?? "");
    const rows = op === "Gather" && ids.has(second) ? model.constants.get(first)?.dims[0] : undefined;
    if (rows !== undefined) return rows;
  }
  throw new Error(`${model.path}: no table is looked up by ${input.name}`);
}
