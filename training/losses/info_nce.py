"""InfoNCE, CLIP's symmetric loss: each picture against all texts of the batch, each text against all pictures.

    L = 1/2N sum_i [ -log softmax_j(s x_i.t_j)_i - log softmax_j(s x_j.t_i)_i ]

van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding, 2018 (arXiv 1807.03748);
the symmetric form: Radford et al.: Learning Transferable Visual Models From Natural Language Supervision, 2021 (2103.00020).
"""
import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(image: Tensor, text: Tensor, scale: Tensor | float) -> Tensor:
    """image, text: unit vectors [N, D], row i of one belongs to row i of the other; scale: what cosines are multiplied by"""
    logits = scale * image @ text.T
    own = torch.arange(len(image), device=image.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
