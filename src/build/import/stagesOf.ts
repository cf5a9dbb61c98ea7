// A source tower cut into stages by the bytes of their weights, and the values that go from one to another.
import type { OnnxNode } from "../onnx/decode.ts";
import type { SourceTower } from "./findTower.ts";
import { constantsOf } from "./sourceValues.ts";

export interface SourceStage {
  nodes: OnnxNode[];
  /** Values of earlier stages. */
  takes: string[];
  /** Values that later ones take; of the last the tower's output. */
  gives: string[];
}

/** @param stageBytes of weights in fp32, past which a stage ends; one node may have more */
export function stagesOf(source: SourceTower, stageBytes: number): SourceStage[] {
  const constants = constantsOf(source);
  const bytes = ({ inputs }: OnnxNode) =>
    inputs.reduce((sum, name) => sum + (constants.get(name)?.dims.reduce((size, dim) => size * dim, 4) ?? 0), 0);
  const parts: OnnxNode[][] = [[]];
  let held = 0;
  for (const node of source.nodes) {
    const own = bytes(node);
    if (held > 0 && held + own > stageBytes) {
      parts.push([]);
      held = 0;
    }
    parts.at(-1)?.push(node);
    held += own;
  }
  const madeIn = new Map<string, number>();
  const lastIn = new Map([[source.output.name, parts.length]]);
  for (const [stage, nodes] of parts.entries()) {
    for (const { inputs, outputs } of nodes) {
      for (const name of inputs) if (name !== source.output.name) lastIn.set(name, stage);
      for (const name of outputs) if (name !== "" && !constants.has(name)) madeIn.set(name, stage);
    }
  }
  return parts.map((nodes, stage) => {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    if (stage === parts.length - 1) read.add(source.output.name);
    return {
      nodes,
      takes: [...read].filter((name) => (madeIn.get(name) ?? stage) < stage),
      gives: [...madeIn].flatMap(([name, made]) => (made === stage && (lastIn.get(name) ?? 0) > stage ? [name] : [])),
    };
  });
}
