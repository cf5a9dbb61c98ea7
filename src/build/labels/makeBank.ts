// One label file and one text tower -> one bank: the vectors and the document that goes beside them.
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

export async function makeBank(
  id: string,
  source: Source,
  manifest: Pick<Manifest, "space" | "embed_dim">,
  tokenize: Tokenize,
  tower: TextTower,
): Promise<MadeBank> {
  const { title, description, templates, articles, labels, background } = source;
  const width = manifest.embed_dim;
  const expanded = labels.map((label) => prompts(label, label.templates ?? templates, { articles }));
  const negatives = labels.flatMap((label) => label.negatives ?? []);
  const texts = [...new Set([...expanded.flat(), ...negatives])];
  const embedded = await embedPrompts(tower, tokenize, texts, width);

  const vectors = new Uint8Array((labels.length + negatives.length) * width * 4);
  const view = new DataView(vectors.buffer);
  for (const [row, own] of [...expanded, ...negatives.map((prompt) => [prompt])].entries()) {
    const mean = meanOfUnit(own.map((text) => embedded.get(text) ?? []));
    for (const [i, value] of mean.entries()) view.setFloat32((row * width + i) * 4, value, true);
  }

  const described = labels.map((label, row): BankLabel => {
    const { name, parents, negatives: hard, threshold } = label;
    const own = label.prompts || label.templates ? { prompts: expanded[row] } : {};
    return {
      name,
      parents,
      ...own,
      ...(hard && { negatives: hard }),
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
