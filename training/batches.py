"""What one step sees, drawn on the CPU: crops, labels, prompts of the bank, captions."""
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

import augment
from config import Config
from corpus import Corpus
from prompts import LabelPrompts, trim
from tokenizer import Tokenizer


@dataclass
class Batch:
    pictures: Tensor  # uint8 [B + C, S, S, 3], labelled ones first
    second: Tensor | None  # uint8 [V, S, S, 3], other crops of the first V
    label: Tensor  # int64 [B]
    bank: Tensor  # int64 [K], the labels encoded
    prompts: Tensor  # int64 [K, T], one prompt of each
    captions: Tensor | None  # int64 [C, T], a caption of each captioned picture
    mixed: bool  # whether MixUp or CutMix follows; then there is no second view


class Batches:
    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, prompts: LabelPrompts, config: Config) -> None:
        self.corpus, self.tokenizer, self.prompts, self.config = corpus, tokenizer, prompts, config
        self.held = corpus.held.copy()
        self.captioned = np.array(sorted(corpus.captions))
        self.views = int(config.objective.view_share * config.schedule.batch) if config.objectives["nt_xent"] or config.objectives["moco"] else 0
        self.pool = ThreadPoolExecutor(config.run.crop_threads) if config.run.crop_threads > 1 else None
        self.seed(config.schedule.seed)
        self._choose()

    def seed(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        random.seed(seed), torch.manual_seed(seed)

    def release(self) -> None:
        """the held-out labels are trained from here on"""
        self.held[:] = False
        self._choose()

    def _choose(self) -> None:
        self.labelled = self.corpus.trainable(self.held)
        labels = self.corpus.label[self.labelled]
        weight = np.bincount(labels, minlength=len(self.held))[labels] ** self.config.data.balance
        self.cumulated = np.cumsum(weight / weight.sum())

    def draw(self, size: int) -> Batch:
        corpus, c = self.corpus, self.config
        captioned = int(c.schedule.batch * c.data.caption_share)
        at = np.searchsorted(self.cumulated, self.random.random(c.schedule.batch - captioned))
        index = self.labelled[np.minimum(at, len(self.labelled) - 1)]
        others = self.random.choice(self.captioned, captioned, replace=False)
        mixed = self.random.random() < c.augment.mix
        bank = self._bank(corpus.label[index])
        return Batch(
            pictures=self._crops(np.concatenate([index, others]), size),
            second=self._crops(index[: self.views], size) if self.views and not mixed else None,
            label=torch.from_numpy(corpus.label[index]),
            bank=torch.from_numpy(bank),
            prompts=trim(self.prompts.draw(bank.tolist())),
            captions=trim(torch.tensor([self.tokenizer(random.choice(corpus.captions[i])) for i in others])) if captioned else None,
            mixed=mixed,
        )

    def _crops(self, index: np.ndarray, size: int) -> Tensor:
        return augment.crops(self.corpus.frames[index], self.corpus.aspect[index], size, self.config.augment, self.random, self.pool)

    def _bank(self, labels: np.ndarray) -> np.ndarray:
        """the labels of the batch and, up to the bank's size, others that are not held out"""
        every, own = np.flatnonzero(~self.held), np.unique(labels)
        if not self.config.prompts.bank:
            return every
        others = self.random.permutation(np.setdiff1d(every, own))
        return np.concatenate([own, others[: max(0, self.config.prompts.bank - len(own))]])


def stream(draw: Callable[[], Batch], ahead: bool) -> Iterator[Batch]:
    """Batches without end; `ahead` draws the next one while the GPU works (on a CPU both would want the same cores)."""
    if not ahead:
        while True:
            yield draw()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(draw)
        while True:
            batch, pending = pending.result(), pool.submit(draw)
            yield batch
