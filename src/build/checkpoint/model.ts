// What a checkpoint computes, whatever layout its configuration came in. It is part of the space, so two layouts of one
// model must give the same value here: counts and switches as the mathematics knows them, nothing of their spelling.

export type ActivationName = "gelu" | "gelu_tanh" | "quick_gelu";

/** A stack of residual attention blocks. */
export interface BlocksModel {
  width: number;
  heads: number;
  layers: number;
  /** Width inside the MLP. */
  hidden: number;
  activation: ActivationName;
  /** Of every layer norm of the tower. */
  epsilon: number;
  /** Each branch is scaled per channel before it is added (`ls_1`, `ls_2`). */
  layerScale: boolean;
}

export interface VisionTransformerModel {
  kind: "vit";
  size: number;
  patch: number;
  blocks: BlocksModel;
  /** A layer norm before the first block. */
  preNorm: boolean;
  /** CoCa's attentional pooler: learned queries over all tokens, before `pool`. */
  attentionPool: { heads: number; queries: number } | null;
  /** The class token (or first query), or the mean of the others. */
  pool: "tok" | "avg";
  /** Only for `avg`: the last layer norm comes after the mean. */
  normAfterPool: boolean;
}

export interface ModifiedResnetModel {
  kind: "resnet";
  size: number;
  width: number;
  /** Blocks of the four stages. */
  stages: [number, number, number, number];
  heads: number;
}

export interface TextModel {
  context: number;
  vocab: number;
  blocks: BlocksModel;
  causal: boolean;
  /** `argmax`: where the highest id stands, which is the end-of-text token; `eos`: where `eos` first stands. */
  pool: "argmax" | "eos" | "first" | "last" | "class_token";
  /** Only for `eos`. */
  eos: number | null;
  /** Only for `class_token`: keys behind this id are masked. */
  pad: number | null;
  projection: "matrix" | "linear" | "none";
}

export interface Preprocess {
  mean: [number, number, number];
  std: [number, number, number];
  resize: "shortest";
  interpolation: "bicubic";
}

export interface Model {
  embedDim: number;
  vision: VisionTransformerModel | ModifiedResnetModel;
  text: TextModel;
}

/** Under causal attention nothing behind the pooled end-of-text token reaches it; anywhere else pads are part of the text. */
export const padsMatter = ({ causal, pool }: TextModel): boolean => !causal || (pool !== "argmax" && pool !== "eos");
