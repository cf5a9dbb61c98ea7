"""What is done to pictures while training: crops on the CPU in 8 bits, the rest on whole batches where the model is."""
import math
from concurrent.futures import Executor

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from config import Augment
from model import MEAN, STD


def to_float(pixels: Tensor, device: str) -> Tensor:
    """uint8 [N, S, S, 3] -> float [N, 3, S, S] in 0..1, channels last in memory"""
    return pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div_(255)


def normalise(x: Tensor) -> Tensor:
    mean, std = (torch.tensor(v, device=x.device, dtype=x.dtype).view(1, 3, 1, 1) for v in (MEAN, STD))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


def crops(frames: np.ndarray, aspect: np.ndarray, size: int, c: Augment, draw: np.random.Generator, pool: Executor | None = None) -> Tensor:
    """squashed frames uint8 [N, F, F, 3], aspect [N] -> uint8 [N, size, size, 3]: random resized crops, half of them flipped"""
    n, side = len(frames), frames.shape[1]
    part = draw.uniform(*c.area, n)
    ratio = np.exp(draw.uniform(-math.log(c.stretch), math.log(c.stretch), n)) / aspect  # of the crop's sides in the squashed frame
    width, height = (np.minimum(1, np.sqrt(v)) * side for v in (part * ratio, part / ratio))
    left, top = draw.random(n) * (side - width), draw.random(n) * (side - height)
    flip = draw.random(n) < 0.5
    filter_ = Image.Resampling.BILINEAR if size <= 96 else Image.Resampling.BICUBIC  # PIL's bilinear averages when it shrinks
    out = np.empty((n, size, size, 3), np.uint8)

    def one(i: int) -> None:
        box = (left[i], top[i], left[i] + width[i], top[i] + height[i])
        view = np.asarray(Image.fromarray(frames[i]).resize((size, size), filter_, box=box))
        out[i] = view[:, ::-1] if flip[i] else view

    for _ in pool.map(one, range(n)) if pool else map(one, range(n)):
        pass
    return torch.from_numpy(out)


def uniform(n: int, low: float, high: float, x: Tensor) -> Tensor:
    """[n, 1, 1, 1] on x's device"""
    return torch.rand(n, 1, 1, 1, device=x.device) * (high - low) + low


def photometric(x: Tensor, c: Augment) -> Tensor:
    """brightness, contrast, saturation; some grey; some through fewer pixels"""
    n = len(x)
    x = x * uniform(n, 1 - c.light, 1 + c.light, x)
    mean = x.mean((2, 3), keepdim=True)
    x = (x - mean) * uniform(n, 1 - c.light, 1 + c.light, x) + mean
    luma = x.mean(1, keepdim=True)
    x = luma + (x - luma) * uniform(n, *c.saturation, x) * (uniform(n, 0, 1, x) >= c.grey)
    k = int(n * c.low_resolution)
    if k:
        share = float(torch.empty(1).uniform_(0.35, 0.8))
        low = F.interpolate(x[:k], scale_factor=share, mode="bilinear", antialias=True, align_corners=False)
        x = torch.cat([F.interpolate(low, x.shape[-1], mode="bilinear", align_corners=False), x[k:]])
    return x.clamp(0, 1)


def erase(x: Tensor, share: float) -> Tensor:
    """a grey rectangle of up to half the width and height over some pictures (random erasing)"""
    n, side = len(x), x.shape[-1]
    height, width = uniform(n, 0.1, 0.5, x) * side, uniform(n, 0.1, 0.5, x) * side
    cy, cx, grid = uniform(n, 0, side, x), uniform(n, 0, side, x), torch.arange(side, device=x.device)
    inside = ((grid.view(1, 1, -1, 1) - cy).abs() < height / 2) & ((grid.view(1, 1, 1, -1) - cx).abs() < width / 2)
    return x.masked_fill(inside & (uniform(n, 0, 1, x) < share), 0.45)


def mix(x: Tensor, alpha: float) -> tuple[Tensor, float]:
    """MixUp or CutMix with the reversed batch, evenly; the share that remains of each picture"""
    side = x.shape[-1]
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    if torch.rand(()) < 0.5:
        return x * share + x.flip(0) * (1 - share), share
    cut = max(1, int(side * math.sqrt(1 - share)))
    top, left = (int(torch.randint(0, side - cut + 1, ())) for _ in range(2))
    square = (slice(None), slice(None), slice(top, top + cut), slice(left, left + cut))
    out = x.clone()
    out[square] = x.flip(0)[square]
    return out, 1 - cut * cut / (side * side)
