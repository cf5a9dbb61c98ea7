"""Triplet loss with margin: for each anchor and positive one negative of the batch, semi-hard where there is one.

    L = 1/|P| sum_{(a,p) in P} max(0, |a - p|^2 - |a - n(a,p)|^2 + m),  P: ordered pairs of one label
    n(a,p): the nearest vector of another label that is farther from a than p is; if none is, the farthest one

Schroff, Kalenichenko, Philbin: FaceNet: A Unified Embedding for Face Recognition and Clustering, 2015 (arXiv 1503.03832).
The last clause is TensorFlow's (`triplet_semihard_loss`): the hardest negatives collapse a young model.
"""
import torch
import torch.nn.functional as F
from torch import Tensor


def triplet(vectors: Tensor, labels: Tensor, margin: float) -> Tensor:
    """vectors: unit vectors [N, D]; labels: int [N]. Zero where no label occurs twice or only one label occurs."""
    square = (vectors * vectors).sum(-1)
    distance = square[:, None] + square[None] - 2 * vectors @ vectors.T  # squared
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    anchor, positive = torch.where(same & ~itself & ~same.all(1, keepdim=True))
    if len(anchor) == 0:
        return vectors.sum() * 0
    near = distance[anchor, positive]
    negative = semi_hard(distance.detach()[anchor], near.detach(), same[anchor])
    return F.relu(near - distance[anchor, negative] + margin).mean()


def semi_hard(distance: Tensor, near: Tensor, same: Tensor) -> Tensor:
    """distance [P, N] from each pair's anchor, near [P] its positive's, same [P, N] shares the label -> index of the negative [P]"""
    farther = ~same & (distance > near[:, None])
    nearest = distance.masked_fill(~farther, float("inf")).argmin(1)
    farthest = distance.masked_fill(same, float("-inf")).argmax(1)
    return torch.where(farther.any(1), nearest, farthest)
