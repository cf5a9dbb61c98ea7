"""Supervised multi-positive InfoNCE: against a bank of texts with soft targets, and within a batch of pictures (SupCon).

    multi_positive:  L = -1/N sum_i sum_j y_ij log softmax_j(s x_i.t_j),  sum_j y_ij = 1
    sup_con:         L = -1/|A| sum_{i in A} 1/|P(i)| sum_{p in P(i)} log [ exp(z_i.z_p / tau) / sum_{k != i} exp(z_i.z_k / tau) ]
                     P(i): the others of i's label; A: those that have any

Khosla et al.: Supervised Contrastive Learning, 2020 (arXiv 2004.11362), L_out; labels as texts: Yang et al.: Unified Contrastive
Learning in Image-Text-Label Space, 2022 (2204.03610). A picture mixed of two (MixUp, CutMix) has both labels in y, by their shares.
"""
import torch
import torch.nn.functional as F
from torch import Tensor

NEVER = -1e9  # a logit that softmax drops, finite so that a zero target times its logarithm stays zero


def multi_positive(image: Tensor, text: Tensor, target: Tensor, scale: Tensor | float, ignored: Tensor | None = None) -> Tensor:
    """image [N, D], text [M, D]: unit vectors; target [N, M], rows sum to 1; ignored bool [N, M]: neither positive nor negative"""
    logits = scale * image @ text.T
    if ignored is not None:
        logits = logits.masked_fill(ignored, NEVER)
    return -(target * F.log_softmax(logits, -1)).sum(-1).mean()


def soften(target: Tensor, smoothing: float, ignored: Tensor | None = None) -> Tensor:
    """label smoothing: `smoothing` of each row spread evenly over what is not ignored; target is zero where ignored"""
    allowed = torch.ones_like(target) if ignored is None else (~ignored).to(target.dtype)
    return target * (1 - smoothing) + allowed * (smoothing / allowed.sum(-1, keepdim=True))


def sup_con(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """vectors: unit vectors [N, D]; labels: int [N]. Zero where no label occurs twice."""
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    positive = (labels[:, None] == labels[None]) & ~itself
    anchors = positive.any(1)
    if not anchors.any():
        return vectors.sum() * 0
    logp = F.log_softmax((vectors @ vectors.T / temperature).masked_fill(itself, NEVER), -1)
    each = (logp * positive).sum(1) / positive.sum(1).clamp(min=1)
    return -each[anchors].mean()
