// `<policy>.calibration.json` beside the policy: what was fitted for its categories in one space, and what it was worth.
import { readFile } from "node:fs/promises";
import * as v from "valibot";

const share = v.nullable(v.number());
const CategorySchema = v.object({
  slope: v.number(),
  intercept: v.number(),
  /** Pictures that show the category, and that do not. */
  positives: v.number(),
  negatives: v.number(),
  /** On pictures that the fit did not see: chance that a positive scores above a negative, and the calibration error. */
  auc: v.number(),
  ece: v.number(),
  /** At the thresholds that the policy had; null where nothing reached them. */
  review: v.object({ precision: share, recall: share }),
  block: v.object({ precision: share, recall: share }),
});

const PolicyCalibrationSchema = v.object({
  /** Hash of the concepts and space of the model that it was fitted on; with any other it is not applied. */
  concepts: v.string(),
  space: v.string(),
  categories: v.record(v.string(), CategorySchema),
});
export type PolicyCalibration = v.InferOutput<typeof PolicyCalibrationSchema>;
export type CategoryCalibration = v.InferOutput<typeof CategorySchema>;

/** @returns undefined when there is none. @throws Error naming the file and field */
export async function readPolicyCalibration(path: string): Promise<PolicyCalibration | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), PolicyCalibrationSchema), text);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
}
