// One policy file and one text tower -> one policy: its concepts as a bank, and the document that decides with them.
import type { Manifest } from "../../core/pack/manifest.ts";
import type { CategoryFile, PolicyFile } from "../../core/policy/policy.ts";
import { policyHash } from "../../core/policy/policyHash.ts";
import type { Tokenize } from "../../core/text/tokenizer.ts";
import type { TextTower } from "../labels/embedPrompts.ts";
import { type MadeBank, makeBank } from "../labels/makeBank.ts";
import type { PolicyCalibration } from "./calibration.ts";
import { conceptsOf } from "./concepts.ts";
import type { ParsedPolicy } from "./parsePolicy.ts";

export interface MadePolicy extends Pick<MadeBank, "vectors" | "truncated"> {
  file: PolicyFile;
}

/** @param calibration of these concepts in this space, where there is one */
export async function makePolicy(
  id: string,
  source: ParsedPolicy,
  calibration: PolicyCalibration | undefined,
  manifest: Pick<Manifest, "space" | "embed_dim">,
  tokenize: Tokenize,
  tower: TextTower,
): Promise<MadePolicy> {
  const { file: bank, vectors, truncated } = await makeBank(id, conceptsOf(id, source), manifest, tokenize, tower);
  let from = 0;
  const categories = source.categories.map((category): CategoryFile => {
    const { name, description, severity, review, block, parents, openai, concepts } = category;
    const fit = calibration?.categories[name];
    const placed = { from, count: concepts.length };
    from += concepts.length;
    return {
      ...{ name, description, severity, review, block, parents },
      ...(openai && { openai }),
      ...placed,
      ...(fit && { measured: { slope: fit.slope, intercept: fit.intercept } }),
    };
  });
  const deciding = { id, categories, tenants: source.tenants, calibrated: calibration !== undefined, bank };
  const { title, description } = source;
  const file: PolicyFile = { schema: 1, title, description, hash: await policyHash(deciding), ...deciding };
  return { file, vectors, truncated };
}
