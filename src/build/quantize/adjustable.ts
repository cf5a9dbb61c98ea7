// A tower whose layers can be written in any format, with its outliers where they are or moved: what the drift is held of.
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { TensorSource } from "../checkpoint/tensorSource.ts";
import type { Precision } from "../compile/precision.ts";
import type { TowerName } from "../ort.ts";
import { writeTower } from "../writeTowers.ts";
import { folds, migrateOutliers } from "./migrateOutliers.ts";
import type { ObservedLayer } from "./observeLayers.ts";
import { smoothed } from "./smoothed.ts";

/** @typeParam S what its weights are read from */
export interface Adjustable<S> {
  tower: TowerName;
  source: S;
  /** Writes `<tower>.onnx` and its weights, in one file. */
  write(dir: string, source: S, precision: Precision): Promise<unknown>;
  /** @param layers as they were seen in fp32. @returns a source of the same function */
  migrated(source: S, layers: ReadonlyMap<string, ObservedLayer>): S;
}

/** Layers whose outliers a multiplication in front of them divides. */
export type Divided = ReadonlyMap<string, ObservedLayer>;

export interface CheckpointSource {
  tensors: TensorSource;
  divided: Divided;
}

export const ofCheckpoint = (checkpoint: Checkpoint, tower: TowerName): Adjustable<CheckpointSource> => ({
  tower,
  source: { tensors: checkpoint.tensors, divided: new Map() },
  write: (dir, { tensors, divided }, precision) =>
    writeTower(dir, tower, { ...checkpoint, tensors }, smoothed(precision, divided), Number.POSITIVE_INFINITY),
  migrated: ({ tensors }, layers) => ({
    tensors: migrateOutliers(tensors, layers),
    divided: new Map([...layers].filter(([name]) => !folds(tensors, name))),
  }),
});
