"""Parameters that objectives need while training and that no checkpoint carries."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import Objective
from losses.moco import Queue


class Heads(nn.Module):
    def __init__(self, embed_dim: int, c: Objective) -> None:
        super().__init__()
        # SimCLR: the vectors before a projection head are the better ones for everything else.
        self.projection = nn.Sequential(nn.Linear(embed_dim, embed_dim), nn.ReLU(), nn.Linear(embed_dim, c.projection))
        self.sigmoid_scale = nn.Parameter(torch.tensor(math.log(c.sigmoid_scale)))
        self.sigmoid_bias = nn.Parameter(torch.tensor(c.sigmoid_bias))
        self.queue = Queue(c.moco_queue, c.projection)

    def project(self, vectors: Tensor) -> Tensor:
        return F.normalize(self.projection(vectors), dim=-1)
