"""What is measured on vectors: hits at k, macro accuracy, retrieval, and intervals by the paired bootstrap."""
import numpy as np
import torch
from torch import Tensor


def hits(image: Tensor, bank: Tensor, label: Tensor, k: int) -> np.ndarray:
    """bool [N]: the label is among the k of the bank nearest to the picture"""
    return ((image @ bank.T).topk(min(k, len(bank)), -1).indices == label[:, None]).any(1).numpy()


def by_label(label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """the labels that occur, and bool [N, L'] which picture is of which"""
    occurring = np.unique(label)
    return occurring, label[:, None] == occurring[None]


def macro(hit: np.ndarray, label: np.ndarray) -> float:
    """mean over labels of their own accuracy"""
    _, member = by_label(label)
    return float((hit @ member / member.sum(0)).mean())


def recall(image: Tensor, text: Tensor, owner: Tensor, queries: Tensor, k: int = 5) -> dict[str, float]:
    """text j describes picture owner[j]; only pictures `queries` and their texts ask, all pictures and texts answer"""
    asking = torch.isin(owner, queries)
    found = (text[asking] @ image.T).topk(k, -1).indices == owner[asking][:, None]
    answers = owner[(image[queries] @ text.T).topk(k, -1).indices] == queries[:, None]
    return {"text_to_image": found.any(1).float().mean().item(), "image_to_text": answers.any(1).float().mean().item()}


def resamples(count: int, rounds: int = 2000, seed: int = 0) -> np.ndarray:
    """float32 [rounds, count]: how often each picture is drawn in a bootstrap sample of as many"""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=rounds).astype(np.float32)


def interval(values: np.ndarray) -> list[float]:
    return [float(v) for v in np.nanpercentile(values, [2.5, 97.5])]


def paired_mean(difference: np.ndarray, weights: np.ndarray) -> list[float]:
    """95 % interval of the mean difference; `difference` [N] is one picture's score less the other model's"""
    drawn = weights.sum(1)
    return interval(np.divide(weights @ difference, drawn, out=np.full(len(drawn), np.nan, np.float32), where=drawn > 0))


def paired_macro(difference: np.ndarray, label: np.ndarray, weights: np.ndarray) -> list[float]:
    """the same of the macro accuracy, over the labels that a sample draws"""
    _, member = by_label(label)
    drawn = weights @ member.astype(np.float32)
    means = np.divide(weights @ (difference[:, None] * member), drawn, out=np.full(drawn.shape, np.nan, np.float32), where=drawn > 0)
    return interval(np.nanmean(means, 1))
