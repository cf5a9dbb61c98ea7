"""The records of the data shards: pictures with their label, captions, source and split."""
import collections
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

FEWEST = 8  # pictures that a label must have to be one of the trained and measured labels


@dataclass(frozen=True)
class Picture:
    blob: bytes  # WebP
    source: str
    label: str | None
    captions: list[str]
    validation: bool


def read(folder: str | Path) -> Iterator[Picture]:
    """In the order that every index in arrays and reports counts by."""
    for path in sorted(Path(folder).glob("shard-*.tar")):
        with tarfile.open(path) as tar:
            lines, blobs = (tar.extractfile(path.stem + end).read() for end in (".jsonl", ".bin"))
        for line in lines.decode().splitlines():
            r = json.loads(line)
            blob = blobs[r["o"] : r["o"] + r["n"]]
            yield Picture(blob, r["source"], r.get("label"), list(r.get("captions") or []), r.get("split") == "val")


def labels_of(pictures: list[Picture]) -> list[str]:
    count = collections.Counter(p.label for p in pictures if p.label)
    return sorted(label for label, n in count.items() if n >= FEWEST)


def label_info(folder: str | Path) -> dict[str, dict]:
    """label: {alt: [other names], parent: hypernym or null, ...}"""
    return json.loads((Path(folder) / "labels.json").read_text())
