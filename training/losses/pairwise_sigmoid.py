"""Pairwise binary cross-entropy, SigLIP's form: every pair of a picture and a text is a yes-or-no question of its own.

    l_ij = s x_i.t_j + b
    L = -1/N sum_ij [ y_ij log sigmoid(l_ij) + (1 - y_ij) log sigmoid(-l_ij) ]

Zhai, Mustafa, Kolesnikov, Beyer: Sigmoid Loss for Language Image Pre-Training, 2023 (arXiv 2303.15343). There y_ij is 1 on the
diagonal, and b starts at -10 so that the many negatives do not drown the first steps; here y may be any mixture.
"""
import torch.nn.functional as F
from torch import Tensor


def pairwise_sigmoid(image: Tensor, text: Tensor, target: Tensor, scale: Tensor | float, bias: Tensor | float) -> Tensor:
    """image [N, D], text [M, D]: unit vectors; target [N, M] in 0..1: how much picture i shows text j"""
    logits = scale * image @ text.T + bias
    return F.binary_cross_entropy_with_logits(logits, target, reduction="sum") / len(image)
