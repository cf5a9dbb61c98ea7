"""What is measured on vectors: hits at k, recall of pairs, means over pictures or labels, and intervals by the bootstrap."""
import numpy as np
import torch
from torch import Tensor


def hits(image: Tensor, bank: Tensor, label: Tensor, k: int) -> np.ndarray:
    """bool [N]: the label is among the k of the bank nearest to the picture"""
    return ((image @ bank.T).topk(min(k, len(bank)), -1).indices == label[:, None]).any(1).numpy()


def recall(image: Tensor, text: Tensor, owner: Tensor, k: int) -> tuple[np.ndarray, np.ndarray]:
    """text j describes picture owner[j]. float [N] twice: share of a picture's texts that have it among their k nearest
    pictures; whether one of its texts is among its k nearest texts"""
    cosine = image @ text.T
    found = (cosine.T.topk(min(k, len(image)), -1).indices == owner[:, None]).any(1).numpy()
    texts = np.bincount(owner.numpy(), minlength=len(image))
    answered = (owner[cosine.topk(min(k, len(text)), -1).indices] == torch.arange(len(image))[:, None]).any(1)
    return np.bincount(owner.numpy(), found, minlength=len(image)) / texts, answered.numpy().astype(float)


def membership(group: np.ndarray) -> np.ndarray:
    """float32 [N, G]: which picture is of which of the groups that occur"""
    return (group[:, None] == np.unique(group)[None]).astype(np.float32)


def mean(values: np.ndarray, group: np.ndarray | None) -> float:
    """over pictures or, with `group` [N], over groups of each group's own mean (macro)"""
    if group is None:
        return float(values.mean())
    member = membership(group)
    return float((values @ member / member.sum(0)).mean())


def interval(values: np.ndarray, group: np.ndarray | None, rounds: int = 2000, seed: int = 0) -> list[float]:
    """95 % interval of `mean` by the bootstrap over pictures: paired, where values are differences of two models' scores

    Efron, Tibshirani: An Introduction to the Bootstrap, 1993, the percentile interval. A group that a sample misses is left
    out of that sample's mean.
    """
    count = len(values)
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=rounds).astype(np.float32)
    member = np.ones((count, 1), np.float32) if group is None else membership(group)
    drawn = weights @ member
    sums = weights @ (values[:, None].astype(np.float32) * member)
    means = np.divide(sums, drawn, out=np.full(drawn.shape, np.nan, np.float32), where=drawn > 0)
    return [float(v) for v in np.percentile(np.nanmean(means, 1), [2.5, 97.5])]
