// What of an ONNX file is refused, and that old operator sets mean what they meant.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { afterAll, expect, test } from "vitest";
import { findTower } from "../../../src/build/import/findTower.ts";
import { checkOpset, upgraded } from "../../../src/build/import/upgrade.ts";
import { openOnnx } from "../../../src/build/onnx/decode.ts";
import { encodeTensor } from "../../../src/build/onnx/encode.ts";
import { Graph } from "../../../src/build/onnx/graph.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-onnx-"));
afterAll(() => rmSync(dir, { recursive: true }));

const placed = (location: string, length: number) => ({
  reserve: () => ({ reference: { location, offset: 0, length }, write: () => {} }),
});
const nowhere = placed("../../secret.bin", 2048);

function written(name: string, fill: (graph: Graph) => void, output = "image_embeds", input = "pixel_values"): string {
  const graph = new Graph("vision", nowhere);
  graph.input(input, "FLOAT", ["N", 3, 4, 4]);
  fill(graph);
  graph.output(output, "y", ["N", 4]);
  const path = join(dir, `${name}.onnx`);
  writeFileSync(path, graph.finish());
  return path;
}
const find = (path: string, projects = true) => {
  const model = openOnnx(path);
  try {
    return findTower(model, "vision", projects);
  } finally {
    model.close();
  }
};

test("a quantized export is refused with the reason", () => {
  const path = written("quantized", (graph) =>
    graph.place("DynamicQuantizeLinear", ["pixel_values"], ["y", "scale", "zero"]),
  );
  expect(() => find(path)).toThrow(/quantized already \(DynamicQuantizeLinear\).*fp32 or fp16/);
});

test("outputs without CLIP's projection, unknown inputs and values that nothing makes are refused by name", () => {
  const pooled = written("pooled", (graph) => graph.place("Relu", ["pixel_values"], ["y"]), "pooler_output");
  expect(() => find(pooled)).toThrow(/pooler_output lacks CLIP's projection/);
  expect(find(pooled, false).output.name).toBe("pooler_output");
  const strange = written("strange", (graph) => graph.place("Relu", ["depth"], ["y"]), "image_embeds", "depth");
  expect(() => find(strange)).toThrow(/the input depth is not known/);
  const dangling = written("dangling", (graph) => graph.place("Relu", ["elsewhere"], ["y"]));
  expect(() => find(dangling)).toThrow(/nothing makes the value elsewhere/);
});

test("weights outside the model's folder are not read", () => {
  const path = written("outside", (graph) => {
    graph.weight("w", [512], new Float32Array(512));
    graph.place("Add", ["pixel_values", "w"], ["y"]);
  });
  const model = openOnnx(path);
  expect(() => model.constants.get("w")?.read()).toThrow(/"\.\.\/\.\.\/secret\.bin", outside the model's folder/);
  model.close();
});

/** ModelProto { opset_import, graph { node { output "y", op_type, domain } } } */
function withDomain(domain: string): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(8, 2).fork().tag(2, 0).int64(17).join();
  writer.tag(7, 2).fork().tag(1, 2).fork();
  writer.tag(2, 2).string("y").tag(4, 2).string("FusedMatMul").tag(7, 2).string(domain).join().join();
  return writer.finish();
}

test("operators of an optimizer are refused by name", () => {
  const path = join(dir, "fused.onnx");
  writeFileSync(path, withDomain("com.microsoft"));
  expect(() => openOnnx(path)).toThrow(/is com\.microsoft\.FusedMatMul, no operator of the ONNX standard/);
});

test("bytes that are cut anywhere end in an error and not in a wrong model", () => {
  const whole = new Graph("vision", placed("w", 0));
  whole.constant("c", "FLOAT", [2], new Uint8Array(8));
  whole.input("pixel_values", "FLOAT", ["N", 3, 4, 4]);
  whole.place("Cast", ["pixel_values"], ["y"], {
    to: 1,
    v: { tensor: encodeTensor("t", "FLOAT", [1], new Uint8Array(4)) },
  });
  whole.output("image_embeds", "y", ["N", 4]);
  const bytes = whole.finish();
  const path = join(dir, "cut.onnx");
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    expect(() => openOnnx(path)).toThrow(/cut\.onnx/);
  }
});

test("what was an attribute becomes an input", () => {
  const graph = new Graph("vision", nowhere);
  const node = (op: string, attributes: [string, number | number[]][]) => ({
    ...{ op, inputs: ["x"], outputs: ["y", "z"] },
    attributes: new Map(attributes),
  });
  const mean = upgraded(
    node("ReduceMean", [
      ["axes", [-1]],
      ["keepdims", 1],
    ]),
    14,
    graph,
  );
  expect([mean.inputs.length, [...mean.attributes.keys()]]).toEqual([2, ["keepdims"]]);
  expect(upgraded(node("ReduceMean", [["keepdims", 1]]), 18, graph).inputs).toEqual(["x"]);
  expect(upgraded(node("Split", [["axis", 1]]), 13, graph).attributes.get("num_outputs")).toBe(2);
  expect(upgraded(node("Softmax", []), 12, graph).attributes.get("axis")).toBe(1);
  expect(upgraded(node("Dropout", []), 12, graph)).toMatchObject({ op: "Identity", outputs: ["y"] });
  expect(() => checkOpset("a.onnx", 9)).toThrow(/operator set 9/);
  expect(() => checkOpset("a.onnx", 23)).toThrow(/operator set 23/);
});
