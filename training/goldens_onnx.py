"""ONNX exports in the layouts that `models import` takes, with the vectors and ids of the models that they are exports of.

Random weights in small shapes: `clip` (transformers.js' layout, older operator set), `siglip` (Unigram tokenizer, the last
place pooled), `siglip2` (Gemma's BPE in small letters, 64 tokens, bilinear, with the scores of a picture), `mobileclip` (a
FastViT, fp16, bilinear, pictures of 0 to 1), `immich` (OpenCLIP, external data).

    python training/goldens_onnx.py test/goldens/import            # all of them
    python training/goldens_onnx.py test/goldens/import siglip2    # these
"""
import json
import shutil
import sys
from pathlib import Path

import onnx
import timm
import torch
from onnx.external_data_helper import convert_model_to_external_data
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor, CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionModelWithProjection, PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipTextModel, SiglipVisionModel

import gemma_tokenizer
import goldens
from goldens_hugging_face import TEXTS, tokenizer

SIZE, CONTEXT, DIM = 32, 12, 16


class Output(nn.Module):
    """One output of a transformers model, by the position that exporters give it."""

    def __init__(self, model: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, x: torch.Tensor) -> tuple:
        out = self.model(x)
        return tuple(out[name] for name in self.names)


def export(path: Path, model: nn.Module, example: torch.Tensor, given: str, outputs: list[str], opset: int = 14, free: tuple = (0,)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {given: {axis: ("batch_size", "sequence_length")[axis] for axis in free}, **{name: {0: "batch_size"} for name in outputs}}
    torch.onnx.export(model.eval(), (example,), path, input_names=[given], output_names=outputs, opset_version=opset, dynamic_axes=axes, dynamo=False)
    model = onnx.load(path)
    for node in model.graph.node:  # where in the source it came from, which is most of a small file
        node.doc_string = node.name = ""
        del node.metadata_props[:]
    del model.graph.value_info[:]
    kept = {value.name for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]}
    short = {name: f"v{number}" for number, name in enumerate(name for node in model.graph.node for name in node.output if name not in kept)}
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [short.get(name, name) for name in names]
    onnx.save(model, path)


def unit(rows: torch.Tensor) -> list:
    return [[round(value, 6) for value in row] for row in nn.functional.normalize(rows, dim=-1).tolist()]


def normal(pixels: torch.Tensor, mean: tuple, std: tuple) -> torch.Tensor:
    return ((pixels.float() / 255 - torch.tensor(mean)) / torch.tensor(std)).permute(0, 3, 1, 2)


def to_half(path: Path) -> None:
    """Weights and arithmetic in fp16, pictures and vectors too, as exporters' *_fp16.onnx."""
    from onnx import TensorProto, numpy_helper

    model = onnx.load(path)
    half = lambda tensor: numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float16"), tensor.name)
    for tensor in [*model.graph.initializer]:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(half(tensor))
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t") and attribute.t.data_type == TensorProto.FLOAT:
                attribute.t.CopyFrom(half(attribute.t))
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    del model.graph.value_info[:]
    onnx.save(model, path)


def settings(folder: Path, config: dict, processor: dict) -> None:
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(processor) + "\n")


def clip_text(vocab: int) -> CLIPTextModelWithProjection:
    model = CLIPTextModelWithProjection(CLIPTextConfig(hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=vocab, max_position_embeddings=CONTEXT, projection_dim=DIM, bos_token_id=vocab - 2, eos_token_id=vocab - 1, pad_token_id=0, attn_implementation="eager"))
    goldens.randomize(model)
    return model.eval()


def inputs(vocab: int) -> tuple[torch.Tensor, torch.Tensor]:
    return goldens.inputs({"vision_cfg": {"image_size": SIZE}, "text_cfg": {"context_length": CONTEXT, "vocab_size": vocab}})


