"""Golden vectors and ids of transformers' CLIPModel and CLIPTokenizer, and the same weights in OpenCLIP's layout.

Random weights in three folders: `hugging-face` (fp32 in shards, the tokenizer as transformers saves it), `hugging-face-old`
(fp16, a configuration as old versions wrote it), and `hugging-face/open_clip`, whose vectors are checked here to be the same.

    python training/goldens_hugging_face.py test/goldens/parity
"""
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

import goldens

# No "!" in them: as the pad, transformers also takes it out of a text, which its own training never did.
TEXTS = ["a photo of a cat.", "  Ａ   Full\u00a0width\tＴｅｘｔ ", "e\u0301 und \u00e9", "&lt;b&gt; &amp;amp; &quot;", "schÃ¶n â€œquotedâ€\u009d", "猫の写真 🐈‍⬛", "Straße İstanbul ΣΊΣΥΦΟΣ", "", "word " * 40, "it's 1234 don't???"]


def tokenizer() -> CLIPTokenizer:
    """Bytes, bytes at a word's end, a few merges, and the two special tokens last."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(256 - len(printable))]
    merges = [("c", "a"), ("ca", "t</w>"), ("o", "f</w>"), ("p", "h"), ("ph", "o"), ("t", "o</w>")]
    vocab = names + [f"{name}</w>" for name in names] + [a + b for a, b in merges]
    vocab += ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: index for index, token in enumerate(vocab)}, merges=[*merges], pad_token="!")


def to_open_clip(state: dict) -> dict:
    out = {}
    for name, value in state.items():
        tower, _, rest = name.partition(".")
        prefix = {"vision_model": "visual."}.get(tower, "")
        if name == "logit_scale":
            out[name] = value
        elif name in ("visual_projection.weight", "text_projection.weight"):
            out[{"visual_projection": "visual.proj", "text_projection": "text_projection"}[tower]] = value.T.contiguous()
        elif ".encoder.layers." in name:
            layer, part = rest.removeprefix("encoder.layers.").split(".", 1)
            if ".k_proj" in part or ".v_proj" in part:
                continue
            if ".q_proj" in part:
                value = torch.cat([state[name.replace("q_proj", f"{each}_proj")] for each in "qkv"])
                part = f"attn.in_proj_{part.rpartition('.')[2]}"
            for here, there in (("layer_norm", "ln_"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"), ("self_attn.out_proj", "attn.out_proj")):
                part = part.replace(here, there)
            out[f"{prefix}transformer.resblocks.{layer}.{part}"] = value
        else:
            names = {"embeddings.class_embedding": "class_embedding", "embeddings.patch_embedding.weight": "conv1.weight", "embeddings.position_embedding.weight": "positional_embedding", "embeddings.token_embedding.weight": "token_embedding.weight"}
            for here, there in (("pre_layrnorm", "ln_pre"), ("post_layernorm", "ln_post"), ("final_layer_norm", "ln_final")):
                names |= {f"{here}.{kind}": f"{there}.{kind}" for kind in ("weight", "bias")}
            out[prefix + names[rest]] = value
    return out


@torch.no_grad()
def vectors(model: CLIPModel, pixels: torch.Tensor, ids: torch.Tensor) -> dict:
    normal = ((pixels.float() / 255 - torch.tensor(goldens.MEAN)) / torch.tensor(goldens.STD)).permute(0, 3, 1, 2)
    output = model.eval()(input_ids=ids, pixel_values=normal)
    return {"image": output.image_embeds.tolist(), "text": output.text_embeds.tolist()}


@torch.no_grad()
def hidden(model: CLIPModel, ids: torch.Tensor) -> dict:
    """What Stable Diffusion conditions on, of the first text: 1.x, XL, 2.x, and XL's pooled vector."""
    output = model.text_model(ids[:1], output_hidden_states=True)
    penultimate = output.hidden_states[-2]
    values = {"last_hidden_state": output.last_hidden_state, "penultimate_hidden_state": penultimate, "penultimate_normed": model.text_model.final_layer_norm(penultimate), "text_embeds": model.text_projection(output.pooler_output)}
    return {name: [round(number, 6) for number in value.flatten().tolist()] for name, value in values.items()}


