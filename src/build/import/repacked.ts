// The nodes of a source tower put into a graph one by one: layers with weights in the pack's precision, the others as they are.
import { inPixelOrder } from "../compile/inPixelOrder.ts";
import { type Precision, transposed } from "../compile/precision.ts";
import type { OnnxNode } from "../onnx/decode.ts";
import { type Attribute, encodeTensor } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import type { OnnxTensor } from "../onnx/tensorProto.ts";
import { convolutionOf, isPatches, isPointwise } from "./convolutions.ts";
import type { SourceTower } from "./findTower.ts";
import { floatsOf, isFloat, widened, widenedType } from "./floats.ts";
import { constantsOf, IDS, PIXELS, sameAsInput } from "./sourceValues.ts";
import { checkOpset, upgraded } from "./upgrade.ts";

/** Constants up to this stay inside the graph. */
const SMALL_BYTES = 1024;

const isTensor = (value: Attribute | OnnxTensor): value is OnnxTensor => typeof value === "object" && "read" in value;

export class Repacked {
  readonly #graph: Graph;
  readonly #source: SourceTower;
  readonly #precision: Precision;
  readonly #constants: ReadonlyMap<string, OnnxTensor>;
  /** Of the source's values in the graph. */
  readonly #names = new Map<string, string>();
  /** Values of the source that are the ids themselves. */
  readonly #ids: ReadonlySet<string>;
  readonly #used = new Map<string, number>();
  /** Values of the source that are the pictures themselves. */
  readonly #pixels: ReadonlySet<string>;
  #nhwc: { name: string; size: number } | undefined;

  constructor(graph: Graph, source: SourceTower, precision: Precision) {
    checkOpset(source.model.path, source.model.opset);
    this.#graph = graph;
    this.#source = source;
    this.#precision = precision;
    this.#constants = constantsOf(source);
    this.#ids = sameAsInput(source, IDS);
    this.#pixels = sameAsInput(source, PIXELS);
  }

  /** @param nchw float [N, 3, S, S]; @param nhwc the same as [N, S, S, 3] */
  pixels(nchw: string, nhwc: string, size: number): void {
    this.#nhwc = { name: nhwc, size };
    this.#names.set(this.#source.input.name, nchw);
  }

