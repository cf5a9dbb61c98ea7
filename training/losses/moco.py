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


class Queue(nn.Module):
    """The last `size` keys, first in, first out; random directions until it has filled."""

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("keys", F.normalize(torch.randn(size, dim), dim=-1))
        self.register_buffer("at", torch.zeros((), dtype=torch.long))

    def push(self, keys: Tensor) -> None:
        keys = keys.detach()[-len(self.keys) :].to(self.keys.dtype)
        places = (self.at + torch.arange(len(keys), device=keys.device)) % len(self.keys)
        self.keys[places] = keys
        self.at.add_(len(keys)).remainder_(len(self.keys))


@torch.no_grad()
def follow(key_encoder: nn.Module, encoder: nn.Module, momentum: float) -> None:
    """key weights and running statistics <- momentum * theirs + (1 - momentum) * the encoder's; counters are copied"""
    pairs = list(zip(key_encoder.state_dict().values(), encoder.state_dict().values()))
    slow, fast = zip(*(pair for pair in pairs if pair[0].dtype.is_floating_point))
    torch._foreach_lerp_(slow, fast, 1 - momentum)
    for counter, current in (pair for pair in pairs if not pair[0].dtype.is_floating_point):
        counter.copy_(current)
