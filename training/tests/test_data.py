"""Shards to arrays and to what is measured, and the folders of pictures that the product's own tools take."""
import contextlib
import io
import json
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

import modules  # noqa: F401
import calibration_pictures
import data
import labelled_pictures
import measured
import policy_pictures
from corpus import Corpus

LABELS = {"red": (250, 5, 5), "slot machine": (5, 250, 5)}


def write_shard(folder: Path) -> None:
    """8 pictures of each label, 60 x 40, every fourth of them validation; one with captions and a label too rare to count"""
    rows, content = [], b""
    records = [{"label": name, "source": "made up"} | ({"split": "val"} if i % 4 == 0 else {}) for name in LABELS for i in range(8)]
    for record in [*records, {"label": "blue", "captions": ["the sea"], "source": "flickr8k", "split": "val"}]:
        file = io.BytesIO()
        Image.new("RGB", (60, 40), LABELS.get(record["label"], (5, 5, 250))).save(file, "WEBP")
        rows.append(record | {"o": len(content), "n": file.tell(), "w": 60, "h": 40, "licence": "ours"})
        content += file.getvalue()
    with tarfile.open(folder / "shard-000.tar", "w") as tar:
        for name, blob in (("shard-000.jsonl", "\n".join(map(json.dumps, rows)).encode()), ("shard-000.bin", content)):
            entry = tarfile.TarInfo(name)
            entry.size = len(blob)
            tar.addfile(entry, io.BytesIO(blob))
    (folder / "labels.json").write_text(json.dumps({"red": {"alt": ["crimson"], "parent": "colour"}}))


class Data(unittest.TestCase):
    def setUp(self) -> None:
        self.held = tempfile.TemporaryDirectory()
        self.addCleanup(self.held.cleanup)
        self.shards, self.out = Path(self.held.name) / "shards", Path(self.held.name) / "out"
        self.shards.mkdir()
        write_shard(self.shards)

    def call(self, tool: object, *arguments: object) -> None:
        before, sys.argv = sys.argv, ["tool", *map(str, arguments)]
        self.addCleanup(setattr, sys, "argv", before)
        with contextlib.redirect_stdout(io.StringIO()):
            tool.main()

    def test_arrays(self) -> None:
        self.call(data, self.shards, self.out, "--frame", 24, "--size", 32)
        corpus = Corpus(self.out, 0, 2)
        self.assertEqual((corpus.labels, corpus.alternatives), (["red", "slot machine"], {"red": ["crimson"]}))
        self.assertEqual((corpus.frames.shape, corpus.views.shape), ((17, 24, 24, 3), (5, 32, 32, 3)))
        np.testing.assert_allclose(corpus.aspect, 1.5)
        np.testing.assert_allclose(corpus.frames[:8].reshape(-1, 3).mean(0), LABELS["red"], atol=8)
        self.assertEqual((corpus.captions, corpus.validation_captions), ({}, {16: ["the sea", "blue"]}))
        self.assertEqual(len(corpus.trainable(corpus.held)), 12 - 2)

    def test_measured_pictures_are_those_of_the_arrays(self) -> None:
        on = measured.read(str(self.shards), 2)
        self.assertEqual(on.validation.label.tolist(), [0, 0, 1, 1, -1])
        self.assertEqual(on.validation.views(32).shape, (5, 32, 32, 3))
        self.assertEqual(on.calibration.label.tolist(), [0, 1])

    def test_folders_of_pictures(self) -> None:
        self.call(calibration_pictures, self.shards, self.out / "calibration", 4)
        self.assertEqual(len(list((self.out / "calibration").glob("*.webp"))), 4)
        self.call(policy_pictures, self.shards, self.out / "policy")
        count = {folder.name: len(list(folder.iterdir())) for folder in (self.out / "policy").iterdir()}
        self.assertEqual({name: n for name, n in count.items() if n}, {"gambling": 6, "none": 6})
        self.call(labelled_pictures, self.shards, self.out / "labelled")
        self.assertEqual(sorted(p.name for p in (self.out / "labelled").iterdir()), ["red", "slot machine"])


if __name__ == "__main__":
    unittest.main()
