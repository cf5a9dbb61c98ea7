// What is known of a source tower's values before it is run: which are constants, and which are the input itself.
import type { OnnxNode } from "../onnx/decode.ts";
import type { OnnxTensor } from "../onnx/tensorProto.ts";
import type { SourceTower } from "./findTower.ts";

/** Casts and shapes that leave ids what they are. */
export const IDS: ReadonlySet<string> = new Set(["Cast", "Reshape", "Identity", "Unsqueeze", "Squeeze"]);
/** The same of pictures, whose places count. */
export const PIXELS: ReadonlySet<string> = new Set(["Cast", "Identity"]);

/** Weights, and what nodes say without an input. */
export function constantsOf({ model, nodes }: Pick<SourceTower, "model" | "nodes">): Map<string, OnnxTensor> {
  const constants = new Map(model.constants);
  for (const node of nodes) {
    const [name = ""] = node.outputs;
    // Exporters keep equal weights once, and pass them on.
    const same = node.op === "Identity" ? constants.get(node.inputs[0] ?? "") : undefined;
    if (same) constants.set(name, { ...same, name });
    if (node.op === "Constant") constants.set(name, constantOf(model.path, name, node));
  }
  return constants;
}

function constantOf(path: string, name: string, { attributes }: OnnxNode): OnnxTensor {
  const [[kind, value] = ["", ""]] = attributes;
  const given = (type: OnnxTensor["type"], dims: number[], array: Float32Array | BigInt64Array): OnnxTensor => ({
    ...{ name, type, dims },
    read: (from, to) => new Uint8Array(array.slice(from, to).buffer),
  });
  if (typeof value === "object" && "read" in value) return { ...value, name };
  if (kind === "value_float" && typeof value === "object" && "float" in value)
    return given("FLOAT", [], Float32Array.of(value.float));
  if (kind === "value_floats" && typeof value === "object" && "floats" in value)
    return given("FLOAT", [value.floats.length], Float32Array.from(value.floats));
  if (kind === "value_int" && typeof value === "number") return given("INT64", [], BigInt64Array.of(BigInt(value)));
  if (kind === "value_ints" && Array.isArray(value))
    return given("INT64", [value.length], BigInt64Array.from(value, BigInt));
  throw new Error(`${path}: the constant ${name} is a ${kind}, which is not read here`);
}

/** @returns names of the input and of what nodes make of it that leave it what it is */
export function sameAsInput(
  { input, nodes }: Pick<SourceTower, "input" | "nodes">,
  passes: ReadonlySet<string>,
): Set<string> {
  const same = new Set([input.name]);
  for (const { op, inputs, outputs } of nodes)
    if (passes.has(op) && same.has(inputs[0] ?? "")) same.add(outputs[0] ?? "");
  return same;
}
