"""Golden vectors of the reference implementation, open_clip_torch, for the compiler's parity tests.

Random-weight checkpoints of other shapes are made with a fixed seed and kept beside their vectors; of a real checkpoint
only the vectors are kept. Pictures and ids come from a formula that the tests repeat (test/build/goldenInputs.ts).

    python training/goldens.py test/goldens/parity                        # the random ones
    python training/goldens.py test/goldens/pack NAME=CHECKPOINT_DIR ...   # these only
"""
import json
import sys
from pathlib import Path

import open_clip
import torch
from open_clip.coca_model import CoCa
from safetensors.torch import load_file, save_file

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
COUNT = 3

SHAPES = {
    "vit-gelu": (torch.float16, False, {"image_size": 32, "patch_size": 8, "width": 64, "layers": 2, "head_width": 16}, {"context_length": 16, "vocab_size": 512, "width": 48, "heads": 3, "layers": 2}, 40),
    "vit-quickgelu": (torch.float32, True, {"image_size": 48, "patch_size": 16, "width": 48, "layers": 3, "head_width": 24, "mlp_ratio": 3.0}, {"context_length": 77, "vocab_size": 300, "width": 32, "heads": 2, "layers": 1}, 24),
    "modified-resnet": (torch.float16, False, {"image_size": 64, "layers": [1, 2, 1, 1], "width": 4, "head_width": 64}, {"context_length": 12, "vocab_size": 256, "width": 32, "heads": 4, "layers": 1}, 32),
    # Head width and MLP ratio of g/14, and of bigG/14.
    "vit-g": (torch.float16, False, {"image_size": 28, "patch_size": 14, "width": 44, "layers": 1, "head_width": 22, "mlp_ratio": 4.3637}, {"context_length": 12, "vocab_size": 128, "width": 32, "heads": 2, "layers": 1}, 32),
    "vit-big-g": (torch.float16, False, {"image_size": 28, "patch_size": 14, "width": 52, "layers": 1, "head_width": 26, "mlp_ratio": 4.9231}, {"context_length": 12, "vocab_size": 128, "width": 40, "heads": 2, "layers": 1}, 40),
    # As CLIPA's picture side: no layer norm in front, the mean of the patches.
    "vit-mean": (torch.float16, False, {"image_size": 32, "patch_size": 8, "width": 32, "layers": 1, "head_width": 16, "no_ln_pre": True, "pool_type": "avg", "final_ln_after_pool": True, "pos_embed_type": "sin_cos_2d"}, {"context_length": 12, "vocab_size": 128, "width": 32, "heads": 2, "layers": 1, "no_causal_mask": True, "pool_type": "last", "proj_bias": True, "act_kwargs": {"approximate": "tanh"}, "norm_kwargs": {"eps": 1e-3}}, 24),
    "vit-scaled": (torch.float16, False, {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16, "pool_type": "avg", "ls_init_value": 1e-4}, {"context_length": 12, "vocab_size": 128, "width": 24, "heads": 2, "layers": 1, "pool_type": "eos", "eos_id": 127, "ls_init_value": 1e-4, "proj_type": "none"}, 24),
    "coca": (torch.float16, False, {"image_size": 32, "patch_size": 8, "width": 32, "layers": 1, "head_width": 16, "attentional_pool": True, "attn_pooler_queries": 5, "attn_pooler_heads": 2, "output_tokens": True}, {"context_length": 12, "vocab_size": 128, "width": 32, "heads": 2, "layers": 1, "embed_cls": True, "output_tokens": True}, 24),
    "coca-equal": (torch.float16, True, {"image_size": 32, "patch_size": 8, "width": 32, "layers": 1, "head_width": 16, "attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 4, "pool_type": "avg", "output_tokens": True}, {"context_length": 9, "vocab_size": 128, "width": 16, "heads": 2, "layers": 2, "embed_cls": True, "pad_id": 3, "output_tokens": True}, 32),
}


class Generator:
    """Numerical Recipes' linear congruential generator; the upper bits are used."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, bound: int) -> int:
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 8) % bound


def inputs(config: dict) -> tuple[torch.Tensor, torch.Tensor]:
    size = config["vision_cfg"]["image_size"]
    context, vocab = config["text_cfg"]["context_length"], config["text_cfg"]["vocab_size"]
    draw = Generator(1)
    pixels = torch.tensor([draw.below(256) for _ in range(COUNT * size * size * 3)], dtype=torch.uint8).view(COUNT, size, size, 3)
    ids = torch.zeros(COUNT, context, dtype=torch.long)
    for row in range(COUNT):
        length = 3 + draw.below(context - 3)
        ids[row, :length] = torch.tensor([vocab - 2] + [draw.below(vocab - 2) for _ in range(length - 2)] + [vocab - 1])
    if config["text_cfg"].get("embed_cls"):
        # Pads decide what CoCa's class token sees: they are its own, and one text has none.
        ids[ids == 0] = config["text_cfg"].get("pad_id", 0)
        ids[-1] = torch.tensor([vocab - 2, *range(10, 10 + context - 2), vocab - 1])
    return pixels, ids


def model_of(config: dict) -> torch.nn.Module:
    options = {key: config[key] for key in ("embed_dim", "vision_cfg", "text_cfg", "quick_gelu") if key in config}
    if "multimodal_cfg" in config:
        return CoCa(**options, multimodal_cfg=config["multimodal_cfg"])
    return (open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP)(**options)


def randomize(model: torch.nn.Module) -> None:
    """Weights that no part of the graph can hide behind: no zeros, no ones, batch statistics away from their start."""
    for name, value in model.state_dict().items():
        if not value.is_floating_point() or name.endswith("attn_mask"):
            continue
        fan = value[0].numel() if value.ndim > 1 else 1
        noise = torch.randn_like(value)
        if name.endswith("running_var"):
            value.copy_(0.5 + noise.abs())
        elif value.ndim == 1 and name.endswith("weight"):
            value.copy_(1 + 0.2 * noise)
        elif value.ndim > 1 and "embedding" not in name:
            value.copy_(noise / fan**0.5)
        elif value.ndim > 0:
            value.copy_(0.2 * noise)


@torch.no_grad()
def vectors(model: torch.nn.Module, config: dict) -> dict:
    pixels, ids = inputs(config)
    normal = (pixels.float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    model.eval()
    image = model.encode_image(normal.permute(0, 3, 1, 2), normalize=True)
    text = model.encode_text(ids, normalize=True)
    return {"image": image.tolist(), "text": text.tolist()}


def write_random(out: Path) -> None:
    torch.manual_seed(0)
    for name, (dtype, quick_gelu, vision, text, dim) in SHAPES.items():
        config = {"embed_dim": dim, "quick_gelu": quick_gelu, "vision_cfg": vision, "text_cfg": text}
        if text.get("proj_bias") or text.get("proj_type"):
            config["custom_text"] = True
        if text.get("embed_cls"):
            config |= {"custom_text": True, "multimodal_cfg": {"context_length": text["context_length"], "vocab_size": text["vocab_size"], "width": 16, "heads": 2, "layers": 1}}
        model = model_of(config)
        randomize(model)
        state = {key: value.to(dtype if value.ndim > 1 else value.dtype).contiguous() for key, value in model.state_dict().items() if not key.endswith("attn_mask")}
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        save_file(state, folder / "open_clip_model.safetensors")
        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {"mean": MEAN, "std": STD}}, indent=1) + "\n")
        model.load_state_dict(state, strict=False)
        (folder / "vectors.json").write_text(json.dumps(vectors(model, config)) + "\n")


def main() -> None:
    out, named = Path(sys.argv[1]), sys.argv[2:]
    if not named:
        write_random(out)
    for argument in named:
        name, folder = argument.split("=", 1)
        config = json.loads((Path(folder) / "open_clip_config.json").read_text())["model_cfg"]
        model = model_of(config)
        model.load_state_dict(load_file(Path(folder) / "open_clip_model.safetensors"), strict=False)
        (out / name).mkdir(parents=True, exist_ok=True)
        (out / name / "vectors.json").write_text(json.dumps(vectors(model, config)) + "\n")


if __name__ == "__main__":
    main()
