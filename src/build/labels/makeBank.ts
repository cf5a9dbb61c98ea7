// One label file and one text tower -> one bank: the vectors and the document that goes beside them.
import { bridged } from "../../core/fewshot/bridge.ts";
import { mixed, prototype } from "../../core/fewshot/prototype.ts";
import type { BankFile, BankLabel } from "../../core/labels/bank.ts";
import { bankHash } from "../../core/labels/bankHash.ts";
import { prompts } from "../../core/labels/prompts.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { meanOfUnit } from "../../core/score/meanOfUnit.ts";
import type { Tokenize } from "../../core/text/tokenizer.ts";
import { embedPrompts, type TextTower } from "./embedPrompts.ts";
import type { Source } from "./schema.ts";

export interface MadeBank {
  file: BankFile;
  /** fp32 [L + negatives, D], little-endian. */
  vectors: Uint8Array<ArrayBuffer>;
  /** Prompts that did not fit the model's context and lost their end. */
  truncated: string[];
}

/** Example pictures of labels; their prototypes are bridged to where texts lie, so that a bank can be weighed against texts. */
export interface Examples {
  /** By the label's row. */
  pictures: ReadonlyMap<number, readonly { vector: Float32Array; hash: string }[]>;
  /** Prompts of each label of the vocabulary to bridge by. */
  memory: readonly (readonly string[])[];
  /** The logit scale as multiplied. */
  scale: number;
}

export async function makeBank(
  id: string,
  source: Source,
  manifest: Pick<Manifest, "space" | "embed_dim">,
  tokenize: Tokenize,
  tower: TextTower,
  examples?: Examples,
): Promise<MadeBank> {
  const { title, description, templates, articles, labels, background } = source;
  const width = manifest.embed_dim;
  const expanded = labels.map((label) => prompts(label, label.templates ?? templates, { articles }));
  const negatives = labels.flatMap((label) => label.negatives ?? []);
  const texts = [...new Set([...expanded.flat(), ...negatives])];
  const memory = examples?.memory ?? [];
  const embedded = await embedPrompts(tower, tokenize, [...new Set([...texts, ...memory.flat()])], width);
  const meanOf = (own: readonly string[]) => meanOfUnit(own.map((text) => embedded.get(text) ?? []));
  const vocabulary = Float32Array.from(memory.flatMap((own) => [...meanOf(own)]));

  const vectors = new Uint8Array((labels.length + negatives.length) * width * 4);
  const view = new DataView(vectors.buffer);
  for (const [row, own] of [...expanded, ...negatives.map((prompt) => [prompt])].entries()) {
    const shown = row < labels.length ? examples?.pictures.get(row) : undefined;
    const visual =
      examples && shown && bridged(prototype(shown.map((picture) => picture.vector)), vocabulary, examples.scale);
    const textual = visual && own.length === 0 ? undefined : meanOf(own);
    const vector = visual && textual ? mixed(visual, textual, shown?.length ?? 0) : (visual ?? textual ?? []);
    for (const [i, value] of vector.entries()) view.setFloat32((row * width + i) * 4, value, true);
  }

  const described = labels.map((label, row): BankLabel => {
    const { name, parents, negatives: hard, threshold } = label;
    const shown = examples?.pictures.get(row);
    const own = label.prompts || label.templates ? { prompts: expanded[row] } : {};
    return {
      name,
      parents,
      ...own,
      ...(hard && { negatives: hard }),
      ...(shown && { images: shown.map((picture) => picture.hash) }),
      ...(threshold === undefined ? {} : { threshold }),
    };
  });
  const head = {
    id,
    title,
    description,
    space: manifest.space,
    templates,
    labels: described,
    ...(background && { background }),
  };
  const file: BankFile = {
    schema: 1,
    ...head,
    hash: await bankHash(head, vectors),
    embed_dim: width,
    count: labels.length,
    calibrated: false,
  };
  return { file, vectors, truncated: texts.filter((text) => tokenize(text).truncated) };
}
