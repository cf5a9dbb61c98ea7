"""Every configuration that open_clip ships, and the tensors that its own classes make of those that the compiler takes.

Blocks are cut to one a tower (a stage), which changes no shape; nothing is allocated (torch's meta device).

    python training/goldens_stock_configs.py test/goldens/stockConfigs.json
"""
import hashlib
import json
import sys
from pathlib import Path

import open_clip
import torch

import goldens

REFUSED = ("timm_model_name", "hf_model_name", "hf_tokenizer_name")


def tensors(config: dict) -> dict:
    with torch.device("meta"):
        state = goldens.model_of(config).state_dict()
    names = {name.removeprefix("text."): list(value.shape) for name, value in state.items() if not name.startswith("text_decoder.") and not name.endswith(("attn_mask", "num_batches_tracked"))}
    names.pop("logit_scale"), names.pop("logit_bias", None)
    lines = "".join(f"{name} {','.join(map(str, names[name]))}\n" for name in sorted(names))
    return {"count": len(names), "sha256": hashlib.sha256(lines.encode()).hexdigest()}


def main() -> None:
    out = []
    for path in sorted((Path(open_clip.__file__).parent / "model_configs").glob("*.json")):
        config = json.loads(path.read_text())
        vision, text = config["vision_cfg"], config["text_cfg"]
        keys = [key for key in REFUSED if {**vision, **text}.get(key)]
        if "layers" in vision:
            vision["layers"] = [1] * 4 if isinstance(vision["layers"], list) else 1
        if "layers" in text:
            text["layers"] = 1
        out.append({"name": path.stem, "config": config, **({"refused": keys} if keys else tensors(config))})
    Path(sys.argv[1]).write_text("[\n" + ",\n".join(json.dumps(each) for each in out) + "\n]\n")


if __name__ == "__main__":
    main()
