// Channels that a layer norm makes large are divided there and multiplied in the linear layer behind it: the same function,
// easier to quantize. SmoothQuant: Xiao et al. 2022, https://arxiv.org/abs/2211.10438, with its strength of 1/2.
import type { TensorSource } from "../checkpoint/tensorSource.ts";
import type { ObservedLayer } from "./observeLayers.ts";

/** What stands behind each of a block's layer norms: the layer as the compiler names it, and its weight. */
const BEHIND: Record<string, { layer: string; weight: string }> = {
  ln_1: { layer: "attn.in_proj", weight: "attn.in_proj_weight" },
  ln_2: { layer: "mlp.c_fc", weight: "mlp.c_fc.weight" },
};

/** @param layers as they were seen in fp32; others of the source are left alone */
export function migrateOutliers(source: TensorSource, layers: ReadonlyMap<string, ObservedLayer>): TensorSource {
  const changes = new Map<string, (values: Float32Array<ArrayBuffer>) => void>();
  for (const name of source.names) {
    const [, block = "", norm = ""] = /^(.*\.)(ln_[12])\.weight$/.exec(name) ?? [];
    const behind = BEHIND[norm];
    const largest = behind && layers.get(block + behind.layer)?.largest;
    if (!behind || !largest) continue;
    const weight = block + behind.weight;
    const factors = factorsOf(largest, source.read(weight, source.shape(weight)));
    const divide = (values: Float32Array) => {
      for (const [i, factor] of factors.entries()) values[i] = (values[i] ?? 0) / factor;
    };
    changes.set(name, divide);
    changes.set(`${block}${norm}.bias`, divide);
    changes.set(weight, (values) => {
      for (let at = 0; at < values.length; at += factors.length)
        for (const [i, factor] of factors.entries()) values[at + i] = (values[at + i] ?? 0) * factor;
    });
  }
  return {
    names: source.names,
    has: (name) => source.has(name),
    shape: (name) => source.shape(name),
    isFloat: (name) => source.isFloat(name),
    close: () => source.close(),
    read(name, shape) {
      const values = source.read(name, shape);
      changes.get(name)?.(values);
      return values;
    },
  };
}

/** @param weight fp32 [outputs, inputs]; @returns sqrt(max |x| / max |w|) of each input, 1 where either is always 0 */
function factorsOf(largest: Float32Array, weight: Float32Array): Float32Array {
  const inputs = largest.length;
  const columns = new Float32Array(inputs);
  for (const [at, value] of weight.entries())
    columns[at % inputs] = Math.max(columns[at % inputs] ?? 0, Math.abs(value));
  return largest.map((value, i) => Math.sqrt(value / (columns[i] ?? 0)) || 1).map((f) => (Number.isFinite(f) ? f : 1));
}
