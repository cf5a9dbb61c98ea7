"""NT-Xent, SimCLR's loss: two augmented views of each picture find each other among all other views of the batch.

    z = first followed by second, 2N views; p(i) the other view of i's picture
    L = 1/2N sum_i -log [ exp(z_i.z_p(i) / tau) / sum_{k != i} exp(z_i.z_k / tau) ]

Chen, Kornblith, Norouzi, Hinton: A Simple Framework for Contrastive Learning of Visual Representations, 2020 (arXiv 2002.05709).
"""
import torch
import torch.nn.functional as F
from torch import Tensor


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """first, second: unit vectors [N, D] of two views of the same N pictures"""
    n = len(first)
    views = torch.cat([first, second])
    itself = torch.eye(2 * n, dtype=torch.bool, device=views.device)
    logits = (views @ views.T / temperature).masked_fill(itself, float("-inf"))
    partner = torch.arange(2 * n, device=views.device).roll(n)
    return F.cross_entropy(logits, partner)
