"""A larger model's opinion: its softmax over the bank, as soft targets for a smaller one."""
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import checkpoint
import vectors
from prompts import bank_ids


class Teacher:
    def __init__(self, folder: str, labels: list[str], device: str) -> None:
        self.model, tokenizer = checkpoint.read(Path(folder))
        self.model.to(device)
        self.bank = vectors.of_labels(self.model, bank_ids(tokenizer, labels), device).to(device)

    @torch.no_grad()
    def softmax(self, x: Tensor, bank: Tensor) -> Tensor:
        """x normalised pictures; bank: the labels encoded this step -> float32 [N, K]"""
        logits = self.model.logit_scale.exp() * self.model.image(x) @ self.bank[bank].T
        return F.softmax(logits.float(), -1)
