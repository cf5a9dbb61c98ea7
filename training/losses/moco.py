"""MoCo: a query finds the momentum encoder's key of the same picture among a queue of older keys.

    L = 1/N sum_i -log [ exp(q_i.k_i / tau) / (exp(q_i.k_i / tau) + sum_j exp(q_i.u_j / tau)) ],  u_j the queue

He, Fan, Wu, Xie, Girshick: Momentum Contrast for Unsupervised Visual Representation Learning, 2019 (arXiv 1911.05722).
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def moco(query: Tensor, key: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """query [N, D], key [N, D] of the same pictures, queue [K, D], all unit vectors; only the query carries a gradient"""
    own = (query * key.detach()).sum(-1, keepdim=True)
    logits = torch.cat([own, query @ queue.detach().T], 1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(query), dtype=torch.long, device=query.device))


class Queue:
    """The last `size` keys, first in, first out; random directions until it has filled."""

    def __init__(self, size: int, dim: int, device: str = "cpu") -> None:
        self.keys = F.normalize(torch.randn(size, dim, device=device), dim=-1)
        self.at = 0

    def push(self, keys: Tensor) -> None:
        keys = keys.detach()[-len(self.keys) :].to(self.keys.dtype)
        places = (self.at + torch.arange(len(keys), device=keys.device)) % len(self.keys)
        self.keys[places] = keys
        self.at = (self.at + len(keys)) % len(self.keys)


@torch.no_grad()
def follow(key_encoder: nn.Module, encoder: nn.Module, momentum: float) -> None:
    """key weights <- momentum * key weights + (1 - momentum) * weights; counters are copied"""
    for slow, fast in zip(key_encoder.state_dict().values(), encoder.state_dict().values()):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - momentum)
        else:
            slow.copy_(fast)
