"""Hits, recall, means and their intervals, and the temperature, each on a case worked out by hand."""
import unittest
from math import log

import numpy as np
import torch

import modules  # noqa: F401
import metrics
import temperature


class Hits(unittest.TestCase):
    def test_nearest_k(self) -> None:
        bank = torch.eye(3)
        image = torch.tensor([[0.9, 0.3, 0.1], [0.9, 0.3, 0.1], [0.9, 0.3, 0.1]])
        label = torch.tensor([0, 1, 2])
        self.assertEqual(metrics.hits(image, bank, label, 1).tolist(), [True, False, False])
        self.assertEqual(metrics.hits(image, bank, label, 2).tolist(), [True, True, False])
        self.assertEqual(metrics.hits(image, bank, label, 5).tolist(), [True, True, True])  # a bank smaller than k


class Recall(unittest.TestCase):
    def test_two_texts_of_a_picture(self) -> None:
        image = torch.eye(2)
        text = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])  # the first two describe picture 0
        to_picture, to_text = metrics.recall(image, text, torch.tensor([0, 0, 1]), 1)
        self.assertEqual(to_picture.tolist(), [0.5, 1.0])
        self.assertEqual(to_text.tolist(), [1.0, 0.0])  # picture 1 finds the second text, which is of picture 0


class Means(unittest.TestCase):
    def test_macro_weighs_labels_alike(self) -> None:
        values, label = np.array([1.0, 1.0, 1.0, 0.0]), np.array([7, 7, 7, 2])
        self.assertEqual(metrics.mean(values, None), 0.75)
        self.assertEqual(metrics.mean(values, label), 0.5)

    def test_interval_of_equal_values_is_a_point(self) -> None:
        self.assertEqual(metrics.interval(np.full(20, 0.25), None), [0.25, 0.25])
        np.testing.assert_allclose(metrics.interval(np.full(20, 0.25), np.arange(20) % 3), [0.25, 0.25], rtol=1e-6)

    def test_interval_is_as_wide_as_the_binomial_one(self) -> None:
        low, high = metrics.interval(np.arange(400) % 2.0, None)  # standard error sqrt(0.25 / 400) = 0.025
        self.assertAlmostEqual(low, 0.5 - 1.96 * 0.025, delta=0.006)
        self.assertAlmostEqual(high, 0.5 + 1.96 * 0.025, delta=0.006)


class Temperature(unittest.TestCase):
    def test_as_sure_as_it_is_right(self) -> None:
        # Two labels 0.5 apart, right for three pictures of four: p = 3/4 where scale * 0.5 = log 3.
        cosine = torch.tensor([[0.5, 0.0]] * 4, dtype=torch.float64)
        label = torch.tensor([0, 0, 0, 1])
        scale = temperature.fit(cosine, label)
        self.assertAlmostEqual(scale, 2 * log(3), places=6)
        self.assertAlmostEqual(temperature.nll(cosine, label, scale), -(3 * log(3 / 4) + log(1 / 4)) / 4, places=6)

    def test_stays_in_range_where_all_is_right(self) -> None:
        cosine = torch.eye(3, dtype=torch.float64)
        self.assertAlmostEqual(temperature.fit(cosine, torch.arange(3)), temperature.RANGE[1], places=6)


if __name__ == "__main__":
    unittest.main()
