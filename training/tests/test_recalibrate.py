"""Statistics of BatchNorm on given pictures, by hand."""
import unittest

import torch
from torch import nn

import modules  # noqa: F401
from recalibrate import recalibrate


class Recalibrate(unittest.TestCase):
    def setUp(self) -> None:
        self.norm = nn.BatchNorm2d(1)
        self.tower = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), self.norm, nn.Dropout(0.5))
        nn.init.constant_(self.tower[0].weight, 2.0)
        self.norm.running_mean.fill_(50.0), self.norm.running_var.fill_(50.0)

    def test_they_are_the_mean_over_the_batches(self) -> None:
        first, second = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1), torch.tensor([5.0, 5.0]).view(2, 1, 1, 1)
        recalibrate(self.tower, [first, second])
        # Doubled: 2 and 6, mean 4, variance 8 with Bessel's correction; then 10 and 10.
        self.assertEqual(self.norm.running_mean.item(), (4 + 10) / 2)
        self.assertEqual(self.norm.running_var.item(), (8 + 0) / 2)

    def test_nothing_else_changes(self) -> None:
        before = {name: p.detach().clone() for name, p in self.tower.named_parameters()}
        recalibrate(self.tower, [torch.randn(4, 1, 2, 2)])
        for name, p in self.tower.named_parameters():
            torch.testing.assert_close(p.detach(), before[name])
        self.assertEqual(self.norm.momentum, 0.1)
        self.assertFalse(any(module.training for module in self.tower.modules()))


if __name__ == "__main__":
    unittest.main()
