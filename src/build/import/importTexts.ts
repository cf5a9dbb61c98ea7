// What pack.json says of an export's texts: its tokenizer, special tokens, context and cleaning.
import { join } from "node:path";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readHuggingFaceTokenizer, readPadToken, type TokenizerFile } from "../checkpoint/huggingFaceTokenizer.ts";
import { specialTokens } from "../checkpoint/specialTokens.ts";
import type { SourceTower } from "./findTower.ts";
import type { ImportSource } from "./openSource.ts";
import { siglipTexts } from "./siglipTexts.ts";
import { readTokenizerConfig } from "./tokenizerConfig.ts";

type Text = Omit<Manifest["text"], "padded">;

const LONGEST = 4096;

/** @throws Error naming the file and field that is wrong */
export async function readTexts(source: ImportSource): Promise<{ text: Text; tokenizer: TokenizerFile }> {
  const { kind, tokenizerDir, openClip } = source;
  const file = await readHuggingFaceTokenizer(tokenizerDir);
  const vocab = vocabOf(source.text);
  const config = await readTokenizerConfig(tokenizerDir);
  const fixed = source.text.input.dims[1] ?? undefined;
  const stated = config.model_max_length ?? undefined;
  const context = fixed ?? source.context ?? (stated !== undefined && stated <= LONGEST ? stated : undefined);
  if (context === undefined)
    throw new Error(
      `${join(tokenizerDir, "tokenizer_config.json")}: model_max_length: is needed, as neither the graph nor config.json tells how long a text may be`,
    );
  const common = { context, vocab, tokenizer: "tokenizer.json" as const };
  if (kind === "clip") {
    const special = specialTokens(file.json, vocab, openClip ? undefined : await readPadToken(tokenizerDir));
    return {
      tokenizer: file,
      text: { ...common, ...special, pooling: "eot", clean: openClip ? "open_clip" : "hugging_face" },
    };
  }
  const { tokenizer, ...told } = siglipTexts(tokenizerDir, file, config, { vocab, openClip });
  // Its vocabulary and table are not for the edge.
  return { tokenizer, text: { ...common, ...told, pooling: "last", tower: "deploy" } };
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
