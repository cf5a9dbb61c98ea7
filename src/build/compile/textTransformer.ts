// CLIP's text transformer: attention over the tokens, one of them pooled, projected.
// Structure: open_clip's TextTransformer.
import type { BlocksModel, TextModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Output, Plan, Stage } from "./plan.ts";
import type { Precision } from "./precision.ts";
import { tableOf } from "./table.ts";
import type { Tensors } from "./tensors.ts";
import { attentionMask } from "./textMask.ts";
import { blockStages, layerNorm, project, unit } from "./transformer.ts";

export function textTransformer(precision: Precision, tensors: Tensors, config: TextModel, embedDim: number): Plan {
  const { blocks } = config;
  /** Every block of a graph looks through the same mask. */
  const masks = new WeakMap<Graph, string | undefined>();
  const mask = (graph: Graph, ids: string): string | undefined => {
    if (!masks.has(graph)) masks.set(graph, attentionMask(graph, config, ids));
    return masks.get(graph);
  };
  const embeds = new WeakMap<Graph, string>();
  const last: Stage = {
    build: (graph, ids, x) => {
      // Layer norm works on each token by itself, so only the pooled one needs it.
      const normed = layerNorm(graph, tensors, "ln_final", pooled(graph, config, ids, x), blocks);
      const own = projected(graph, precision, tensors, config, normed, embedDim);
      embeds.set(graph, own);
      return unit(graph, own);
    },
    tokens: (graph) => [{ name: "text_embeds", value: embeds.get(graph) ?? "", dims: ["N", embedDim] }],
  };
  const stages: Stage[] = [
    { build: (graph, ids) => embedTokens(graph, precision, tensors, config, ids) },
    ...blockStages(precision, tensors, blocks, "transformer.", mask),
    last,
  ];
  return {
    input: (graph) => graph.input("input_ids", "INT32", ["N", "T"]),
    stages: stages.map((stage, index) => ({ ...hiddenStates(tensors, blocks, index), ...stage })),
    embedDim,
  };
}

/** Stable Diffusion 1.x takes the last states, 2.x the ones before them, both through the last layer norm, XL without it. */
function hiddenStates(tensors: Tensors, blocks: BlocksModel, stage: number): Pick<Stage, "tokens"> {
  const output = (name: string, value: string): Output => ({ name, value, dims: ["N", "T", blocks.width] });
  const normed = (graph: Graph, y: string) => layerNorm(graph, tensors, "ln_final", y, blocks);
  if (stage === blocks.layers) return { tokens: (graph, y) => [output("last_hidden_state", normed(graph, y))] };
  if (stage !== blocks.layers - 1) return {};
  return {
    tokens: (graph, y) => [output("penultimate_hidden_state", y), output("penultimate_normed", normed(graph, y))],
  };
}

/** @param ids int32 [N, T]; @returns float [N, T, width], with a class token [N, T + 1, width], positions added */
function embedTokens(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  { context, vocab, blocks, pool }: TextModel,
  ids: string,
): string {
  const { width } = blocks;
  // Read at once: checkpoints with tables of hundreds of thousands of words are none that are compiled.
  const table = tableOf(tensors.read("token_embedding.weight", [vocab, width]), vocab, width);
  let tokens = precision.embedding(graph, ids, "token_embedding.weight", table);
  if (pool === "class_token") tokens = withClassToken(graph, tensors, tokens, width);
  const places = pool === "class_token" ? context + 1 : context;
  const positional = tensors.read("positional_embedding", [places, width]);
  const positions = graph.weight("positional_embedding", [places, width], positional);
  const length = graph.node("Shape", [tokens], { start: 1, end: 2 });
  return graph.node("Add", [tokens, graph.node("Slice", [positions, graph.int64s(0), length, graph.int64s(0)])]);
}

/** @param tokens float [N, T, width]; @returns float [N, T + 1, width] */
function withClassToken(graph: Graph, tensors: Tensors, tokens: string, width: number): string {
  const own = graph.weight("cls_emb", [1, 1, width], tensors.read("cls_emb", [width]));
  const count = graph.node("Shape", [tokens], { start: 0, end: 1 });
  const each = graph.node("Expand", [own, graph.node("Concat", [count, graph.int64s(1, width)], { axis: 0 })]);
  return graph.node("Concat", [tokens, each], { axis: 1 });
}

/** @param out float [N, T, width]; @returns float [N, width] */
function pooled(graph: Graph, { pool, eos }: TextModel, ids: string, out: string): string {
  if (pool === "first") return graph.node("Gather", [out, graph.int64(0)], { axis: 1 });
  if (pool === "last" || pool === "class_token") return graph.node("Gather", [out, graph.int64(-1)], { axis: 1 });
  // The end-of-text token has the highest id, so CLIP pools at the largest one. A row of zeros and a one picks it.
  const marked = eos === null ? ids : graph.node("Cast", [graph.node("Equal", [ids, graph.int32(eos)])], { to: 6 });
  const end = graph.node("ArgMax", [marked], { axis: 1, keepdims: 1 });
  const length = graph.node("Shape", [ids], { start: 1, end: 2 });
  const steps = graph.node("Range", [graph.int64(0), graph.node("Squeeze", [length]), graph.int64(1)]);
  const picked = graph.node("Cast", [graph.node("Equal", [steps, end])], { to: 1 });
  const row = graph.node("MatMul", [graph.node("Unsqueeze", [picked, graph.int64s(1)]), out]);
  return graph.node("Squeeze", [row, graph.int64s(1)]);
}

/** @param x float [N, width]; @returns float [N, D] */
function projected(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  { projection, blocks }: TextModel,
  x: string,
  embedDim: number,
): string {
  const { width } = blocks;
  const name = "text_projection";
  switch (projection) {
    case "matrix":
      return project(graph, precision, tensors, name, x, width, embedDim);
    case "linear": {
      const weight = tensors.read(`${name}.weight`, [embedDim, width]);
      const bias = tensors.read(`${name}.bias`, [embedDim]);
      return precision.linear(graph, x, { name, weight, bias, inputs: width, outputs: embedDim });
    }
    case "none":
      return x;
  }
}
