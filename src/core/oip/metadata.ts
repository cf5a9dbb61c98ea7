// What an Open Inference Protocol v2 server says of itself and of a tower of its pack.
import type { Manifest, TowerName } from "../pack/manifest.ts";
import { Problem } from "../problem.ts";
import type { Bounds } from "./checkInput.ts";

export const SERVER_METADATA = { name: "edgeclip", version: "0.1.0", extensions: ["binary_tensor_data"] };

/** The version of a model is its pack: the first eight digits of the hash. */
export const versionOf = (manifest: Manifest): string => manifest.pack.slice("sha256:".length).slice(0, 8);

export function modelMetadata(manifest: Manifest, tower: TowerName) {
  const { size } = manifest.image;
  return {
    name: tower,
    versions: [versionOf(manifest)],
    platform: "onnxruntime_onnx",
    inputs: [
      tower === "vision"
        ? { name: "pixels", datatype: "UINT8", shape: [-1, size, size, 3] }
        : { name: "input_ids", datatype: "INT32", shape: [-1, -1] },
    ],
    outputs: [{ name: "embedding", datatype: "FP32", shape: [-1, manifest.embed_dim] }],
    parameters: { id: manifest.id, space: manifest.space, pack: manifest.pack },
  };
}

/** With how much one request may hold, for callers who split larger work. */
export function servedMetadata(manifest: Manifest, tower: TowerName, bounds: Bounds) {
  const { parameters, ...metadata } = modelMetadata(manifest, tower);
  const most = tower === "vision" ? { max_pictures: bounds.pictures } : { max_tokens: bounds.tokens };
  return { ...metadata, parameters: { ...parameters, ...most } };
}

/** @param version of the path, where it names one. @throws Problem `model_not_found` */
export function checkVersion(manifest: Manifest, version: string | undefined): void {
  const served = versionOf(manifest);
  if (version !== undefined && version !== served)
    throw new Problem("model_not_found", `There is no version ${version}; ${served} is served.`);
}
