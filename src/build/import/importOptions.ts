// What an import is asked for, and what it gives.
import type { Manifest } from "../../core/pack/manifest.ts";
import type { BuildOptions } from "../buildModel.ts";
import type { Drift } from "../drift.ts";

export interface ImportOptions
  extends Pick<
    BuildOptions,
    | "id"
    | "quantization"
    | "outDir"
    | "fp32Dir"
    | "calibrationDir"
    | "source"
    | "allowDrift"
    | "texts"
    | "wholeBytes"
    | "log"
  > {
  sourceDir: string;
  /** Of what is larger: bytes of weights in fp32 that are opened at once. */
  stageBytes?: number;
  /** The trained scale, as multiplied, and bias; a split export holds neither. */
  logit: { scale: number | undefined; bias: number | undefined };
}

export interface Imported {
  manifest: Manifest;
  drift?: Record<"image" | "text", Drift>;
}
