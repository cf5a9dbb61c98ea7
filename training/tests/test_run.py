"""A whole run on a few made-up pictures: every objective, going on where it stopped, and what it leaves on disk."""
import csv
import dataclasses
import json
import math
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import modules  # noqa: F401
import checkpoint
import config
import evaluate
from corpus import Corpus
from objectives import OBJECTIVES, OF_VIEWS
from train import fit
from trainer import Trainer

CONFIG = Path(__file__).resolve().parents[1] / "nano.toml"
PICTURES, LABELS, VALIDATION = 48, 12, 12
CHANGES = {
    "model": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "embed_dim": 32, "text_width": 64, "text_layers": 1, "vocab": 600, "drop_path": 0.0},
    "schedule": {"optimizer": "muon", "minutes": 60.0, "sizes": [32, 64], "shares": [0.5, 0.5], "batch": 16},
    "data": {"hold_out": 2, "calibration": 4},
    "run": {"compile": False, "threads": 1},
    "augment": {"mix": 0.0},
    "objective": {"moco_queue": 16, "projection": 16},
    "objectives": dict.fromkeys(OBJECTIVES, 1.0) | {"teacher": 0.0},
}


def write_arrays(folder: Path) -> None:
    draw = np.random.default_rng(0)
    np.save(folder / "frames.npy", draw.integers(0, 256, (PICTURES, 72, 72, 3), np.uint8))
    np.save(folder / "val.npy", draw.integers(0, 256, (VALIDATION, 64, 64, 3), np.uint8))
    np.save(folder / "aspect.npy", np.ones(PICTURES, np.float32))
    label = [-1 if i % 5 == 0 else i % LABELS for i in range(PICTURES)]
    captions = {i: ["a thing seen by day", "something"] for i in range(PICTURES) if label[i] < 0}
    (folder / "meta.json").write_text(json.dumps({
        "labels": [f"thing {chr(97 + i)}" for i in range(LABELS)], "alt": {}, "parent": {"thing a": "thing b"}, "label": label,
        "val": list(range(VALIDATION)), "source": ["made up"] * PICTURES, "captions": captions,
    }))


def write_clip_text(folder: Path) -> None:
    (folder / "lvis_v1_train_cat_info.json").write_text(json.dumps([{"name": "cup", "synonyms": ["cup"], "def": "a small vessel"}, {"name": "dog", "synonyms": [], "def": ""}]))
    with open(folder / "Objects365_names_fix.csv", "w") as file:
        csv.writer(file).writerow([1, "Person", "Person"])
    np.save(folder / "lvis_v1_clip_a+cname.npy", np.eye(3, 8)[:2])
    np.save(folder / "o365_clip_a+cnamefix.npy", np.eye(3, 8)[2:])


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.held = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.held.name)
        write_arrays(cls.folder), write_clip_text(cls.folder)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.held.cleanup()

    def trainer(self, name: str, **changes: dict) -> Trainer:
        tables = {key: CHANGES.get(key, {}) | changes.get(key, {}) for key in {*CHANGES, *changes}}
        c = config.load(CONFIG, tables)
        c = dataclasses.replace(c, data=dataclasses.replace(c.data, clip_text=str(self.folder)))
        out = self.folder / name
        out.mkdir(exist_ok=True)
        return Trainer(c, Corpus(self.folder, c.data.hold_out, c.data.calibration), out)

    def test_every_objective_gives_a_finite_value(self) -> None:
        fit(self.trainer("teacher"), steps=1)
        objective = {"teacher_checkpoint": str(self.folder / "teacher"), "mask_hypernyms": True}
        trainer = self.trainer("values", objectives={"teacher": 1.0}, objective=objective)
        values = trainer.step(trainer.draw(), 1e-3)
        self.assertEqual(set(values), set(OBJECTIVES) | {"scale"})
        self.assertTrue(all(map(math.isfinite, map(float, values.values()))), values)

    def test_mixed_pictures_have_no_second_view(self) -> None:
        trainer = self.trainer("mixed", augment={"mix": 1.0})
        values = trainer.step(trainer.draw(), 1e-3)
        self.assertEqual(set(OBJECTIVES) - set(values), {"teacher", *OF_VIEWS})

    def test_goes_on_where_it_stopped(self) -> None:
        first = self.trainer("resumed")
        self.assertFalse(fit(first, steps=2))
        second = self.trainer("resumed")
        self.assertEqual((second.step_count, second.seen, second.elapsed), (2, 32, first.elapsed))
        for name, value in first.model.state_dict().items():
            torch.testing.assert_close(second.model.state_dict()[name], value)
        for name, optimizer in first.optimizers.items():
            torch.testing.assert_close(second.optimizers[name].state_dict()["state"], optimizer.state_dict()["state"])
        torch.testing.assert_close(second.heads.queue.keys, first.heads.queue.keys)
        with self.assertRaisesRegex(ValueError, "width"):
            self.trainer("resumed", model={"width": 16})

    def test_held_out_labels_are_kept_out_and_then_released(self) -> None:
        trainer = self.trainer("released", data={"hold_until": 0.5})
        held = np.flatnonzero(trainer.corpus.held)
        drawn = lambda: {int(label) for _ in range(20) for label in trainer.draw().label}
        self.assertEqual(drawn() & set(held), set())
        trainer.elapsed = 0.5 * 3600
        fit(trainer, steps=1)
        self.assertEqual(drawn() & set(held), set(held))
        self.assertEqual(checkpoint.read(self.folder / "released/held.pt")[0].config["width"], 8)
        self.assertTrue(self.trainer("released", data={"hold_until": 0.5}).released)

    def test_warm_restart_takes_the_averaged_weights_and_a_fresh_schedule(self) -> None:
        old = self.trainer("old")
        fit(old, steps=2)
        new = self.trainer("old-again")
        new.start_from(self.folder / "old/state.pt")
        self.assertEqual((new.step_count, new.progress(), new.released), (0, 0, True))
        torch.testing.assert_close(new.model.visual.conv1.weight, old.ema.visual.conv1.weight)

    def test_checkpoint_is_open_clips_layout_and_takes_a_new_scale(self) -> None:
        fit(self.trainer("written"), steps=1)
        written = self.folder / "written"
        tensors = checkpoint.read_safetensors(written / checkpoint.WEIGHTS)
        self.assertEqual({t.dtype for t in tensors.values()}, {torch.float16, torch.float32})
        self.assertIn("visual.attnpool.c_proj.weight", tensors)
        model, _ = checkpoint.read(written)
        evaluate.write_refit(model, 64, 21.0, written, self.folder / "refitted")
        again = checkpoint.read_safetensors(self.folder / "refitted" / checkpoint.WEIGHTS)
        self.assertAlmostEqual(again.pop("logit_scale").exp().item(), 21.0, places=4)
        tensors.pop("logit_scale")
        for name, value in tensors.items():
            self.assertTrue(torch.equal(again[name], value), name)
        self.assertEqual((self.folder / "refitted" / checkpoint.CONFIG).read_text(), (written / checkpoint.CONFIG).read_text())

        x = torch.randn(3, 3, 32, 32)
        with torch.no_grad():
            before = model.image(x)
            evaluate.write_refit(model, 32, 21.0, written, self.folder / "smaller")
            smaller, _ = checkpoint.read(self.folder / "smaller")
            self.assertEqual(smaller.visual.attnpool.positional_embedding.shape, (2, 256))
            self.assertLess((smaller.image(x) - before).abs().max().item(), 1e-3)


if __name__ == "__main__":
    unittest.main()
