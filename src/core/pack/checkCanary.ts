// Asks an engine for the canary of its pack, so that a wrong engine is found before a user finds it.
import type { Tensor } from "../oip/tensor.ts";
import { Problem } from "../problem.ts";
import { CANARY_COSINE, type Canary, canaryPixels } from "./canary.ts";
import type { Manifest, TowerName } from "./manifest.ts";

interface Encoder {
  manifest: Manifest;
  canary: Canary;
  /** @returns unit vectors float32 [N, D] */
  encode(input: Tensor): Promise<Float32Array>;
}

/** @throws Problem `pack_corrupt` when the engine does not reproduce the canary of the pack */
export async function checkCanary({ manifest, canary, encode }: Encoder, tower: TowerName): Promise<void> {
  const { size } = manifest.image;
  const ids = Int32Array.from(canary.input_ids);
  const [input, expected]: [Tensor, number[]] =
    tower === "vision"
      ? [
          { name: "pixels", datatype: "UINT8", shape: [1, size, size, 3], data: canaryPixels(size) },
          canary.image_vector,
        ]
      : [{ name: "input_ids", datatype: "INT32", shape: [1, ids.length], data: ids }, canary.text_vector];
  const vector = await encode(input);
  const cosine = expected.reduce((sum, value, i) => sum + value * (vector[i] ?? 0), 0);
  if (!(cosine >= CANARY_COSINE)) {
    throw new Problem(
      "pack_corrupt",
      `The ${tower} canary of ${manifest.id} came out with cosine ${cosine.toFixed(4)}.`,
    );
  }
}
