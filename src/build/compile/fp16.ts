// Weights and matrix products in fp16, for GPUs; sums of the stream, layer norms and softmax stay in fp32.
import type { Graph } from "../onnx/graph.ts";
import { type Precision, padsOf, transposed } from "./precision.ts";
import { keepTable } from "./table.ts";

/** @throws Error when a value is past what fp16 holds, 65504 */
function halves(name: string, values: Float32Array): Float16Array<ArrayBuffer> {
  const half = new Float16Array(values);
  const lost = half.findIndex((value) => !Number.isFinite(value));
  if (lost >= 0) throw new Error(`${name} has ${values[lost]} in it, which fp16 does not hold`);
  return half;
}

const FLOAT = 1;
const FLOAT16 = 10;
const cast = (graph: Graph, x: string, to: number) => graph.node("Cast", [x], { to });

export const fp16 = (): Precision => ({
  activation: (_graph, _key, float) => ({ float: () => float }),
  linear(graph, x, { name, weight, inputs, outputs, bias }) {
    const packed = halves(name, transposed(weight, outputs, inputs));
    const product = graph.node("MatMul", [
      cast(graph, x, FLOAT16),
      graph.weight(`${name}.weight`, [inputs, outputs], packed),
    ]);
    const y = cast(graph, product, FLOAT);
    return bias ? graph.node("Add", [y, graph.weight(`${name}.bias`, [outputs], bias)]) : y;
  },
  pointwise(graph, x, { name, weight, inputs, outputs, bias }) {
    const kept = graph.weight(`${name}.weight`, [outputs, inputs, 1, 1], halves(name, weight));
    const y = cast(graph, graph.node("Conv", [cast(graph, x, FLOAT16), kept], { kernel_shape: [1, 1] }), FLOAT);
    return bias ? graph.node("Add", [y, graph.weight(`${name}.bias`, [1, outputs, 1, 1], bias)]) : y;
  },
  convolution(graph, x, { name, weight, bias, inputs, outputs, kernel, stride, relu }) {
    const shape = [outputs, inputs, kernel, kernel];
    const kept = graph.weight(`${name}.weight`, shape, halves(name, weight));
    const product = graph.node("Conv", [cast(graph, x.float(), FLOAT16), kept], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: padsOf(kernel),
    });
    const shift = graph.weight(`${name}.bias`, [1, outputs, 1, 1], bias);
    const y = graph.node("Add", [cast(graph, product, FLOAT), shift]);
    const float = relu ? graph.node("Relu", [y]) : y;
    return { float: () => float };
  },
  embedding(graph, ids, name, table) {
    const kept = keepTable(graph, name, table, "FLOAT16", (values) => halves(name, values));
    return cast(graph, graph.node("Gather", [kept, ids]), FLOAT);
  },
});
