// Tensor names of a Hugging Face CLIPModel to the canonical ones.
// Names: https://github.com/huggingface/transformers/blob/main/src/transformers/models/clip/modeling_clip.py
import type { Recipe } from "./renamed.ts";

const TOWER: Record<string, string> = { vision_model: "visual.", text_model: "" };

/** Outside the blocks, without the tower. `pre_layrnorm` is how they spell it. */
const AROUND: Record<string, string> = {
  "embeddings.class_embedding": "class_embedding",
  "embeddings.patch_embedding.weight": "conv1.weight",
  "embeddings.token_embedding.weight": "token_embedding.weight",
  "embeddings.position_embedding.weight": "positional_embedding",
  "pre_layrnorm.weight": "ln_pre.weight",
  "pre_layrnorm.bias": "ln_pre.bias",
  "post_layernorm.weight": "ln_post.weight",
  "post_layernorm.bias": "ln_post.bias",
  "final_layer_norm.weight": "ln_final.weight",
  "final_layer_norm.bias": "ln_final.bias",
};

const IN_BLOCK: Record<string, string> = {
  layer_norm1: "ln_1",
  layer_norm2: "ln_2",
  "mlp.fc1": "mlp.c_fc",
  "mlp.fc2": "mlp.c_proj",
  "self_attn.out_proj": "attn.out_proj",
};

/** A linear layer there, a matrix here. */
const PROJECTIONS: Record<string, string> = {
  "visual_projection.weight": "visual.proj",
  "text_projection.weight": "text_projection",
};

/** Buffers of older versions. */
const NOT_WEIGHTS = /\.embeddings\.position_ids$/;
const BLOCK = /^encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/;

/** @throws Error naming a tensor that a CLIPModel does not have */
export function huggingFaceNames(names: readonly string[]): Map<string, Recipe> {
  const recipes = new Map<string, Recipe>();
  const one = (canonical: string, part: string, turned = false) => recipes.set(canonical, { parts: [part], turned });
  for (const name of names) {
    if (NOT_WEIGHTS.test(name)) continue;
    const projection = PROJECTIONS[name];
    if (name === "logit_scale") one(name, name);
    else if (projection) one(projection, name, true);
    else {
      const dot = name.indexOf(".");
      const tower = TOWER[name.slice(0, dot)];
      const canonical = tower === undefined ? undefined : inTower(name.slice(dot + 1));
      if (tower === undefined || canonical === undefined) throw new Error(`${name} is no tensor of a CLIPModel`);
      // The key and value projections come along with the query's.
      if (canonical === "") continue;
      if (canonical.includes(".attn.in_proj_")) {
        const parts = ["q_proj", "k_proj", "v_proj"].map((part) => name.replace("q_proj", part));
        recipes.set(`${tower}${canonical}`, { parts, turned: false });
      } else one(`${tower}${canonical}`, name);
    }
  }
  return recipes;
}

/** @returns the name without its tower, "" for what is part of another tensor, undefined for what is unknown */
function inTower(name: string): string | undefined {
  const around = AROUND[name];
  if (around) return around;
  const [, layer, part = "", kind] = BLOCK.exec(name) ?? [];
  if (layer === undefined) return undefined;
  const block = `transformer.resblocks.${layer}`;
  if (part === "self_attn.q_proj") return `${block}.attn.in_proj_${kind}`;
  if (part === "self_attn.k_proj" || part === "self_attn.v_proj") return "";
  const known = IN_BLOCK[part];
  return known && `${block}.${known}.${kind}`;
}
