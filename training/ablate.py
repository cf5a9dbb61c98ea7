"""Recipes at equal compute: `python training/ablate.py training/ablation.toml --data ARRAYS --out DIR`.

One after the other: the same processor minutes, seed, model and data for each. Prints and writes
DIR/table.md. Called again it goes on: finished recipes are not run twice, a broken one resumes at its checkpoint.
"""
import argparse
import json
import math
import re
import shutil
import tomllib
from pathlib import Path

import checkpoint
import config
from corpus import Corpus
from objectives import OBJECTIVES
from train import describe, fit
from trainer import Trainer

COLUMNS = {"top1": "top-1", "top5": "top-5", "held_top1_among_held": "held-out labels among themselves, top-1", "caption_r5": "Flickr8k R@5"}


def changes_of(base: dict[str, dict], recipe: dict[str, dict]) -> dict[str, dict]:
    tables = {name: base.get(name, {}) | recipe.get(name, {}) for name in {*base, *recipe}}
    tables["objectives"] = dict.fromkeys(OBJECTIVES, 0.0) | recipe["objectives"]
    if "caption_info_nce" not in recipe["objectives"] and "info_nce" not in recipe["objectives"]:
        tables["data"] = tables.get("data", {}) | {"caption_share": 0.0}  # no picture is encoded for nothing
    return tables


def run(c: config.Config, corpus: Corpus, out: Path, tokenizer: Path, steps: float) -> dict[str, float]:
    out.mkdir(parents=True, exist_ok=True)
    if tokenizer.exists():
        shutil.copy(tokenizer, out / checkpoint.TOKENIZER)
    trainer = Trainer(c, corpus, out)
    shutil.copy(out / checkpoint.TOKENIZER, tokenizer)  # it is the same for all
    print(describe(trainer), flush=True)
    if not fit(trainer, steps=steps) and trainer.step_count < steps:
        raise SystemExit("stopped; call again to go on")
    return trainer.validate(c.model.image_size) | {"seen": trainer.seen, "minutes": trainer.elapsed / 60}


def table(results: dict[str, dict]) -> str:
    lines = ["| recipe | " + " | ".join(COLUMNS.values()) + " | pictures seen |", "| --- |" + " ---: |" * (len(COLUMNS) + 1)]
    for name, result in results.items():
        cells = [f"{100 * result[key]:.1f}" for key in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {result['seen'] / 1000:.0f} k |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ablation", type=Path), parser.add_argument("--data", required=True), parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="TABLE.KEY=VALUE", help="in place of the files' values, for every recipe")
    parser.add_argument("--steps", type=float, default=math.inf, help="at most so many of each recipe, to see whether all run")
    parser.add_argument("--only", default="", help="a regular expression that the recipe's name matches")
    a = parser.parse_args()
    plan = tomllib.loads(a.ablation.read_text())
    for name, changed in config.parse_changes(a.set).items():
        plan["changes"][name] = plan["changes"].get(name, {}) | changed
    recipes = {name: recipe for name, recipe in plan["recipes"].items() if re.search(a.only, name)}
    configs = {name: config.load(a.ablation.parent / plan["config"], changes_of(plan["changes"], recipe)) for name, recipe in recipes.items()}
    first = next(iter(configs.values()))
    corpus = Corpus(a.data, first.data.hold_out, first.data.calibration)
    a.out.mkdir(parents=True, exist_ok=True)
    kept = a.out / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name, c in configs.items():
        if name in results:
            continue
        print(f"\n## {name}", flush=True)
        folder = a.out / re.sub(r"[^a-z0-9]+", "-", name.lower())
        results[name] = run(c, corpus, folder, a.out / checkpoint.TOKENIZER, a.steps)
        checkpoint.replace(kept, lambda beside: beside.write_text(json.dumps(results, indent=1)))
        (a.out / "table.md").write_text(table(results))
    print("\n" + table(results))


if __name__ == "__main__":
    main()
