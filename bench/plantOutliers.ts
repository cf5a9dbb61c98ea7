// Activation outliers as trained CLIPs have them: a few channels that each block's layer norms make far larger, and the
// layer behind takes back, so that the function is the same.
import type { TensorSource } from "../src/build/checkpoint/tensorSource.ts";

const CHANNELS = 4;

/** @param gain how many times larger these channels are */
export function plantOutliers(source: TensorSource, gain: number): TensorSource {
  const read: TensorSource["read"] = (name, shape) => {
    const values = source.read(name, shape);
    const width = shape.at(-1) ?? 1;
    const norm = /\.ln_[12]\.(?:weight|bias)$/.test(name);
    if (!norm && !/\.(?:attn\.in_proj_weight|mlp\.c_fc\.weight)$/.test(name)) return values;
    for (let at = 0; at < values.length; at += width) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        const i = at + ((channel * 37) % width);
        values[i] = (values[i] ?? 0) * (norm ? gain : 1 / gain);
      }
    }
    return values;
  };
  return {
    names: source.names,
    has: (name) => source.has(name),
    shape: (name) => source.shape(name),
    isFloat: (name) => source.isFloat(name),
    close: () => source.close(),
    read,
  };
}