  /** @param ids [N, T] */
  tokens(ids: string): void {
    this.#names.set(this.#source.input.name, ids);
    for (const { name } of this.#source.masks) {
      const ones = this.#graph.node("ConstantOfShape", [this.#graph.node("Shape", [ids])], {
        value: { tensor: encodeTensor("", "INT64", [1], new Uint8Array(BigInt64Array.of(1n).buffer)) },
      });
      this.#names.set(name, ones);
    }
  }

  /** A value of the source that is in the graph already. */
  given(name: string, value: string): void {
    this.#names.set(name, value);
  }

  /** Puts nodes there, in order; without any all of the source. */
  place(nodes: readonly OnnxNode[] = this.#source.nodes): void {
    for (const node of nodes) {
      const [output = ""] = node.outputs;
      const value = this.#constants.has(output) ? undefined : this.#layer(node);
      if (value !== undefined) this.#names.set(output, value);
    }
  }

  /** @returns the value, or nothing where the node was placed under its own names */
  #layer(node: OnnxNode): string | undefined {
    const [first = "", second = ""] = node.inputs;
    const weight = this.#constants.get(second);
    if (node.op === "Identity") return this.value(first);
    if (node.op === "Cast" && this.#pixels.has(first)) return this.value(first);
    if (node.op === "MatMul" && weight?.dims.length === 2 && isFloat(weight) && !this.#constants.has(first))
      return this.#linear(first, weight, false);
    if (node.op === "Gemm" && weight?.dims.length === 2 && isFloat(weight) && !node.attributes.get("transA"))
      return this.#gemm(node, first, weight);
    if (node.op === "Gather" && !node.attributes.get("axis") && this.#ids.has(second)) {
      const table = this.#constants.get(first);
      if (table?.dims.length === 2 && isFloat(table)) return this.#embedding(table, second);
    }
    if (node.op === "Conv" && weight && isFloat(weight)) return this.#convolution(node, first, weight);
    return this.#asIs(node);
  }

  #linear(x: string, weight: OnnxTensor, turned: boolean, scale = 1, bias?: Float32Array<ArrayBuffer>): string {
    const [rows = 0, columns = 0] = weight.dims;
    const [inputs, outputs] = turned ? [columns, rows] : [rows, columns];
    const values = floatsOf(weight);
    if (scale !== 1) for (const [i, value] of values.entries()) values[i] = value * scale;
    return this.#precision.linear(this.#graph, this.value(x), {
      ...{ name: this.#own(weight.name), inputs, outputs },
      // `transposed` takes [outputs, inputs] to [inputs, outputs]; here it goes the other way.
      weight: turned ? values : transposed(values, inputs, outputs),
      ...(bias && { bias }),
    });
  }

  #gemm({ inputs, attributes }: OnnxNode, x: string, weight: OnnxTensor): string {
    const factor = (name: string) => {
      const value = attributes.get(name);
      return typeof value === "object" && "float" in value ? value.float : 1;
    };
    const turned = attributes.get("transB") === 1;
    const outputs = weight.dims[turned ? 0 : 1];
    const [, , third] = inputs;
    const bias = third ? this.#constants.get(third) : undefined;
    const beta = factor("beta");
    if (bias && isFloat(bias) && bias.dims.length === 1 && bias.dims[0] === outputs)
      return this.#linear(
        x,
        weight,
        turned,
        factor("alpha"),
        floatsOf(bias).map((value) => value * beta),
      );
    const product = this.#linear(x, weight, turned, factor("alpha"));
    if (!third) return product;
    return this.#graph.node("Add", [product, this.#graph.node("Mul", [this.value(third), this.#graph.float(beta)])]);
  }

  #embedding(table: OnnxTensor, ids: string): string {
    const [rows = 0, width = 0] = table.dims;
    return this.#precision.embedding(this.#graph, this.value(ids), this.#own(table.name), {
      ...{ rows, width },
      read: (from, to) => floatsOf(table, from * width, to * width),
    });
  }

  #convolution(node: OnnxNode, x: string, weight: OnnxTensor): string | undefined {
    const bias = node.inputs[2] ? this.#constants.get(node.inputs[2]) : undefined;
    if (node.inputs[2] && !bias) return this.#asIs(node);
    const layer = convolutionOf(node, weight);
    if (this.#nhwc && this.#pixels.has(x) && isPatches(layer, this.#nhwc.size))
      return this.#patches(this.#nhwc, weight, layer.kernel[0] ?? 1, bias);
    if (isPointwise(layer)) return this.#pointwise(x, weight, bias);
    return this.#asIs(node);
  }

  #pointwise(x: string, weight: OnnxTensor, bias: OnnxTensor | undefined): string {
    const [outputs = 0, inputs = 0] = weight.dims;
    return this.#precision.pointwise(this.#graph, this.value(x), {
      ...{ name: this.#own(weight.name), inputs, outputs, weight: floatsOf(weight) },
      ...(bias && { bias: floatsOf(bias) }),
    });
  }

  /** A convolution whose stride is its kernel is a linear layer over patches. @returns float [N, width, grid, grid] */
  #patches(
    nhwc: { name: string; size: number },
    weight: OnnxTensor,
    patch: number,
    bias: OnnxTensor | undefined,
  ): string {
    const [width = 0] = weight.dims;
    const grid = nhwc.size / patch;
    const inputs = patch * patch * 3;
    const graph = this.#graph;
    const cut = graph.node("Reshape", [nhwc.name, graph.int64s(-1, grid, patch, grid, patch * 3)]);
    const patches = graph.node("Reshape", [
      graph.node("Transpose", [cut], { perm: [0, 1, 3, 2, 4] }),
      graph.int64s(-1, grid * grid, inputs),
    ]);
    const embedded = this.#precision.linear(graph, patches, {
      ...{ name: this.#own(weight.name), inputs, outputs: width },
      weight: inPixelOrder(floatsOf(weight), width, patch),
      ...(bias && { bias: floatsOf(bias) }),
    });
    const channels = graph.node("Transpose", [embedded], { perm: [0, 2, 1] });
    return graph.node("Reshape", [channels, graph.int64s(0, width, grid, grid)]);
  }

  #asIs(node: OnnxNode): undefined {
    const { op, inputs, outputs, attributes } = upgraded(node, this.#source.model.opset, this.#graph);
    const own: Record<string, Attribute> = {};
    for (const [name, value] of attributes) {
      if (isTensor(value)) {
        const { type, bytes } = widened(value);
        own[name] = { tensor: encodeTensor("", type, value.dims, bytes) };
      } else own[name] = op === "Cast" && name === "to" && typeof value === "number" ? widenedType(value) : value;
    }
    const named = outputs.map((name) => (name === "" ? "" : `source/${name}`));
    // What an upgrade added is in the graph by its own name already.
    const given = inputs.map((name, at) => (at < node.inputs.length ? this.value(name) : name));
    this.#graph.place(op, given, named, own);
    for (const [at, name] of outputs.entries()) this.#names.set(name, named[at] ?? "");
  }

  /** @returns a value of the source in the graph; constants are put there when they are first asked for */
  value(name: string): string {
    if (name === "") return "";
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const tensor = this.#constants.get(name);
    if (!tensor) throw new Error(`${this.#source.model.path}: the value ${name} is used before it is made`);
    const own = this.#own(name);
    const { type, bytes } = widened(tensor);
    if (type === "FLOAT" && bytes.byteLength > SMALL_BYTES)
      this.#graph.weight(own, tensor.dims, new Float32Array(Uint8Array.from(bytes).buffer));
    else this.#graph.constant(own, type, tensor.dims, bytes);
    this.#names.set(name, own);
    return own;
  }

  /** A weight that two layers share is written for each of them, as each may lay it out in its own way. */
  #own(name: string): string {
    const count = this.#used.get(name) ?? 0;
    this.#used.set(name, count + 1);
    return count === 0 ? `source/${name}` : `source/${name}/${count}`;
  }
}
