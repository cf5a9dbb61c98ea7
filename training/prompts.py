"""What texts are trained and measured: templates, the names of labels, and their token ids."""
import random

import torch
from torch import Tensor

from tokenizer import Tokenizer

TEMPLATES = [
    "a photo of a {}.", "a {}.", "{}", "a picture of a {}.", "a photo of the {}.", "a close-up photo of a {}.", "an image of {}.",
    "a small photo of the {}.", "a blurry photo of a {}.", "one {}.", "a photo of many {}.", "a good photo of a {}.",
    "a cropped photo of a {}.", "a bright photo of a {}.", "a dark photo of the {}.", "this is a {}.", "there is a {} in the picture.",
    "a low resolution photo of a {}.",
]
MEASURED = TEMPLATES[:4]  # a label's vector is the mean over these


def names_of(labels: list[str], alternatives: dict[str, list[str]], own: int) -> list[list[str]]:
    """each label's own name `own` times and its alternatives, but for those that name another label too"""
    uses: dict[str, int] = {}
    for name in [*labels, *(a for label in labels for a in set(alternatives.get(label, [])))]:
        uses[name.lower()] = uses.get(name.lower(), 0) + 1
    return [[label] * own + [a for a in alternatives.get(label, []) if uses[a.lower()] == 1] for label in labels]


class LabelPrompts:
    """Token ids of every label in every template."""

    def __init__(self, tokenizer: Tokenizer, names: list[list[str]]) -> None:
        self.ids = [[tokenizer(t.format(name)) for name in forms for t in TEMPLATES] for forms in names]

    def draw(self, labels: list[int]) -> Tensor:
        """int64 [K, context]: one prompt of each label"""
        return torch.tensor([random.choice(self.ids[label]) for label in labels])


def bank_ids(tokenizer: Tokenizer, names: list[str]) -> Tensor:
    """int64 [templates, L, context] for measuring"""
    return torch.tensor([[tokenizer(t.format(name)) for name in names] for t in MEASURED])


def trim(ids: Tensor) -> Tensor:
    """without the padding that all share: exact, because attention is causal and the end token is pooled"""
    return ids[:, : int((ids > 0).sum(1).max())]
