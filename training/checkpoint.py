"""Checkpoints on disk: OpenCLIP's layout, read and written without further packages, and the state that a run goes on from.

A checkpoint folder holds open_clip_model.safetensors (matrices fp16, vectors fp32), open_clip_config.json and tokenizer.json.
Every file is written beside its name and then renamed, so that a killed run leaves the former one whole.
"""
import json
import os
import struct
from pathlib import Path
from typing import Callable

import torch
from torch import Tensor

import tokenizer
from model import HEAD, MEAN, STD, Clip

WEIGHTS, CONFIG, TOKENIZER = "open_clip_model.safetensors", "open_clip_config.json", "tokenizer.json"
DTYPES = {"F16": torch.float16, "F32": torch.float32}


def replace(path: Path, write: Callable[[Path], object]) -> None:
    beside = path.with_name(path.name + ".tmp")
    write(beside)
    os.replace(beside, path)


def save_state(path: Path, state: dict) -> None:
    replace(path, lambda beside: torch.save(state, beside))


def write_safetensors(path: Path, tensors: dict[str, Tensor]) -> None:
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in sorted(tensors.items()):
        half = tensor.ndim > 1
        blob = tensor.detach().cpu().contiguous().to(torch.float16 if half else torch.float32).numpy().tobytes()
        header[name] = {"dtype": "F16" if half else "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    replace(path, lambda beside: beside.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs)))


def read_safetensors(path: Path) -> dict[str, Tensor]:
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    data = memoryview(content)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(data[start:end]), dtype=DTYPES[entry["dtype"]]).view(entry["shape"])
    return tensors


def open_clip_config(config: dict) -> dict:
    vision = {"image_size": config["image_size"], "layers": list(config["layers"]), "width": config["width"], "head_width": HEAD}
    text = {"context_length": config["context"], "vocab_size": config["vocab"], "width": config["text_width"],
            "heads": config["text_width"] // HEAD, "layers": config["text_layers"]}
    return {
        "model_cfg": {"embed_dim": config["embed_dim"], "quick_gelu": False, "vision_cfg": vision, "text_cfg": text},
        "preprocess_cfg": {"mean": list(MEAN), "std": list(STD), "interpolation": "bicubic", "resize_mode": "shortest"},
    }


def write(model: Clip, folder: Path) -> None:
    """tokenizer.json is there already: a run makes it before its model"""
    write_safetensors(folder / WEIGHTS, {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")})
    replace(folder / CONFIG, lambda beside: beside.write_text(json.dumps(open_clip_config(model.config), indent=2) + "\n"))


def folder_of(path: Path) -> Path:
    """where the tokenizer of a checkpoint folder, or of a run's state file, lies"""
    return path if path.is_dir() else path.parent


def read(path: Path) -> tuple[Clip, tokenizer.Tokenizer]:
    """A checkpoint folder, or a run's state.pt or held.pt, of which the averaged weights are taken; the model in eval mode."""
    if path.is_file():
        state = torch.load(path, map_location="cpu")
        config, weights = state["config"], state["ema"]
    else:
        config, weights = config_of(path / CONFIG), read_safetensors(path / WEIGHTS)
    model = Clip(config | {"drop_path": 0.0})
    missing, unexpected = model.load_state_dict(weights, strict=False)
    wrong = [name for name in missing if not name.endswith("num_batches_tracked")] + unexpected
    if wrong:
        raise ValueError(f"{path}: not a checkpoint of this architecture: {', '.join(wrong[:5])}")
    model.visual.to(memory_format=torch.channels_last)
    return model.eval(), tokenizer.load(folder_of(path) / TOKENIZER, config["context"])


def config_of(path: Path) -> dict:
    c = json.loads(path.read_text())["model_cfg"]
    vision, text = c["vision_cfg"], c["text_cfg"]
    return {
        "image_size": vision["image_size"], "layers": vision["layers"], "width": vision["width"], "embed_dim": c["embed_dim"],
        "text_width": text["width"], "text_layers": text["layers"], "context": text["context_length"], "vocab": text["vocab_size"],
    }
