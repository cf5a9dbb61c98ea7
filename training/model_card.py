"""The model card of nano from what was measured: `evaluate.py`'s reports, the drift of the pack, the sources of the pictures.

    python training/model_card.py --data ../shared/data --evaluation RUN/evaluation.json --held RUN/evaluation_held.json \
        --compute "…" > models/nano/README.md
"""
import argparse
import json
from pathlib import Path

from report import percent, row

CARD = """# nano: the embedded model

A small CLIP for trying edgeclip out, for development and for tests. It shows that the machinery works. For answers that matter, compile a
real model: `npm run models -- list` names them.

**Weights: for research and trial only.** About 60 % of the pictures that it was trained on carry ImageNet's research terms; the code
around it is Apache-2.0. `pack.json` says the same in `source.licence`.

| | |
| --- | --- |
| image tower | OpenCLIP ModifiedResNet, layers 3, 4, 6, 3, width 32, attention pooling, 96 px; 9.3 M parameters, 0.27 GMAC a picture |
| text tower | 3 layers of width 192, 24 tokens, byte-level BPE of 4,096 in CLIP's form; 2.2 M parameters |
| embedding | {dim} values, logit scale {scale:.1f} (refitted, see below) |
| pack | {megabytes:.1f} MB in int8; cosine with fp32 on {pictures} pictures: mean {mean:.4f}, worst {worst:.4f} |
| compute | {compute} |

Trained from scratch by contrastive learning: the multi-positive cross-entropy over the label bank, InfoNCE on captions, the
geometry of a real CLIP's text vectors (Detic's, names only), and at last NT-Xent of two views; then BatchNorm's statistics anew on
pictures as the product sees them. [training/README.md](../../training/README.md) has the recipe and the ablation.

## What it was measured on

The validation split: pictures that were never trained on, all {labels} labels answering, mean of 4 templates. In brackets 95 % bootstrap
intervals; the last column is the difference from the first nano, paired.

| measure | pictures | nano | first nano | difference |
| --- | ---: | ---: | ---: | ---: |
{scores}

Fifty labels were kept out of the first {held_share}: at that point, before they were trained, they were put first among all {labels} for
{held_all} of their pictures, and among themselves for {held_own} (chance 0.2 and 2.0 %).

By source (top-1, %):

| source | pictures | nano | first nano | difference |
| --- | ---: | ---: | ---: | ---: |
{sources}

## What it does not know

The weakest labels with at least 6 validation pictures, of which it put none or almost none first: {weakest}.

It has seen photos of 64 to 128 pixels, most of them upscaled from 64. It knows the {labels} labels of `everyday` and what lies near them in words; a
label outside of that vocabulary is close to a guess. It reads no text, counts nothing, knows no people, places or brands, and cannot
tell nudity, gore, violence, self-harm or hate symbols. It is no moderator: its answers say `demo_model`, and a deployment refuses it.

Bias was not measured. Its pictures come from public research sets with their habits of naming and of choosing what is photographed, and
people appear in few of its labels (sport, smoking, holding a gun, wearing a mask). Do not use it to decide anything about people.

The logit scale was refitted on train pictures after training, by their negative log-likelihood: as trained it was {trained_scale:.1f}, which
made every score small.

## Where its pictures come from

| source | pictures | licence as stated there |
| --- | ---: | --- |
{origins}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "evaluation", "held", "compute", "held-share"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--pack", default="models/nano")
    a = parser.parse_args()
    report, held = (json.loads(Path(path).read_text()) for path in (a.evaluation, a.held))
    sources = json.loads((Path(a.data) / "sources.json").read_text())
    pack, drift = (json.loads((Path(a.pack) / name).read_text()) for name in ("pack.json", "drift.json"))
    image = drift["image"]
    kept_out = held["scores"]
    print(CARD.format(
        dim=pack["embed_dim"], scale=pack["logit_scale"], compute=a.compute, labels=report["labels"], held_share=a.held_share,
        megabytes=sum(file["bytes"] for file in pack["files"]) / 1e6, pictures=image["count"], mean=image["cosine_mean"], worst=image["cosine_worst"],
        scores="\n".join(row(name, score) for name, score in report["scores"].items()),
        held_all=percent(kept_out["held-out labels, all answer, top-1"]["value"]) + " %",
        held_own=percent(kept_out["held-out labels, only they answer, top-1"]["value"]) + " %",
        sources="\n".join(row(name, score) for name, score in ((name, by["top-1"]) for name, by in report["by_source"].items())),
        weakest=", ".join(label["label"] for label in report["weakest"] if label["pictures"] >= 6),
        trained_scale=report["temperature"]["scale"],
        origins="\n".join(f"| {name} ({s['repo']}) | {s['images']:,} | {s['licence']} |" for name, s in sorted(sources.items(), key=lambda item: -item[1]["images"])),
    ), end="")


if __name__ == "__main__":
    main()
