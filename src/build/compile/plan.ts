// A tower as stages, each of which makes nodes of a graph: all in one graph for a pack, or one graph a stage, so that a
// model of any size runs in the memory of its largest stage.
import type { Graph } from "../onnx/graph.ts";

export interface Output {
  name: string;
  value: string;
  dims: (number | string)[];
}

export interface Stage {
  /**
   * @param input the tower's own input: `pixels` or `input_ids`
   * @param x what the stage before made; "" for the first
   */
  build(graph: Graph, input: string, x: string): string;
  /** What else may be asked for of this stage, by the output's name. @param y what it made */
  tokens?(graph: Graph, y: string): Output[];
}

export interface Plan {
  /** Makes the graph's input and @returns its name. */
  input(graph: Graph): string;
  /** The last one's value is the embedding. */
  stages: Stage[];
  embedDim: number;
}
