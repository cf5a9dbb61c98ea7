"""Golden values of the losses in float64, for their twins in TypeScript: value and gradient.

    python training/losses/goldens.py test/goldens/loss

One file a loss: {loss_name, inputs, loss, gradient}. The gradient is taken by the vectors as free variables: nothing is
normalised inside a loss. What carries no gradient (labels, targets, keys, the reference) is an input without one.
"""
import json
import sys
from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from losses.gram import gram
from losses.info_nce import info_nce
from losses.moco import moco
from losses.multi_positive import multi_positive, sup_con
from losses.nt_xent import nt_xent
from losses.pairwise_sigmoid import pairwise_sigmoid
from losses.triplet import triplet

LABELS = [0, 0, 1, 1, 2, 0]


def unit(rows: int, dim: int, seed: int) -> Tensor:
    draw = torch.randn(rows, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return F.normalize(draw, dim=-1)


def mixed() -> Tensor:
    """[6, 5] targets: one label, two equal ones, and shares of MixUp"""
    rows = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0.5, 0.5, 0], [0.7, 0, 0, 0, 0.3], [0, 0, 0, 0, 1], [0.02, 0.02, 0.92, 0.02, 0.02]]
    return torch.tensor(rows, dtype=torch.float64)


def shown() -> Tensor:
    """[6, 5] targets of 0 and 1: none, one or several texts are true of a picture"""
    rows = [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0]]
    return torch.tensor(rows, dtype=torch.float64)


# name: (function, vectors with a gradient, other inputs)
CASES: dict[str, tuple[Callable, dict, dict]] = {
    "info_nce": (info_nce, {"image": unit(6, 4, 1), "text": unit(6, 4, 2)}, {"scale": 5.0}),
    "nt_xent": (nt_xent, {"first": unit(6, 4, 3), "second": unit(6, 4, 4)}, {"temperature": 0.5}),
    "moco": (moco, {"query": unit(6, 4, 5)}, {"key": unit(6, 4, 6), "queue": unit(8, 4, 7), "temperature": 0.2}),
    "triplet": (triplet, {"vectors": unit(6, 4, 17)}, {"labels": torch.tensor(LABELS), "margin": 0.2}),
    "pairwise_sigmoid": (pairwise_sigmoid, {"image": unit(6, 4, 9), "text": unit(5, 4, 10)}, {"target": shown(), "scale": 5.0, "bias": -2.0}),
    "multi_positive": (multi_positive, {"image": unit(6, 4, 11), "text": unit(5, 4, 12)}, {"target": mixed(), "scale": 5.0}),
    "sup_con": (sup_con, {"vectors": unit(6, 4, 13)}, {"labels": torch.tensor(LABELS), "temperature": 0.3}),
    "gram": (gram, {"text": unit(6, 4, 14)}, {"reference": unit(6, 3, 15)}),
}


def golden(name: str) -> dict:
    loss_of, free, fixed = CASES[name]
    free = {key: value.clone().requires_grad_() for key, value in free.items()}
    loss = loss_of(**free, **fixed)
    loss.backward()
    plain = {key: value.tolist() if isinstance(value, Tensor) else value for key, value in ({k: v.detach() for k, v in free.items()} | fixed).items()}
    return {"loss_name": name, "inputs": plain, "loss": loss.item(), "gradient": {key: value.grad.tolist() for key, value in free.items()}}


def written(value: object, indent: str = "") -> str:
    """JSON with a row a line, as the repository's formatter leaves it"""
    inner = indent + "  "
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f'{inner}"{key}": {written(item, inner)}' for key, item in value.items()) + f"\n{indent}}}"
    if isinstance(value, list) and isinstance(value[0], list):
        return "[\n" + ",\n".join(inner + json.dumps(row) for row in value) + f"\n{indent}]"
    return json.dumps(value)


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in CASES:
        (out / f"{name}.json").write_text(written(golden(name)) + "\n")


if __name__ == "__main__":
    main()
