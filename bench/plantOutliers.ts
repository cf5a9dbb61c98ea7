// Activation outliers as trained CLIPs have them: a few channels far larger than the others, and weights behind them that take it back.
import { altered } from "../src/build/checkpoint/altered.ts";
import type { TensorSource } from "../src/build/checkpoint/tensorSource.ts";

const CHANNELS = 4;

/** Where they are: behind a block's layer norms, among the values that attention mixes, or behind GELU. */
export type Site = "layer norms" | "out_proj" | "c_proj";

interface Planted {
  tensor: RegExp;
  /** Of a matrix; what is no matrix has a value a channel. */
  along: "rows" | "columns";
  gains: boolean;
  /** Rows of queries and keys come before these. */
  from?: (rows: number) => number;
}

const valuesFrom = (rows: number) => (2 * rows) / 3;
const SITES: Record<Site, Planted[]> = {
  "layer norms": [
    { tensor: /\.ln_[12]\.(?:weight|bias)$/, along: "rows", gains: true },
    { tensor: /\.(?:attn\.in_proj_weight|mlp\.c_fc\.weight)$/, along: "columns", gains: false },
  ],
  out_proj: [
    { tensor: /\.attn\.in_proj_(?:weight|bias)$/, along: "rows", gains: true, from: valuesFrom },
    { tensor: /\.attn\.out_proj\.weight$/, along: "columns", gains: false },
  ],
  // GELU of what is much larger is nearly a ReLU: another function, and a model of its own.
  c_proj: [
    { tensor: /\.mlp\.c_fc\.(?:weight|bias)$/, along: "rows", gains: true },
    { tensor: /\.mlp\.c_proj\.weight$/, along: "columns", gains: false },
  ],
};

/** @param gain how many times larger these channels are */
export const plantOutliers = (source: TensorSource, gain: number, site: Site = "layer norms"): TensorSource =>
  altered(source, (name, values, shape) => {
    const planted = SITES[site].find(({ tensor }) => tensor.test(name));
    if (!planted) return;
    const factor = planted.gains ? gain : 1 / gain;
    const [rows = 1, columns = 1] = shape;
    const first = planted.from?.(rows) ?? 0;
    const channels = planted.along === "rows" ? rows - first : columns;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const at = (channel * 37) % channels;
      if (planted.along === "rows") {
        for (let i = (first + at) * columns; i < (first + at + 1) * columns; i++) values[i] = (values[i] ?? 0) * factor;
      } else for (let i = at; i < values.length; i += columns) values[i] = (values[i] ?? 0) * factor;
    }
  });
