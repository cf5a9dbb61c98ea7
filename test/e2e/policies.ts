// The policies of the end-to-end tests: the shipped ones, and one that the fixtures' photos can be judged by.
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { conceptsHashOf } from "../../src/build/policies/buildPolicies.ts";
import { parsePolicy } from "../../src/build/policies/parsePolicy.ts";
import { EMBEDDED, STAGE_DIR } from "../../src/build/stage.ts";

const CLOTHES = "test/fixtures/policies/clothes.yaml";

/** Log odds taken as they are; one category is left unmeasured. */
const fit = { slope: 1, intercept: 0, positives: 0, negatives: 0, auc: 0, ece: 0 };
const untold = { precision: null, recall: null };
const measured = { ...fit, review: untold, block: untold };

/** Whatever is staged during the tests is staged with these, so that nothing is built twice. */
export const POLICIES_DIR = join(STAGE_DIR, "test", "policies");

export async function writePolicies(): Promise<void> {
  const dir = POLICIES_DIR;
  await mkdir(dir, { recursive: true });
  await cp(EMBEDDED.policiesDir, dir, { recursive: true });
  const yaml = await readFile(CLOTHES, "utf8");
  const concepts = await conceptsHashOf(CLOTHES, "clothes", parsePolicy(CLOTHES, yaml), EMBEDDED.labelsDir);
  const { space }: { space: string } = JSON.parse(await readFile(join(EMBEDDED.packDir, "pack.json"), "utf8"));
  const categories = { footwear: measured, outerwear: measured };
  await writeFile(join(dir, "clothes.yaml"), yaml);
  await writeFile(join(dir, "clothes.calibration.json"), JSON.stringify({ concepts, space, categories }));
  await writeFile(join(dir, "uncalibrated.yaml"), yaml);
}
