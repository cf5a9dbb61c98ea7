"""Distillation of a Gram matrix: our text vectors shall lie to one another as a stronger model's do.

    L = 1/M^2 sum_ij (t_i.t_j - r_i.r_j)^2

Only the geometry is compared, so the two may have different widths. Tung, Mori: Similarity-Preserving Knowledge Distillation,
2019 (arXiv 1907.09682). Text vectors crowd in a narrow cone whose axis says nothing: both sides are `centred` first.
"""
import torch.nn.functional as F
from torch import Tensor


def gram(text: Tensor, reference: Tensor) -> Tensor:
    """text [M, D], reference [M, E]: unit vectors of the same M names"""
    return F.mse_loss(text @ text.T, reference @ reference.T)


def centred(vectors: Tensor) -> Tensor:
    """[M, D] -> [M, D] less their mean, unit length again"""
    return F.normalize(vectors - vectors.mean(0), dim=-1)
