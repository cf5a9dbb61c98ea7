// Large channels in front of a linear layer are divided where they are made and multiplied in that layer: the same function, easier
// to quantize. What makes them is a block's layer norm (in front of qkv and c_fc), or the values of its attention: softmax mixes
// tokens and never channels, so a value's row of in_proj goes into out_proj's column. Where neither is in front, as before
// c_proj, which is behind GELU, a multiplication of its own divides: smoothed.ts.
import { altered } from "../checkpoint/altered.ts";
import type { TensorSource } from "../checkpoint/tensorSource.ts";
import type { ObservedLayer } from "./observeLayers.ts";
import { scaleColumns, smoothingOf } from "./smoothing.ts";

type Change = (values: Float32Array<ArrayBuffer>) => void;

/** @param layers as they were seen in fp32; others of the source are left alone */
export function migrateOutliers(source: TensorSource, layers: ReadonlyMap<string, ObservedLayer>): TensorSource {
  const changes = new Map<string, Change[]>();
  const change = (name: string, own: Change) => changes.set(name, [...(changes.get(name) ?? []), own]);
  const changed = altered(source, (name, values) => {
    for (const own of changes.get(name) ?? []) own(values);
  });
  /** As it is once what was said so far is done. */
  const weightOf = (name: string) => changed.read(name, changed.shape(name));

  for (const block of blocksOf(source)) {
    const values = layers.get(`${block}attn.out_proj`)?.largest;
    if (values) {
      const weight = `${block}attn.out_proj.weight`;
      const factors = smoothingOf(values, weightOf(weight));
      const divide: Change = (all) => divideValues(all, factors);
      change(`${block}attn.in_proj_weight`, divide);
      change(`${block}attn.in_proj_bias`, divide);
      change(weight, (own) => scaleColumns(own, factors));
    }
    for (const [norm, layer, weight] of [
      ["ln_1", "attn.in_proj", "attn.in_proj_weight"],
      ["ln_2", "mlp.c_fc", "mlp.c_fc.weight"],
    ] as const) {
      const largest = layers.get(block + layer)?.largest;
      if (!largest) continue;
      const factors = smoothingOf(largest, weightOf(block + weight));
      const divide: Change = (own) => {
        for (const [i, factor] of factors.entries()) own[i] = (own[i] ?? 0) / factor;
      };
      change(`${block}${norm}.weight`, divide);
      change(`${block}${norm}.bias`, divide);
      change(block + weight, (own) => scaleColumns(own, factors));
    }
  }
  return changed;
}

/** @param layer by the compiler's name. @returns whether what makes its input takes the division in */
export const folds = (source: TensorSource, layer: string): boolean =>
  /\.(?:attn\.in_proj|mlp\.c_fc)$/.test(layer) ||
  (layer.endsWith("attn.out_proj") && source.has(layer.replace(/out_proj$/, "in_proj_weight")));

/** @returns e.g. `visual.transformer.resblocks.0.` */
const blocksOf = ({ names }: TensorSource): string[] =>
  names.flatMap((name) => /^(.*\.)attn\.in_proj_weight$/.exec(name)?.[1] ?? []);

/** @param all weight [3 * width, width] or bias [3 * width] of queries, keys and values, which come last */
function divideValues(all: Float32Array, factors: Float32Array): void {
  const inputs = all.length / (3 * factors.length);
  const first = 2 * factors.length;
  for (const [row, factor] of factors.entries()) {
    const at = (first + row) * inputs;
    for (let i = at; i < at + inputs; i++) all[i] = (all[i] ?? 0) / factor;
  }
}