def clip(out: Path) -> None:
    words = tokenizer()
    vocab = words.bos_token_id + 2
    config = CLIPConfig(vision_config={"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIZE, "patch_size": 8, "projection_dim": DIM}, projection_dim=DIM)
    config.vision_config._attn_implementation = "eager"
    vision, text = CLIPVisionModelWithProjection(config.vision_config), clip_text(vocab)
    goldens.randomize(vision)
    pixels, ids = inputs(vocab)
    seen = normal(pixels, goldens.MEAN, goldens.STD)
    export(out / "onnx/vision_model.onnx", Output(vision, ["image_embeds", "last_hidden_state"]), seen, "pixel_values", ["image_embeds", "last_hidden_state"], opset=12)
    export(out / "onnx/text_model.onnx", Output(text, ["text_embeds"]), ids.long(), "input_ids", ["text_embeds"], free=(0, 1))
    words.save_pretrained(out)
    CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}).save_pretrained(out)
    (out / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": {"max_position_embeddings": CONTEXT}}) + "\n")
    encoded = words(TEXTS, padding="max_length", truncation=True, max_length=CONTEXT)["input_ids"]
    vectors = {"image": unit(vision(seen).image_embeds), "text": unit(text(ids.long()).text_embeds)}
    (out / "vectors.json").write_text(json.dumps(vectors | {"tokens": [{"text": each, "ids": row} for each, row in zip(TEXTS, encoded)]}) + "\n")


def unigram() -> PreTrainedTokenizerFast:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("▁a", -2.1), ("▁photo", -3.0), ("▁of", -2.9), ("▁cat", -4.0), ("s", -3.5), ("▁don", -5.0), ("t", -3.6), ("12", -5.1)]
    pieces += [(chr(code), -6.0 - code / 100) for code in range(97, 123) if chr(code) not in "st"] + [("猫", -9.0), ("é", -8.0)]
    words = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    words.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"), ""), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    words.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>", pad_token="</s>", unk_token="<unk>", model_max_length=CONTEXT)


