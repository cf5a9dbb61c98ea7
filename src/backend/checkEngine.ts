// An engine is believed when the canary comes out right, and the same in a batch as alone.
import type { Tensor } from "../core/oip/tensor.ts";
import { checkCanary } from "../core/pack/checkCanary.ts";
import type { TowerName } from "../core/pack/manifest.ts";
import { Problem } from "../core/problem.ts";
import type { Engine } from "./engine.ts";
import { join } from "./join.ts";
import type { Pack } from "./pack.ts";

/** Lowest cosine between a vector alone and in a batch. */
const BATCH_COSINE = 0.99999;

/**
 * @param batch of how many canaries; a GPU prepares itself for the largest batch by it
 * @throws Problem `pack_corrupt`
 */
export async function checkEngine(engine: Engine, pack: Pack, tower: TowerName, batch: number): Promise<void> {
  const { manifest, canary } = pack;
  const run = async (input: Tensor, copies: number): Promise<Float32Array> => {
    const slices = Array.from({ length: copies }, () => ({ input, from: 0, rows: 1 }));
    return (await engine.run(join(slices, manifest.text.pad))).vectors;
  };
  const encode = async (input: Tensor): Promise<Float32Array> => {
    const alone = await run(input, 1);
    const together = await run(input, batch);
    for (let row = 0; row < batch; row++) {
      const cosine = alone.reduce((sum, value, i) => sum + value * (together[row * alone.length + i] ?? 0), 0);
      if (!(cosine >= BATCH_COSINE))
        throw new Problem("pack_corrupt", `The ${tower} canary changes in a batch of ${batch}: cosine ${cosine}.`);
    }
    return alone;
  };
  await checkCanary({ manifest, canary, encode }, tower);
}
