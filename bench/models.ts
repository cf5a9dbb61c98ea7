// Configurations of the field's own table, for what is measured with random weights.

const text = (width: number, heads: number, layers: number) => ({
  ...{ context_length: 77, vocab_size: 49408, width, heads, layers },
});
const vision = (width: number, layers: number, patch: number, rest: object = {}) => ({
  ...{ image_size: 224, width, layers, patch_size: patch },
  ...rest,
});

/** As open_clip's model_configs have them. */
export const MODELS: Record<string, object> = {
  "ViT-B-32": { embed_dim: 512, vision_cfg: vision(768, 12, 32), text_cfg: text(512, 8, 12) },
  "ViT-L-14": { embed_dim: 768, vision_cfg: vision(1024, 24, 14), text_cfg: text(768, 12, 12) },
  "ViT-H-14": { embed_dim: 1024, vision_cfg: vision(1280, 32, 14, { head_width: 80 }), text_cfg: text(1024, 16, 24) },
  "ViT-bigG-14": {
    embed_dim: 1280,
    vision_cfg: vision(1664, 48, 14, { head_width: 104, mlp_ratio: 4.9231 }),
    text_cfg: text(1280, 20, 32),
  },
};
