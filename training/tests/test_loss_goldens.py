"""The committed golden values are what the losses give, and their gradients what small steps of the inputs show."""
import json
import unittest
from pathlib import Path

import torch

import modules  # noqa: F401
from losses.goldens import CASES, golden

FOLDER = Path(__file__).resolve().parents[2] / "test/goldens/loss"
STEP = 1e-6


class Goldens(unittest.TestCase):
    def test_files_are_current(self) -> None:
        for name in CASES:
            with self.subTest(name):
                stored, fresh = json.loads((FOLDER / f"{name}.json").read_text()), golden(name)
                self.assertEqual(stored["inputs"], fresh["inputs"])
                self.assertAlmostEqual(stored["loss"], fresh["loss"], places=12)
                for key, gradient in stored["gradient"].items():
                    torch.testing.assert_close(torch.tensor(gradient), torch.tensor(fresh["gradient"][key]))

    def test_gradients_by_central_differences(self) -> None:
        for name, (loss_of, free, fixed) in CASES.items():
            for key, gradient in golden(name)["gradient"].items():
                for place in range(free[key].numel()):
                    values = []
                    for sign in (1, -1):
                        moved = free[key].clone()
                        moved.view(-1)[place] += sign * STEP
                        values.append(float(loss_of(**(free | {key: moved}), **fixed)))
                    expected = torch.tensor(gradient).view(-1)[place]
                    with self.subTest(name, key=key, place=place):
                        self.assertAlmostEqual((values[0] - values[1]) / (2 * STEP), float(expected), places=6)


if __name__ == "__main__":
    unittest.main()
