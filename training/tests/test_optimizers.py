"""Which optimizer updates what, and Muon's step on kernels."""
import dataclasses
import unittest

import torch

import modules  # noqa: F401
import config
import optimizers
from heads import Heads
from model import Clip
from test_run import CHANGES, CONFIG

RATE = 0.01


def kernel(*shape: int) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.randn(shape).to(memory_format=torch.channels_last))


def stepped(weight: torch.nn.Parameter, decay: float = 0.0) -> torch.Tensor:
    """what one step of Muon changes, with a random gradient"""
    muon, before = optimizers.Muon([weight], decay), weight.detach().clone()
    muon.param_groups[0]["lr"] = RATE
    weight.grad = torch.randn_like(weight)
    muon.step()
    return weight.detach() - before


class MuonTest(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(0)

    def test_a_kernels_step_is_nearly_orthogonal_and_of_the_usual_size(self) -> None:
        change = stepped(kernel(16, 8, 3, 3)).flatten(1)  # 16 x 72
        values = torch.linalg.svdvals(change / (RATE * 0.2 * 72**0.5))
        self.assertGreater(values.min().item(), 0.6)
        self.assertLess(values.max().item(), 1.3)

    def test_a_matrix_is_stepped_as_torch_does(self) -> None:
        ours, theirs = torch.nn.Parameter(torch.randn(6, 4)), torch.nn.Parameter(torch.zeros(6, 4))
        theirs.data.copy_(ours)
        other = torch.optim.Muon([theirs], lr=RATE, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
        change, theirs.grad = stepped(ours, 0.1), ours.grad.clone()
        other.step()
        torch.testing.assert_close(ours.detach(), theirs.detach())
        self.assertGreater(change.abs().max().item(), 1e-4)

    def test_kernels_that_are_no_views_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "channels_last"):
            optimizers.Muon([torch.nn.Parameter(torch.randn(4, 4, 3, 3))], 0.0)


class Of(unittest.TestCase):
    def of(self, **schedule: object) -> tuple[Clip, Heads, dict]:
        c = config.load(CONFIG, CHANGES | {"schedule": schedule})
        model, heads = Clip(dataclasses.asdict(c.model)), Heads(c.model.embed_dim, c.objective)
        model.visual.to(memory_format=torch.channels_last)
        return model, heads, optimizers.of(model, heads, c.schedule, fused=False)

    def test_every_weight_has_exactly_one(self) -> None:
        for kind in optimizers.KINDS:
            model, heads, found = self.of(optimizer=kind)
            updated = sorted(p.data_ptr() for optimizer in found.values() for group in optimizer.param_groups for p in group["params"])
            self.assertEqual(updated, sorted(p.data_ptr() for p in (*model.parameters(), *heads.parameters())), kind)
            self.assertEqual("muon" in found, kind == "muon")

    def test_muon_leaves_first_and_last_layers_and_vectors_alone(self) -> None:
        model, _, found = self.of(optimizer="muon")
        hidden = {id(p) for p in found["muon"].weights}
        names = {name for name, p in model.named_parameters() if id(p) in hidden}
        self.assertTrue({"visual.conv2.weight", "visual.attnpool.c_proj.weight", "transformer.resblocks.0.mlp.c_fc.weight"} <= names)
        self.assertFalse(names & {"visual.conv1.weight", "visual.bn1.weight", "token_embedding.weight", "text_projection", "logit_scale"})

    def test_an_unknown_one_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, '"sgd"'):
            self.of(optimizer="sgd")
