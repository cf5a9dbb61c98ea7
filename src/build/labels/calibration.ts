// `<bank>.calibration.json` beside the labels: what was fitted for one bank in one space, and what it was worth.
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { sha256 } from "../../core/hash.ts";
import type { BankFile } from "../../core/labels/bank.ts";

const CalibrationFileSchema = v.object({
  /** Hash of the label file and space of the model that it was fitted on; with any other it is not applied. */
  labels: v.string(),
  space: v.string(),
  slope: v.number(),
  intercept: v.number(),
  pictures: v.number(),
  /** Expected calibration error of the best tag of pictures that the fit did not see. */
  ece_before: v.number(),
  ece_after: v.number(),
});
export type CalibrationFile = v.InferOutput<typeof CalibrationFileSchema>;

/** @returns undefined when there is none. @throws Error naming the file and field */
export async function readCalibration(path: string): Promise<CalibrationFile | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), CalibrationFileSchema), text);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${path}: ${v.getDotPath(issue) ?? "document"}: ${issue.message}`);
}

/** @param images hashes of the example pictures that the label file names, in order */
export const labelsHash = (yaml: string, images: readonly string[]): Promise<string> =>
  sha256(new TextEncoder().encode([yaml, ...images].join("\n")));

/**
 * @param labels hash of the label file
 * @returns the bank with the calibration, where it is for these labels in this space
 */
export function calibrated(
  file: BankFile,
  labels: string,
  calibration: CalibrationFile | undefined,
  log: (line: string) => void,
): BankFile {
  if (!calibration) return file;
  if (calibration.space !== file.space || calibration.labels !== labels) {
    log("its calibration was fitted on other labels or another model, and is not applied");
    return file;
  }
  const { slope, intercept } = calibration;
  return { ...file, calibrated: true, calibration: { slope, intercept } };
}
