"""Unit vectors of pictures and texts by a model in eval mode, in fp32 unless `autocast` says otherwise."""
import contextlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from augment import normalise, to_float
from model import Clip
from prompts import trim
from tokenizer import Tokenizer


def of_pictures(model: Clip, views: np.ndarray, size: int, device: str = "cpu", autocast: contextlib.AbstractContextManager | None = None) -> Tensor:
    """views uint8 [N, S, S, 3], shrunk to `size` where that is smaller -> [N, D] on the CPU"""
    out = []
    with torch.no_grad(), autocast or contextlib.nullcontext():
        for start in range(0, len(views), 256):
            x = to_float(torch.from_numpy(views[start : start + 256]), device)
            if x.shape[-1] != size:
                x = F.interpolate(x, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
            out.append(model.image(normalise(x)).cpu())
    return torch.cat(out)


def of_texts(model: Clip, tokenizer: Tokenizer, texts: list[str], device: str = "cpu") -> Tensor:
    """[M, D] on the CPU"""
    with torch.no_grad():
        ids = torch.tensor([tokenizer(t) for t in texts])
        return torch.cat([model.text(trim(part).to(device)).cpu() for part in ids.split(1024)])


def of_labels(model: Clip, ids: Tensor, device: str = "cpu") -> Tensor:
    """ids [templates, L, T] -> [L, D] on the CPU: mean over the templates, unit again"""
    with torch.no_grad():
        return F.normalize(torch.stack([model.text(trim(of_template).to(device)).cpu() for of_template in ids]).mean(0), dim=-1)
