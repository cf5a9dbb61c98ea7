// Which token of a text may look at which: scores added before softmax.
import type { TextModel } from "../checkpoint/model.ts";
import type { Graph } from "../onnx/graph.ts";

/** A score that softmax turns into 0 exactly. */
const NEVER = -1e9;

/**
 * @param ids int32 [N, T]
 * @returns float [T, T], with a class token [N, 1, T + 1, T + 1]; undefined where every token sees every other
 */
export function attentionMask(
  graph: Graph,
  { context, causal, pool, pad }: TextModel,
  ids: string,
): string | undefined {
  const own = pool === "class_token" ? 1 : 0;
  const before = causal ? causalMask(graph, context + own, tokenCount(graph, ids, own)) : undefined;
  if (pool !== "class_token" || pad === null) return before;
  // The released CoCa models were trained with the class token, which stands at the end, masked as if it stood in front:
  // key 0 is always seen, and key j + 1 wherever token j is no pad. So a short text's class token sees the first pad, and not itself.
  const blank = graph.node("Cast", [graph.node("Equal", [ids, graph.int32(pad)])], { to: 1 });
  const shifted = graph.node("Pad", [blank, graph.int64s(0, 1, 0, 0)]);
  const keys = graph.node("Unsqueeze", [graph.node("Mul", [shifted, graph.float(NEVER)]), graph.int64s(1, 2)]);
  return before ? graph.node("Add", [keys, before]) : keys;
}

/** @returns int64 [1]: T and the tower's own tokens */
function tokenCount(graph: Graph, ids: string, own: number): string {
  const given = graph.node("Shape", [ids], { start: 1, end: 2 });
  return own === 0 ? given : graph.node("Add", [given, graph.int64s(own)]);
}

/** 0 on and below the diagonal. */
function causalMask(graph: Graph, places: number, length: string): string {
  const mask = new Float32Array(places * places);
  for (let row = 0; row < places; row++) mask.fill(NEVER, row * places + row + 1, (row + 1) * places);
  return graph.node("Slice", [
    graph.weight("attn_mask", [places, places], mask),
    graph.int64s(0, 0),
    graph.node("Concat", [length, length], { axis: 0 }),
    graph.int64s(0, 1),
  ]);
}
