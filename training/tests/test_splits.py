"""Held-out labels, calibration pictures, names and sizes: what must not change between tools and runs."""
import unittest
from pathlib import Path

import numpy as np

import modules  # noqa: F401
import config
import prompts
import splits

CONFIG = Path(__file__).resolve().parents[1] / "nano.toml"


class Splits(unittest.TestCase):
    def test_held_out_labels_are_spread_evenly(self) -> None:
        held = np.flatnonzero(splits.held_out(531, 50))
        self.assertEqual((len(held), held[0], held[-1]), (50, 3, 527))
        self.assertFalse(splits.held_out(531, 0).any())

    def test_calibration_takes_labelled_train_pictures(self) -> None:
        label = np.array([0, -1, 1, 2, 0, -1, 1])
        self.assertEqual(splits.spread(label, np.array([2]), 2).tolist(), [0, 6])
        self.assertEqual(splits.spread(label, np.array([2]), 9).tolist(), [0, 3, 4, 6])


class Names(unittest.TestCase):
    def test_a_name_of_two_labels_is_neither_ones_alternative(self) -> None:
        alternatives = {"crane bird": ["crane", "heron"], "construction crane": ["crane"]}
        self.assertEqual(prompts.names_of(["crane bird", "construction crane"], alternatives, 2), [["crane bird", "crane bird", "heron"], ["construction crane"] * 2])


class Configuration(unittest.TestCase):
    def test_an_unknown_or_missing_key_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "epochs"):
            config.load(CONFIG, {"schedule": {"epochs": 3}})

    def test_changes_from_the_command_line(self) -> None:
        changes = config.parse_changes(["run.compile=false", "schedule.sizes=[64]", "schedule.minutes=2.5"])
        self.assertEqual(changes, {"run": {"compile": False}, "schedule": {"sizes": [64], "minutes": 2.5}})
        self.assertEqual(config.load(CONFIG, changes).schedule.minutes, 2.5)

    def test_sizes_follow_their_shares(self) -> None:
        schedule = config.load(CONFIG, {"schedule": {"sizes": [64, 96, 128], "shares": [0.5, 0.25, 0.25]}}).schedule
        self.assertEqual([schedule.size(p) for p in (0, 0.49, 0.5, 0.74, 0.75, 1)], [64, 64, 96, 96, 128, 128])


if __name__ == "__main__":
    unittest.main()