def config(activation: str, eos: int, bos: int) -> tuple[CLIPConfig, dict]:
    text = {"hidden_size": 24, "intermediate_size": 60, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": bos + 2, "max_position_embeddings": 16, "hidden_act": activation, "layer_norm_eps": 1e-4, "eos_token_id": eos, "bos_token_id": bos, "pad_token_id": 0}
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 16, "hidden_act": activation, "layer_norm_eps": 1e-4}
    clip = {"embed_dim": 20, "quick_gelu": activation == "quick_gelu", "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 16, "mlp_ratio": 2.0, "norm_kwargs": {"eps": 1e-4}}, "text_cfg": {"context_length": 16, "vocab_size": bos + 2, "width": 24, "heads": 2, "layers": 2, "mlp_ratio": 2.5, "norm_kwargs": {"eps": 1e-4}}}
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=20), clip


def main() -> None:
    out = Path(sys.argv[1])
    torch.manual_seed(1)
    words = tokenizer()
    bos = words.bos_token_id
    for name, activation, eos in (("hugging-face", "gelu", bos + 1), ("hugging-face-old", "quick_gelu", 2)):
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        hf, clip = config(activation, eos, bos)
        model = CLIPModel(hf).eval()
        goldens.randomize(model)
        model.logit_scale.data.fill_(3.25)
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half())
        pixels, ids = goldens.inputs(clip)
        golden = vectors(model, pixels, ids) | {"hidden": hidden(model, ids)}
        if name == "hugging-face":
            model.save_pretrained(folder, max_shard_size="100KB")
            words.save_pretrained(folder)
            CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
            encoded = words(TEXTS, padding="max_length", truncation=True, max_length=16)["input_ids"]
            golden["tokens"] = [{"text": text, "ids": row} for text, row in zip(TEXTS, encoded)]
            state = to_open_clip(model.state_dict())
            (folder / "open_clip").mkdir()
            save_file({key: value.half().contiguous() for key, value in state.items()}, folder / "open_clip" / "open_clip_model.safetensors")
            (folder / "open_clip" / "open_clip_config.json").write_text(json.dumps({"model_cfg": clip, "preprocess_cfg": {"mean": goldens.MEAN, "std": goldens.STD}}, indent=1) + "\n")
            same = goldens.model_of(clip)
            same.load_state_dict(state, strict=False)
            again = goldens.vectors(same, clip)
            for side in ("image", "text"):
                assert torch.allclose(torch.tensor(again[side]), torch.tensor(golden[side]), atol=1e-6), side
        else:
            model.half().save_pretrained(folder)
            # As before transformers 4.31: `…_config_dict` wins, keys left out, 2 for the end of text, keys of generation.
            stated = json.loads((folder / "config.json").read_text())
            text, vision = stated["text_config"], stated["vision_config"]
            for key in ("hidden_act", "bos_token_id", "initializer_range"):
                text.pop(key), vision.pop(key, None)
            stated |= {"text_config_dict": dict(text), "vision_config_dict": None, "text_config": text | {"num_hidden_layers": 7, "top_k": 50, "pruned_heads": {}, "bad_words_ids": None}}
            (folder / "config.json").write_text(json.dumps(stated, indent=1) + "\n")
            (folder / "vocab.json").write_text(json.dumps(dict(sorted(words.get_vocab().items(), key=lambda each: each[1]))))
            merges = json.loads((out / "hugging-face" / "tokenizer.json").read_text())["model"]["merges"]
            (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
            again = vectors(CLIPModel.from_pretrained(folder, dtype=torch.float32), pixels, ids)
            for side in ("image", "text"):
                assert torch.allclose(torch.tensor(again[side]), torch.tensor(golden[side]), atol=1e-6), side
        (folder / "vectors.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
