"""The logit scale that makes softmax probabilities honest: the one under which known labels are likeliest.

    s* = argmin_s -1/N sum_i log softmax_j(s x_i.t_j)_{y_i}

Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, 2017 (arXiv 1706.04599), temperature scaling. Training
with label smoothing and mixed pictures leaves the learned scale too low: it has never seen a certain target.
"""
import torch.nn.functional as F
from torch import Tensor

RANGE = (1.0, 200.0)


def nll(cosine: Tensor, label: Tensor, scale: float) -> float:
    """cosine [N, L], label int [N]"""
    return F.cross_entropy(scale * cosine, label).item()


def fit(cosine: Tensor, label: Tensor, steps: int = 60) -> float:
    """by halving the slope's sign: the loss is convex in the scale"""
    low, high = RANGE
    true = cosine.gather(1, label[:, None])[:, 0]
    for _ in range(steps):
        middle = (low + high) / 2
        slope = (((middle * cosine).softmax(-1) * cosine).sum(-1) - true).mean()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return (low + high) / 2
