"""Files of torch.save for the pickle reader: training output of OpenCLIP, odd views and formats, and hostile pickles.

    python training/goldens_pytorch.py test/goldens/parity/hugging-face/open_clip test/goldens/pytorch
"""
import argparse
import json
import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file


class System:
    def __reduce__(self):
        return os.system, ("touch /tmp/edgeclip-was-here",)


class Evaluated:
    def __reduce__(self):
        return eval, ("1",)


def main() -> None:
    weights, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    training = {"epoch": 12, "name": "a run", "optimizer": optimizer.state_dict(), "scaler": {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 0}}
    state = OrderedDict((f"module.{name}", value) for name, value in load_file(weights / "open_clip_model.safetensors").items())
    torch.save({**training, "state_dict": state}, out / "epoch_12.pt")

    base = torch.arange(24, dtype=torch.float32).view(4, 6) / 8
    odd = OrderedDict(whole=base, turned=base.T, sliced=base[1:3, ::2], half=base.half(), brain=base.bfloat16(), double=base.double(), one=torch.tensor(2.5), empty=torch.zeros(0, 3), parameter=torch.nn.Parameter(base[0]), steps=torch.tensor([7]))
    odd._metadata = OrderedDict()
    torch.save(odd, out / "odd.bin")
    (out / "odd.json").write_text(json.dumps({name: {"shape": list(value.shape), "values": value.flatten().tolist()} for name, value in odd.items() if value.is_floating_point()}) + "\n")

    for name, value in {"system": System(), "eval": Evaluated(), "namespace": argparse.Namespace(lr=1), "function": os.path.join}.items():
        torch.save({"state_dict": {}, "other": value}, out / f"{name}.pt")
    (out / "bare.pt").write_bytes(pickle.dumps({"state_dict": {}}))
    torch.save({"state_dict": {"weight": "text"}}, out / "text.pt")
    torch.save({"state_dict": odd}, out / "legacy.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
