"""The objectives that a recipe weighs, by their names in [objectives]: each takes what a step encoded and calls its loss."""
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from config import Objective
from losses.gram import centred, gram
from losses.info_nce import info_nce
from losses.moco import moco
from losses.multi_positive import multi_positive, soften, sup_con
from losses.nt_xent import nt_xent
from losses.pairwise_sigmoid import pairwise_sigmoid
from losses.triplet import triplet

PURE = 0.8  # a mixed picture counts as of one label from this share on, where a loss knows no shares


@dataclass
class Encoded:
    """Unit vectors of a step, float32; B labelled pictures, C captioned ones, K labels of the bank, V second views."""

    image: Tensor  # [B, D]
    target: Tensor  # [B, K] share of each label in each picture
    bank: Tensor  # [K, D]
    ignored: Tensor | None  # bool [B, K] neither positive nor negative
    captioned: Tensor  # [C, D]
    captions: Tensor | None  # [C, D], none where C is 0
    scale: Tensor
    names: Tensor | None = None  # [G, D] of the names that `clip_names` [G, E] are a real CLIP's vectors of
    clip_names: Tensor | None = None
    first: Tensor | None = None  # [V, P] projections of the first V pictures, of their second views, and the key encoder's of those
    second: Tensor | None = None
    key: Tensor | None = None
    queue: Tensor | None = None
    sigmoid_scale: Tensor | float = 1.0
    sigmoid_bias: Tensor | float = 0.0
    taught: Tensor | None = None  # [B, K] the teacher's softmax

    def of_one_label(self) -> tuple[Tensor, Tensor]:
        """vectors and bank positions of the pictures that are of one label"""
        share, place = self.target.max(1)
        pure = share >= PURE
        return self.image[pure], place[pure]

    def with_label_texts(self) -> tuple[Tensor, Tensor]:
        """pictures of one label and the texts of those labels as one set: vectors and bank positions"""
        image, place = self.of_one_label()
        own = place.unique()
        return torch.cat([image, self.bank[own]]), torch.cat([place, own])


def label_bank(e: Encoded, c: Objective) -> Tensor:
    return multi_positive(e.image, e.bank, soften(e.target, c.smoothing, e.ignored), e.scale, e.ignored)


def caption_info_nce(e: Encoded, c: Objective) -> Tensor:
    return info_nce(e.captioned, e.captions, e.scale)


def plain_info_nce(e: Encoded, c: Objective) -> Tensor:
    image, place = e.of_one_label()
    text = e.bank[place]
    if e.captions is not None:
        image, text = torch.cat([image, e.captioned]), torch.cat([text, e.captions])
    return info_nce(image, text, e.scale)


def gram_of_names(e: Encoded, c: Objective) -> Tensor:
    return gram(centred(e.names), e.clip_names)


def two_views(e: Encoded, c: Objective) -> Tensor:
    return nt_xent(e.first, e.second, c.nt_xent_temperature)


def momentum_queue(e: Encoded, c: Objective) -> Tensor:
    return moco(e.first, e.key, e.queue, c.moco_temperature)


def supervised(e: Encoded, c: Objective) -> Tensor:
    return sup_con(*e.with_label_texts(), c.sup_con_temperature)


def semi_hard_triplets(e: Encoded, c: Objective) -> Tensor:
    return triplet(*e.with_label_texts(), c.triplet_margin)


def sigmoid_pairs(e: Encoded, c: Objective) -> Tensor:
    return pairwise_sigmoid(e.image, e.bank, e.target, e.sigmoid_scale, e.sigmoid_bias)


def from_teacher(e: Encoded, c: Objective) -> Tensor:
    return multi_positive(e.image, e.bank, e.taught, e.scale)


OBJECTIVES: dict[str, Callable[[Encoded, Objective], Tensor]] = {
    "label_bank": label_bank,
    "caption_info_nce": caption_info_nce,
    "gram": gram_of_names,
    "info_nce": plain_info_nce,
    "nt_xent": two_views,
    "moco": momentum_queue,
    "sup_con": supervised,
    "triplet": semi_hard_triplets,
    "pairwise_sigmoid": sigmoid_pairs,
    "teacher": from_teacher,
}
OF_VIEWS = ("nt_xent", "moco")  # left out of steps whose pictures are mixed: a mixture has no second view
