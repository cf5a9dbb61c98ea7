// CoCa's attentional pooler: learned queries ask, the tokens of the picture answer.
// Structure: open_clip's AttentionalPooler, over torch's MultiheadAttention with keys of another width.
import type { BlocksModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";
import type { Precision } from "./precision.ts";
import type { Tensors } from "./tensors.ts";
import { attention, layerNorm } from "./transformer.ts";

export interface PoolerConfig {
  heads: number;
  queries: number;
  blocks: BlocksModel;
  /** Width of queries and answers. */
  embedDim: number;
}

const NAME = "visual.attn_pool";

/** @param tokens float [N, T, width]; @returns float [N, queries, D] */
export function attentionalPooler(
  graph: Graph,
  precision: Precision,
  tensors: Tensors,
  { heads, queries, blocks, embedDim }: PoolerConfig,
  tokens: string,
): string {
  const { width, epsilon } = blocks;
  const weights = projections(tensors, width, embedDim);
  const bias = tensors.read(`${NAME}.attn.in_proj_bias`, [3 * embedDim]);
  const projected = (x: string, index: 0 | 1 | 2, part: "q" | "k" | "v", inputs: number) =>
    precision.linear(graph, x, {
      name: `${NAME}.attn.${part}_proj`,
      weight: weights[index],
      bias: bias.slice(index * embedDim, (index + 1) * embedDim),
      inputs,
      outputs: embedDim,
    });
  const headed = (x: string) => {
    const parted = graph.node("Reshape", [x, graph.int64s(0, 0, heads, embedDim / heads)]);
    return graph.node("Transpose", [parted], { perm: [0, 2, 1, 3] });
  };

  const learned = graph.weight(
    `${NAME}.query`,
    [1, queries, embedDim],
    tensors.read(`${NAME}.query`, [queries, embedDim]),
  );
  const query = layerNorm(graph, tensors, `${NAME}.ln_q`, learned, { width: embedDim, epsilon });
  const context = layerNorm(graph, tensors, `${NAME}.ln_k`, tokens, { width, epsilon });
  const [q, k, v] = [
    headed(projected(query, 0, "q", embedDim)),
    headed(projected(context, 1, "k", width)),
    headed(projected(context, 2, "v", width)),
  ];
  const name = `${NAME}.attn.out_proj`;
  return precision.linear(graph, attention(graph, q, k, v, embedDim / heads, embedDim), {
    name,
    weight: tensors.read(`${name}.weight`, [embedDim, embedDim]),
    bias: tensors.read(`${name}.bias`, [embedDim]),
    inputs: embedDim,
    outputs: embedDim,
  });
}

type Weights = Float32Array<ArrayBuffer>;

/** One matrix where all widths are equal, else three. @returns those of query, key and value */
function projections(tensors: Tensors, width: number, embedDim: number): [Weights, Weights, Weights] {
  const name = `${NAME}.attn`;
  if (width === embedDim) {
    const all = tensors.read(`${name}.in_proj_weight`, [3 * embedDim, embedDim]);
    const area = embedDim * embedDim;
    return [all.slice(0, area), all.slice(area, 2 * area), all.slice(2 * area)];
  }
  return [
    tensors.read(`${name}.q_proj_weight`, [embedDim, embedDim]),
    tensors.read(`${name}.k_proj_weight`, [embedDim, width]),
    tensors.read(`${name}.v_proj_weight`, [embedDim, width]),
  ];
}
