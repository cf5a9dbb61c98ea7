// The canary and the drift of a model that is too large to be opened whole: stage by stage, on a few inputs.
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { fp32 } from "./compile/fp32.ts";
import type { Precision } from "./compile/precision.ts";
import { compareVectors, type Drift, type Input } from "./drift.ts";
import type { TowerName } from "./ort.ts";
import { runStages } from "./runStages.ts";

/** Beside the canary: a picture takes a Vision Transformer of H/14's size half a minute in fp32 on one core. */
export const FEW = { vision: 1, text: 7 };

interface Measured {
  /** Of the canary. */
  vector: Float32Array;
  /** None for fp32, which everything else is measured against. */
  drift?: Drift;
}

/** @param workDir is written to */
export async function measureStaged(
  checkpoint: Checkpoint,
  tower: TowerName,
  precision: Precision,
  { canary, inputs, exact }: { canary: Input; inputs: readonly Input[]; exact: boolean },
  workDir: string,
): Promise<Measured> {
  const few = exact ? [canary] : [canary, ...inputs.slice(0, FEW[tower])];
  const own = await runStages(checkpoint, tower, precision, few, workDir);
  const [vector = new Float32Array()] = own;
  if (exact) return { vector };
  return { vector, drift: compareVectors(await runStages(checkpoint, tower, fp32(), few, workDir), own) };
}
