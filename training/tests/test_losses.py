"""Each loss against a case small enough to work out by hand."""
import math
import unittest
from math import exp, log, sqrt

import torch

import modules  # noqa: F401
from losses.gram import centred, gram
from losses.info_nce import info_nce
from losses.moco import Queue, follow, moco
from losses.multi_positive import multi_positive, soften, sup_con
from losses.nt_xent import nt_xent
from losses.pairwise_sigmoid import pairwise_sigmoid
from losses.triplet import triplet

X, Y, BETWEEN = (1.0, 0.0), (0.0, 1.0), (0.6, 0.8)  # BETWEEN has cosine 0.6 with X and 0.8 with Y


def rows(*vectors: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(vectors, dtype=torch.float64)


def circle(*degrees: float) -> torch.Tensor:
    return rows(*((math.cos(math.radians(d)), math.sin(math.radians(d))) for d in degrees))


class Case(unittest.TestCase):
    def near(self, loss: torch.Tensor, expected: float) -> None:
        self.assertAlmostEqual(float(loss), expected, places=12)


class InfoNCE(Case):
    def test_means_both_directions(self) -> None:
        pictures = log(1 + exp(0.6 - 1)) + log(1 + exp(0 - 0.8))  # logits (1, 0.6) and (0, 0.8)
        texts = log(1 + exp(0 - 1)) + log(1 + exp(0.6 - 0.8))  # logits (1, 0) and (0.6, 0.8)
        self.near(info_nce(rows(X, Y), rows(X, BETWEEN), 1.0), (pictures + texts) / 4)

    def test_scale_multiplies_cosines(self) -> None:
        self.near(info_nce(rows(X, Y), rows(X, Y), log(3)), log(4 / 3))


class NTXent(Case):
    def test_each_view_looks_for_the_other_among_three(self) -> None:
        first = -log(exp(1.2) / (exp(1.2) + 2))  # X: partner 0.6, others 0 and 0; doubled by the temperature
        second = -log(exp(2) / (exp(2) + 1 + exp(1.6)))  # Y: partner 1, others 0 and 0.8; its partner sees the same
        third = -log(exp(1.2) / (exp(1.2) + 2 * exp(1.6)))  # BETWEEN: partner 0.6, others 0.8 and 0.8
        self.near(nt_xent(rows(X, Y), rows(BETWEEN, Y), 0.5), (first + 2 * second + third) / 4)


class MoCo(Case):
    def test_own_key_among_the_queue(self) -> None:
        self.near(moco(rows(X), rows(BETWEEN), rows(Y, (-1.0, 0.0)), 0.5), -log(exp(1.2) / (exp(1.2) + 1 + exp(-2))))

    def test_keys_carry_no_gradient(self) -> None:
        query, key = rows(X).requires_grad_(), rows(BETWEEN).requires_grad_()
        moco(query, key, rows(Y), 0.5).backward()
        self.assertIsNotNone(query.grad)
        self.assertIsNone(key.grad)

    def test_queue_forgets_the_oldest(self) -> None:
        queue = Queue(3, 2)
        queue.push(rows(X, Y))
        queue.push(rows(BETWEEN, (-1.0, 0.0)))
        torch.testing.assert_close(queue.keys, rows((-1.0, 0.0), Y, BETWEEN).float())

    def test_key_encoder_follows(self) -> None:
        slow, fast = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(slow.weight), torch.nn.init.ones_(fast.weight)
        follow(slow, fast, 0.75)
        self.assertAlmostEqual(slow.weight.item(), 0.25)
        self.assertEqual(fast.weight.item(), 1)


class Triplet(Case):
    """Squared distance of unit vectors: 2 - 2 cos. 30 degrees 2 - sqrt 3, 60: 1, 90: 2, 150: 2 + sqrt 3."""

    def test_skips_a_negative_nearer_than_the_positive(self) -> None:
        # Labels at (0, 60) and (90, 150): every positive is at 1, the semi-hard negative at 2; 60 and 90 are nearer and are passed over.
        self.near(triplet(circle(0, 60, 90, 150), torch.tensor([0, 0, 1, 1]), 1.5), 1 - 2 + 1.5)

    def test_takes_the_farthest_where_none_is_semi_hard(self) -> None:
        # (0, 150) lies around (60, 90): its positive at 2 + sqrt 3 is beyond all, the farthest negative is at 2.
        wide, narrow = 2 + sqrt(3) - 2, 2 - sqrt(3) - 1
        labels = torch.tensor([0, 0, 1, 1])
        self.near(triplet(circle(0, 150, 60, 90), labels, 1.0), (wide + 1 + narrow + 1) / 2)
        self.near(triplet(circle(0, 150, 60, 90), labels, 0.5), (wide + 0.5 + 0) / 2)  # the narrow pairs keep their margin

    def test_zero_without_a_pair_or_without_a_negative(self) -> None:
        self.near(triplet(circle(0, 60, 90), torch.tensor([0, 1, 2]), 1.0), 0)
        self.near(triplet(circle(0, 60, 90), torch.tensor([0, 0, 0]), 1.0), 0)


class PairwiseSigmoid(Case):
    def test_each_pair_is_a_question_of_its_own(self) -> None:
        # logits 2 cos - 1: (1, 0.2) and (-1, 0.6), the diagonal true
        expected = log(1 + exp(-1)) + log(1 + exp(0.2)) + log(1 + exp(-1)) + log(1 + exp(-0.6))
        self.near(pairwise_sigmoid(rows(X, Y), rows(X, BETWEEN), torch.eye(2, dtype=torch.float64), 2.0, -1.0), expected / 2)

    def test_half_true(self) -> None:
        half = torch.full((1, 1), 0.5, dtype=torch.float64)
        self.near(pairwise_sigmoid(rows(X), rows(X), half, 2.0, 0.0), (log(1 + exp(-2)) + log(1 + exp(2))) / 2)


class MultiPositive(Case):
    def test_two_labels_of_a_picture(self) -> None:
        self.near(multi_positive(rows(X), rows(X, Y, BETWEEN), rows((0.5, 0.0, 0.5)), 1.0), log(exp(1) + 1 + exp(0.6)) - 0.8)

    def test_ignored_texts_leave_the_denominator(self) -> None:
        ignored = torch.tensor([[False, False, True]])
        self.near(multi_positive(rows(X), rows(X, Y, BETWEEN), rows((1.0, 0.0, 0.0)), 1.0, ignored), log(exp(1) + 1) - 1)

    def test_soften(self) -> None:
        torch.testing.assert_close(soften(rows((1.0, 0.0, 0.0, 0.0)), 0.2), rows((0.85, 0.05, 0.05, 0.05)))
        ignored = torch.tensor([[False, False, True, True]])
        torch.testing.assert_close(soften(rows((1.0, 0.0, 0.0, 0.0)), 0.2, ignored), rows((0.9, 0.1, 0.0, 0.0)))


class SupCon(Case):
    def test_means_over_the_positives_outside_the_logarithm(self) -> None:
        first = log(exp(0.6) + 1 + exp(1)) - 0.6 / 2  # X: positives 0.6 and 0, the stranger is X itself
        second = log(2 * exp(0.6) + exp(0.8)) - (0.6 + 0.8) / 2
        third = log(2 + exp(0.8)) - 0.8 / 2
        self.near(sup_con(rows(X, BETWEEN, Y, X), torch.tensor([0, 0, 0, 1]), 1.0), (first + second + third) / 3)

    def test_zero_where_all_labels_differ(self) -> None:
        self.near(sup_con(rows(X, Y), torch.tensor([0, 1]), 1.0), 0)


class Gram(Case):
    def test_squared_difference_of_cosines(self) -> None:
        self.near(gram(rows(X, BETWEEN), rows((1.0, 0.0, 0.0), (0.0, 0.0, 1.0))), 2 * 0.6**2 / 4)

    def test_centred(self) -> None:
        torch.testing.assert_close(centred(rows(X, Y)), rows((sqrt(0.5), -sqrt(0.5)), (-sqrt(0.5), sqrt(0.5))))


if __name__ == "__main__":
    unittest.main()
