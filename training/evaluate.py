"""What a checkpoint can do, on the validation pictures: `python training/evaluate.py CHECKPOINT --shards ../shared/data`.

CHECKPOINT is a folder in OpenCLIP's layout, or a run's state.pt or held.pt. Prints a table; --json writes all figures.

    --against CHECKPOINT   the same of another one, and 95 % intervals of the difference on the same pictures
    --hold-out 50          the checkpoint was not trained on these labels: tell them apart
    --size PX              measured at, in place of the checkpoint's: a state kept halfway has not seen its last size yet
    --refit-to FOLDER      a copy with the refitted logit scale, for pictures of that size, ready for `npm run models -- build`
"""
import argparse
import json
import math
import shutil
from pathlib import Path

import numpy as np
import torch

import checkpoint
import measured
import metrics
import report
import splits
from model import Clip
from prompts import MEASURED
from scores import Score, Scores, Scorer

FEWEST, WEAKEST = 4, 25  # pictures that a label must have to be told weak, and how many are told


def figures(own: dict[str, Score], other: dict[str, Score] | None) -> dict[str, dict]:
    out = {}
    for name, score in own.items():
        out[name] = {"pictures": len(score.values), "value": metrics.mean(score.values, score.group), "interval": metrics.interval(score.values, score.group)}
        if other is not None:
            difference = score.values - other[name].values
            out[name] |= {"against": metrics.mean(other[name].values, score.group), "difference": metrics.mean(difference, score.group)}
            out[name]["difference_interval"] = metrics.interval(difference, score.group)
    return out


def weakest(scores: Scores, labels: list[str]) -> list[dict]:
    """labels by their top-1, and what is answered instead, twice or more"""
    rows = []
    for label in np.unique(scores.label):
        answer = scores.answer[scores.label == label]
        if len(answer) < FEWEST:
            continue
        wrong, times = np.unique(answer[answer != label], return_counts=True)
        instead = [labels[w] for w in wrong[np.argsort(-times, kind="stable")] if times[wrong == w] > 1][:2]
        rows.append({"label": labels[label], "pictures": len(answer), "top1": float((answer == label).mean()), "instead": instead})
    return sorted(rows, key=lambda row: (row["top1"], -row["pictures"]))[:WEAKEST]


def write_refit(model: Clip, size: int, scale: float, source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    model.resize(size)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(scale))
    checkpoint.write(model, out)
    shutil.copy(checkpoint.folder_of(source) / checkpoint.TOKENIZER, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path), parser.add_argument("--shards", required=True), parser.add_argument("--against", type=Path)
    parser.add_argument("--json", type=Path), parser.add_argument("--refit-to", type=Path)
    parser.add_argument("--size", type=int)
    parser.add_argument("--hold-out", type=int, default=0, help="how many labels, as in nano.toml")
    parser.add_argument("--calibration", type=int, default=1024, help="train pictures for the temperature, as in nano.toml")
    a = parser.parse_args()
    on = measured.read(a.shards, a.calibration)
    held = splits.held_out(len(on.labels), a.hold_out)
    model, tokenizer = checkpoint.read(a.checkpoint)
    scorer = Scorer(model, tokenizer, on, a.size)
    own = scorer.run(held)
    other = Scorer(*checkpoint.read(a.against), on).run(held) if a.against else None
    result = {
        "checkpoint": str(a.checkpoint), "against": str(a.against) if a.against else None, "image_size": scorer.size,
        "labels": len(on.labels), "templates": MEASURED, "scores": figures(own.score, other and other.score),
        "by_source": {name: figures(scores, other and other.by_source[name]) for name, scores in own.by_source.items()},
        "temperature": own.temperature, "against_temperature": other and other.temperature, "weakest": weakest(own, on.labels),
    }
    print(report.text(result))
    if a.json:
        checkpoint.replace(a.json, lambda beside: beside.write_text(json.dumps(result, indent=1) + "\n"))
    if a.refit_to:
        write_refit(model, scorer.size, own.temperature["refit"], a.checkpoint, a.refit_to)


if __name__ == "__main__":
    main()
