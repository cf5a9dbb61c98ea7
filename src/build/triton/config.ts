// config.pbtxt of one tower, from what our own servers say of it.
// Fields: https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
import { modelMetadata } from "../../core/oip/metadata.ts";
import type { Manifest, TowerName } from "../../core/pack/manifest.ts";

export interface TritonOptions {
  device: "gpu" | "cpu";
  /** Copies of the model on each device. */
  instances: number;
  maxBatch: number;
  /** How long a request waits for others to share a run. */
  delayMicroseconds: number;
}

/** Sizes worth waiting for: the largest and its halves. */
const preferred = (maxBatch: number): number[] =>
  [maxBatch >> 2, maxBatch >> 1, maxBatch].filter((size, at, all) => size > 1 && size !== all[at - 1]);

const quoted = (text: string): string => JSON.stringify(text);

function tensors(field: string, list: readonly { name: string; datatype: string; shape: number[] }[]): string {
  const one = ({ name, datatype, shape }: (typeof list)[number]) =>
    // The first dimension is the batch, which max_batch_size stands for.
    `  {\n    name: ${quoted(name)}\n    data_type: TYPE_${datatype}\n    dims: [ ${shape.slice(1).join(", ")} ]\n  }`;
  return `${field} [\n${list.map(one).join(",\n")}\n]`;
}

/** @param name of the model in the repository, which is its folder */
export function tritonConfig(
  name: string,
  manifest: Manifest,
  tower: TowerName,
  { device, instances, maxBatch, delayMicroseconds }: TritonOptions,
): string {
  const { inputs, outputs, parameters, platform } = modelMetadata(manifest, tower);
  const sizes = preferred(maxBatch);
  // Ids behind the end may be cut unless pads reach the vector: then every text fills the context.
  const told = inputs.map((input) =>
    tower === "text" && manifest.text.padded ? { ...input, shape: [-1, manifest.text.context] } : input,
  );
  return `${[
    `name: ${quoted(name)}`,
    `platform: ${quoted(platform)}`,
    `max_batch_size: ${maxBatch}`,
    tensors("input", told),
    tensors("output", outputs),
    "dynamic_batching {",
    ...(sizes.length > 0 ? [`  preferred_batch_size: [ ${sizes.join(", ")} ]`] : []),
    `  max_queue_delay_microseconds: ${delayMicroseconds}`,
    "}",
    `instance_group [\n  {\n    count: ${instances}\n    kind: KIND_${device.toUpperCase()}\n  }\n]`,
    ...Object.entries(parameters).map(
      ([key, value]) =>
        `parameters {\n  key: ${quoted(`edgeclip_${key}`)}\n  value {\n    string_value: ${quoted(value)}\n  }\n}`,
    ),
  ].join("\n")}\n`;
}
