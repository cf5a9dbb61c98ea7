// Layers in fp32: the reference that int8 is measured against, and the source of calibration.
import type { Graph } from "../onnx/graph.ts";
import { type Activation, type Convolution, type Precision, padsOf, transposed } from "./precision.ts";
import { keepTable } from "./table.ts";

/** @param observe is shown every activation that int8 would quantize, by its key */
export function fp32(observe: (graph: Graph, key: string, float: string) => void = () => {}): Precision {
  const activation = (graph: Graph, key: string, float: string): Activation => {
    observe(graph, key, float);
    return { float: () => float };
  };
  return {
    activation,
    linear(graph, x, { name, weight, inputs, outputs, bias }) {
      const y = graph.node("MatMul", [
        x,
        graph.weight(`${name}.weight`, [inputs, outputs], transposed(weight, outputs, inputs)),
      ]);
      return bias ? graph.node("Add", [y, graph.weight(`${name}.bias`, [outputs], bias)]) : y;
    },
    pointwise(graph, x, { name, weight, inputs, outputs, bias }) {
      const kept = [graph.weight(`${name}.weight`, [outputs, inputs, 1, 1], weight)];
      if (bias) kept.push(graph.weight(`${name}.bias`, [outputs], bias));
      return graph.node("Conv", [x, ...kept], { kernel_shape: [1, 1] });
    },
    convolution: (graph, x, layer) => activation(graph, layer.name, floatConvolution(graph, x.float(), layer)),
    embedding: (graph, ids, name, table) =>
      graph.node("Gather", [keepTable(graph, name, table, "FLOAT", (values) => values), ids]),
  };
}

/** @param x float [N, inputs, H, W] */
export function floatConvolution(graph: Graph, x: string, layer: Convolution): string {
  const { name, weight, bias, inputs, outputs, kernel, stride, relu } = layer;
  const y = graph.node(
    "Conv",
    [
      x,
      graph.weight(`${name}.weight`, [outputs, inputs, kernel, kernel], weight),
      graph.weight(`${name}.bias`, [outputs], bias),
    ],
    { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: padsOf(kernel) },
  );
  return relu ? graph.node("Relu", [y]) : y;
}
