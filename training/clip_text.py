"""Real CLIP ViT-B/32 text vectors of everyday names, the geometry that the Gram objective teaches (see goldens/detic-text)."""
import csv
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from losses.gram import centred


def read(folder: str | Path) -> tuple[list[str], Tensor, list[str]]:
    """names of LVIS and Objects365; their vectors centred and unit, float32 [M, 512]; synonyms and definitions of LVIS"""
    folder = Path(folder)
    lvis = json.loads((folder / "lvis_v1_train_cat_info.json").read_text())
    with open(folder / "Objects365_names_fix.csv") as rows:
        names = [c["name"].replace("_", " ") for c in lvis] + [row[2].lower() for row in csv.reader(rows)]
    files = ("lvis_v1_clip_a+cname.npy", "o365_clip_a+cnamefix.npy")
    vectors = torch.from_numpy(np.concatenate([np.load(folder / f) for f in files]).astype(np.float32))[: len(names)]
    texts = [s.replace("_", " ") for c in lvis for s in c["synonyms"]] + [c["def"] for c in lvis]
    return names, centred(F.normalize(vectors, dim=-1)), texts