def siglip(out: Path) -> None:
    words = unigram()
    vocab = len(words)
    config = SiglipConfig(vision_config={"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIZE, "patch_size": 8}, text_config={"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": vocab, "max_position_embeddings": CONTEXT, "projection_size": 8})
    for each in (config.vision_config, config.text_config):
        each._attn_implementation = "eager"
    vision, text = SiglipVisionModel(config.vision_config), SiglipTextModel(config.text_config)
    goldens.randomize(vision), goldens.randomize(text)
    pixels, _ = inputs(vocab)
    seen = normal(pixels, (0.5,) * 3, (0.5,) * 3)
    encoded = words(TEXTS, padding="max_length", truncation=True, max_length=CONTEXT, return_tensors="pt")["input_ids"]
    export(out / "onnx/vision_model.onnx", Output(vision, ["last_hidden_state", "pooler_output"]), seen, "pixel_values", ["last_hidden_state", "pooler_output"])
    export(out / "onnx/text_model.onnx", Output(text, ["last_hidden_state", "pooler_output"]), encoded, "input_ids", ["last_hidden_state", "pooler_output"], free=(0, 1))
    words.save_pretrained(out)
    settings(out, {"model_type": "siglip"}, {"do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "image_processor_type": "SiglipImageProcessor", "resample": 3, "rescale_factor": 1 / 255, "size": {"height": SIZE, "width": SIZE}})
    vectors = {"image": unit(vision(seen).pooler_output), "text": unit(text(encoded).pooler_output)}
    (out / "vectors.json").write_text(json.dumps(vectors | {"tokens": [{"text": each, "ids": row} for each, row in zip(TEXTS, encoded.tolist())]}) + "\n")


# What only this tokenizer does: tags and runs as tokens, marks as text, bytes, and the cut at 64 with the end kept.
GEMMA_TEXTS = ["a  b   c        d\n\n\ne\n\n\n\n\n\n\nf\t\tg", "<table><tr>A</tr></TABLE>\n<b>bold</b> <br>", "▁ ▁▁ a▁▁▁b", "<eos> <bos>a<pad> <unk> <mask> <start_of_turn>user\n", "[@BOS@] <unused0> <2mass>", "constructor __proto__ prototype constructor", "ΟΔΥΣΣΕΥΣ ΣΊΣΥΦΟΣ", "a " * 62 + "b", "a " * 63 + "b", "a" * 62, "\u1e9e \u0130\u0307 \u1fb3 \ufb03", "\r\nnew\rline ", "ༀ ᚠᛇᚻ 𓀀"]


def hostile(out: Path) -> list[str]:
    """Those of the other tokenizers' goldens first. A lone surrogate is no text to transformers."""
    texts = [each["text"] for each in json.loads((out.parents[1] / "text/open_clip.json").read_text())]
    return [text for text in dict.fromkeys(texts + TEXTS + GEMMA_TEXTS) if not any(0xD800 <= ord(letter) < 0xE000 for letter in text)]


def siglip2(out: Path) -> None:
    words = gemma_tokenizer.save(out)
    vocab, context = len(words), gemma_tokenizer.CONTEXT
    config = SiglipConfig(vision_config={"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": SIZE, "patch_size": 8}, text_config={"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": vocab, "projection_size": 8})
    for each in (config, config.vision_config, config.text_config):
        each._attn_implementation = "eager"
    model = SiglipModel(config).eval()
    goldens.randomize(model)
    # Most of a text is pads: without this all would be nearly one vector.
    for name, value in model.text_model.named_parameters():
        if "token_embedding" in name or "q_proj" in name or "k_proj" in name:
            value.data *= 5
    model.logit_scale.data.fill_(2.5)
    model.logit_bias.data.fill_(-2.0)
    pixels, _ = inputs(vocab)
    seen = normal(pixels, (0.5,) * 3, (0.5,) * 3)
    texts = hostile(out)
    encoded = torch.tensor(gemma_tokenizer.encode(words, texts))
    pooled = ["last_hidden_state", "pooler_output"]
    export(out / "onnx/vision_model.onnx", Output(model.vision_model, pooled), seen, "pixel_values", pooled)
    export(out / "onnx/text_model.onnx", Output(model.text_model, pooled), encoded[:2], "input_ids", pooled, free=(0, 1))
    processor = SiglipImageProcessorPil(size={"height": SIZE, "width": SIZE}, resample=2)
    # As SigLIP 2's folders with one size say it: SigLIP's classes, and nothing of a text but the size of its table.
    settings(out, {"model_type": "siglip", "text_config": {"model_type": "siglip_text_model", "vocab_size": vocab}, "vision_config": {"image_size": SIZE, "model_type": "siglip_vision_model"}}, {"do_convert_rgb": None, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "image_processor_type": "SiglipImageProcessor", "processor_class": "SiglipProcessor", "resample": 2, "rescale_factor": 1 / 255, "size": {"height": SIZE, "width": SIZE}})
    # A picture and its labels through the whole of it, with the scores that transformers gives.
    labels = ["Photo", "cat", "Ocean", "straße"]
    ids = torch.tensor(gemma_tokenizer.encode(words, [f"a {label}" for label in labels]))
    picture = processor(Image.open("test/fixtures/pictures/hat.jpg"), return_tensors="pt")["pixel_values"]
    logits = model(input_ids=ids, pixel_values=picture).logits_per_image[0]
    scores = {"scale": model.logit_scale.exp().item(), "bias": model.logit_bias.item(), "picture": "hat", "labels": labels, "scores": torch.sigmoid(logits).tolist()}
    used = [row[: max((place + 1 for place, each in enumerate(row) if each), default=0)] for row in encoded.tolist()]
    vectors = {"image": unit(model.vision_model(seen).pooler_output), "text": unit(model.text_model(encoded).pooler_output), "scores": scores}
    (out / "vectors.json").write_text(json.dumps(vectors | {"tokens": [{"text": each, "ids": row} for each, row in zip(texts, used)]}, ensure_ascii=False) + "\n")


def mobileclip(out: Path) -> None:
    words = tokenizer()
    vocab = words.bos_token_id + 2
    vision = timm.models.fastvit.FastVit(layers=(1, 1, 1, 1), embed_dims=(8, 8, 16, 16), mlp_ratios=(1, 1, 1, 1), token_mixers=("repmixer",) * 4, pos_embs=(None,) * 4, num_classes=DIM, fork_feat=False, cls_ratio=1.0, inference_mode=True).eval()
    text = clip_text(vocab)
    for value in [*vision.parameters(), *text.parameters()]:
        value.data = value.data.half().float()
    pixels, ids = inputs(vocab)
    seen = normal(pixels, (0,) * 3, (1,) * 3)
    export(out / "onnx/vision_model_fp16.onnx", vision, seen, "pixel_values", ["image_embeds"])
    to_half(out / "onnx/vision_model_fp16.onnx")
    export(out / "onnx/text_model.onnx", Output(text, ["text_embeds"]), ids.long(), "input_ids", ["text_embeds"], free=(0, 1), opset=17)
    words.save_pretrained(out)
    settings(out, {"model_type": "clip"}, {"crop_size": {"height": SIZE, "width": SIZE}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": False, "do_rescale": True, "do_resize": True, "image_processor_type": "CLIPImageProcessor", "resample": 2, "rescale_factor": 1 / 255, "size": {"shortest_edge": SIZE}})
    (out / "tokenizer_config.json").write_text(json.dumps(json.loads((out / "tokenizer_config.json").read_text()) | {"model_max_length": CONTEXT}) + "\n")
    (out / "vectors.json").write_text(json.dumps({"image": unit(vision(seen)), "text": unit(text(ids.long()).text_embeds)}) + "\n")


def immich(out: Path) -> None:
    words = tokenizer()
    vocab = words.bos_token_id + 2
    config = {"embed_dim": DIM, "vision_cfg": {"image_size": SIZE, "patch_size": 8, "width": 8, "layers": 1, "head_width": 4}, "text_cfg": {"context_length": CONTEXT, "vocab_size": vocab, "width": 8, "heads": 2, "layers": 1}}
    model = goldens.model_of(config)
    goldens.randomize(model)
    model.eval()

    class Side(nn.Module):
        def __init__(self, encode) -> None:
            super().__init__()
            self.model, self.encode = model, encode

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.encode(x, normalize=True)

    torch.backends.mha.set_fastpath_enabled(False)
    pixels, ids = inputs(vocab)
    seen = normal(pixels, goldens.MEAN, goldens.STD)
    export(out / "visual/model.onnx", Side(model.encode_image), seen, "image", ["embedding"], opset=18)
    export(out / "textual/model.onnx", Side(model.encode_text), ids.int(), "text", ["embedding"], opset=18)
    path = out / "textual/model.onnx"
    whole = onnx.load(path)
    convert_model_to_external_data(whole, location="model.onnx.data", size_threshold=256)
    path.unlink()
    onnx.save(whole, path)
    words.save_pretrained(out / "textual")
    (out / "config.json").write_text(json.dumps(config) + "\n")
    (out / "visual/preprocess_cfg.json").write_text(json.dumps({"size": [SIZE, SIZE], "mode": "RGB", "mean": goldens.MEAN, "std": goldens.STD, "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0}) + "\n")
    (out / "vectors.json").write_text(json.dumps({"image": unit(model.encode_image(seen)), "text": unit(model.encode_text(ids.long()))}) + "\n")


@torch.no_grad()
def main() -> None:
    makers = (clip, siglip, siglip2, mobileclip, immich)
    for make in [each for each in makers if each.__name__ in (sys.argv[2:] or [each.__name__])]:
        torch.manual_seed(1)
        out = Path(sys.argv[1]) / make.__name__
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        make(out)
        onnx_files = [*out.rglob("*.onnx")]
        for path in onnx_files:
            onnx.checker.check_model(path)


if __name__ == "__main__":
    main()
