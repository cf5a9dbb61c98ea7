"""What updates the weights: AdamW, and by `optimizer = "muon"` Muon for the matrices between a tower's first and last layer.

Muon makes a momentum step orthogonal: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). Its step is
scaled to AdamW's usual size, so that both share learning rate and decay: Liu et al., "Muon is Scalable for LLM Training" (arXiv:2502.16982), equation 4.
"""
import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from config import Schedule
from heads import Heads
from model import Clip

KINDS = ("adamw", "muon")
# First and last layers; the attention pool's square matrices too, where making a step orthogonal costs more than all the others together.
NOT_HIDDEN = ("visual.conv1.", "embedding", "text_projection", "q_proj", "k_proj", "v_proj")


class Muon(torch.optim.Muon):
    """torch's, for kernels too: [out, in, h, w] counts as the matrix [out, h * w * in], a view of the kernel in channels_last."""

    def __init__(self, weights: list[Tensor], weight_decay: float) -> None:
        self.weights, self.matrices = weights, [torch.nn.Parameter(as_matrix(p.detach())) for p in weights]
        if any(matrix.data_ptr() != p.data_ptr() for matrix, p in zip(self.matrices, weights)):
            raise ValueError("Muon steps on views: kernels have to be in channels_last")
        super().__init__(self.matrices, lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")

    def step(self) -> None:
        for matrix, p in zip(self.matrices, self.weights):
            matrix.grad = as_matrix(p.grad)
        super().step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for p in (*self.matrices, *self.weights):
            p.grad = None


def as_matrix(weight: Tensor) -> Tensor:
    return weight.permute(0, 2, 3, 1).flatten(1) if weight.ndim == 4 else weight


def of(model: Clip, heads: Heads, schedule: Schedule, fused: bool) -> dict[str, Optimizer]:
    """by their names in state.pt; vectors, positions and heads do not decay"""
    if schedule.optimizer not in KINDS:
        raise ValueError(f'[schedule] optimizer is one of {", ".join(KINDS)}, not "{schedule.optimizer}"')
    named = dict(model.named_parameters())
    decayed = {name for name, p in named.items() if p.ndim > 1 and "positional" not in name}
    hidden = {name for name in decayed if not any(part in name for part in NOT_HIDDEN)} if schedule.optimizer == "muon" else set()
    pick = lambda names: [p for name, p in named.items() if name in names]
    groups = [
        {"params": pick(decayed - hidden), "weight_decay": schedule.weight_decay},
        {"params": pick(named.keys() - decayed), "weight_decay": 0.0},
    ]
    adamw = {"lr": 0.0, "betas": tuple(schedule.betas), "eps": 1e-6}
    optimizers = {"optimizer": AdamW(groups, fused=fused, **adamw), "head_optimizer": AdamW(heads.parameters(), weight_decay=0.0, **adamw)}
    return optimizers | ({"muon": Muon(pick(hidden), schedule.weight_decay)} if hidden else {})
