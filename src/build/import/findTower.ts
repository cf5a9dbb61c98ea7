// Where in an export a tower begins and ends: the input it takes and the output that is its embedding.
import type { OnnxModel, OnnxNode, OnnxValue } from "../onnx/decode.ts";
import type { TowerName } from "../ort.ts";

export interface SourceTower {
  model: OnnxModel;
  input: OnnxValue;
  /** Inputs that mark pads: ones everywhere, as the end of a text is pooled or no mask was trained with. */
  masks: OnnxValue[];
  output: OnnxValue;
  /** Those that the output needs, in order. */
  nodes: OnnxNode[];
}

const INPUTS = {
  vision: ["pixel_values", "image", "images", "input", "pixels"],
  text: ["input_ids", "text", "texts", "input", "tokens"],
} as const;

/** As transformers, OpenCLIP and their exporters name it, the projected one first. */
const OUTPUTS = {
  vision: ["image_embeds", "image_features", "image_embedding", "embedding", "output", "unnorm_image_features"],
  text: ["text_embeds", "text_features", "text_embedding", "embedding", "output", "unnorm_text_features"],
} as const;
const POOLED = "pooler_output";
const MASKS = ["attention_mask", "pixel_attention_mask"];

const QUANTIZED = /^(?:DynamicQuantize|QLinear|QuantizeLinear|DequantizeLinear|MatMulInteger|ConvInteger)/;

/** @param projects whether what is pooled goes through a projection: of CLIP it does, of SigLIP it does not */
export function findTower(model: OnnxModel, tower: TowerName, projects: boolean): SourceTower {
  const { path, inputs, outputs } = model;
  const named = (names: readonly string[]) =>
    names.flatMap((name) => outputs.find((each) => each.name === name) ?? [])[0];
  const output = named(OUTPUTS[tower]) ?? (projects ? undefined : named([POOLED]));
  if (!output) {
    const lacks = named([POOLED]) ? `; ${POOLED} lacks CLIP's projection: export the model "with projection"` : "";
    throw new Error(
      `${path}: none of the outputs ${outputs.map(({ name }) => name).join(", ")} is an embedding${lacks}`,
    );
  }
  const nodes = needed(model, output.name);
  const quantized = nodes.find(({ op }) => QUANTIZED.test(op));
  if (quantized)
    throw new Error(
      `${path}: is quantized already (${quantized.op}): what its rounding lost cannot be told from the weights, nor its drift be measured. Take the fp32 or fp16 file`,
    );
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const used = inputs.filter(({ name }) => read.has(name));
  const masks = used.filter(({ name }) => MASKS.includes(name));
  const others = used.filter((each) => !masks.includes(each));
  const known: readonly string[] = INPUTS[tower];
  const strange = others.find(({ name }) => !known.includes(name)) ?? others[1];
  if (strange) throw new Error(`${path}: the input ${strange.name} is not known to a ${tower} tower`);
  const [input] = others;
  if (!input) throw new Error(`${path}: no input leads to ${output.name}`);
  return { model, input, masks, output, nodes };
}

function needed({ path, nodes, inputs, constants }: OnnxModel, output: string): OnnxNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const given = new Set(["", ...inputs.map(({ name }) => name), ...constants.keys()]);
  const found = new Set<OnnxNode>();
  const open = [output];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = makers.get(name);
    if (!node && !given.has(name)) throw new Error(`${path}: nothing makes the value ${name}`);
    if (!node || found.has(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return nodes.filter((node) => found.has(node));
}
