"""BatchNorm's statistics anew, on train pictures as the product sees them: `python training/recalibrate.py CHECKPOINT --shards ../shared/data --out FOLDER`.

While training they follow crops that are smaller, blurred, recoloured and mixed, so that whole pictures meet a normalisation that was
made for others: Touvron et al., "Fixing the train-test resolution discrepancy" (arXiv:1906.06423). Their exact mean over many batches,
with the final weights, is the precise BatchNorm of Wu and Johnson, "Rethinking 'Batch' in BatchNorm" (arXiv:2105.07576). No weight changes.
"""
import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import checkpoint
import measured
from augment import normalise, to_float

BATCH = 256


def recalibrate(tower: nn.Module, batches: Iterable[Tensor]) -> None:
    """running statistics of every BatchNorm become their mean over `batches`, each float [N, 3, S, S], normalised; at least one"""
    norms = [module for module in tower.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    tower.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's cumulative mean
        norm.train()
    with torch.no_grad():
        for batch in batches:
            tower(batch)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    tower.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path), parser.add_argument("--shards", required=True), parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--size", type=int, help="px, in place of the checkpoint's")
    parser.add_argument("--pictures", type=int, default=8192, help="train pictures, evenly spread")
    parser.add_argument("--calibration", type=int, default=1024, help="train pictures for the temperature, as in nano.toml: left out")
    a = parser.parse_args()
    model, _ = checkpoint.read(a.checkpoint)
    model.resize(a.size or model.config["image_size"])
    size = model.config["image_size"]
    pictures = measured.train(a.shards, a.pictures, a.calibration)
    views = np.random.default_rng(0).permutation(pictures.views(size))  # a batch of one source would tell its own spread alone
    recalibrate(model.visual, (normalise(to_float(torch.from_numpy(part), "cpu")) for part in np.array_split(views, max(1, len(views) // BATCH))))
    a.out.mkdir(parents=True, exist_ok=True)
    checkpoint.write(model, a.out)
    shutil.copy(checkpoint.folder_of(a.checkpoint) / checkpoint.TOKENIZER, a.out)
    print(f"{a.out}: statistics of {len(views)} train pictures at {size} px")


if __name__ == "__main__":
    main()
