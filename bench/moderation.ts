// The default policy on the validation pictures: what review and block catch of each category, and what they catch beside.
import { existsSync } from "node:fs";
import { openPolicy } from "../src/build/policies/calibratePolicy.ts";
import { atThreshold } from "../src/build/policies/scoreCategory.ts";
import { rocAuc } from "../src/core/score/rocAuc.ts";
import { readValidation } from "./validation.ts";

const DATA = "../shared/data";
const PACK = "models/nano";

const percent = (value: number | null) => (value === null ? "none" : `${(100 * value).toFixed(0)} %`);

export async function moderation(): Promise<void> {
  if (!existsSync(DATA)) return console.log(`skipped: there is no ${DATA}`);
  const { policy, score, release } = await openPolicy(PACK, "default");
  const pictures: { logits: Float64Array; label: string }[] = [];
  for await (const { bytes, label } of readValidation(DATA)) pictures.push({ logits: await score(bytes), label });
  await release();
  console.log(
    `${pictures.length} validation pictures, every view of each; a category's own are those whose label is one of its concepts`,
  );
  for (const [row, { name, measured, review, block, from, count }] of policy.categories.entries()) {
    if (!measured) continue;
    const concepts = new Set(policy.bank.labels.slice(from, from + count).map((concept) => concept.name));
    const truths = Uint8Array.from(pictures, ({ label }) => Number(concepts.has(label)));
    const outcomes = { logits: Float64Array.from(pictures, ({ logits }) => logits[row] ?? 0), truths };
    const own = truths.reduce((sum, truth) => sum + truth, 0);
    const told = [review, block].map((threshold) => {
      const { precision, recall } = atThreshold(outcomes, measured, threshold);
      return `precision ${percent(precision)}, recall ${percent(recall)}`;
    });
    console.log(
      `${name}: ${own} pictures, AUC ${rocAuc(outcomes.logits, truths).toFixed(3)}; review ${told[0]}; block ${told[1]}`,
    );
  }
}
