// The stages of one tower of a checkpoint, in one precision.
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { modifiedResnet } from "./compile/modifiedResnet.ts";
import type { Plan } from "./compile/plan.ts";
import type { Precision } from "./compile/precision.ts";
import type { Tensors } from "./compile/tensors.ts";
import { textTransformer } from "./compile/textTransformer.ts";
import { visionTransformer } from "./compile/visionTransformer.ts";
import type { TowerName } from "./ort.ts";

export function planOf(
  { model, preprocess, tensors }: Pick<Checkpoint, "model" | "preprocess"> & { tensors: Tensors },
  tower: TowerName,
  precision: Precision,
): Plan {
  const { embedDim, vision, text } = model;
  if (tower === "text") return textTransformer(precision, tensors, text, embedDim);
  const options = { norm: preprocess, embedDim };
  if (vision.kind === "vit") return visionTransformer(precision, tensors, vision, options);
  return modifiedResnet(precision, tensors, vision, options);
}
