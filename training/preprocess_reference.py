"""The reference preprocessing: PIL bicubic and torchvision's centre crop; with --squash and --bilinear, as SigLIP and MobileCLIP ask.

EXIF orientation applied, alpha over white, palette and CMYK to RGB, 16 bits to 8, first frame. Writes one raw file
uint8 [S, S, 3] a picture (`<folder>-<name>.<size>.rgb`) and prints one JSON line each.

    python training/preprocess_reference.py [--squash] [--bilinear] OUT SIZE PICTURE...
"""
import json
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to 8-bit RGB, transparent parts white."""
    if image.mode.startswith("I;16"):  # PIL's own conversion of 16-bit grey clips instead of scaling
        image = Image.fromarray((np.asarray(image).astype(np.uint32) * 255 // 65535).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def preprocess(path: Path | BinaryIO, size: int, squash: bool = False, filter: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    """uint8 [size, size, 3] of a picture file."""
    image = to_rgb(ImageOps.exif_transpose(Image.open(path)))
    if squash:
        return np.asarray(image.resize((size, size), filter))
    width, height = image.size
    short = min(width, height)
    width, height = (size if side == short else int(size * side / short) for side in (width, height))
    image = image.resize((width, height), filter)
    left, top = (int(round((side - size) / 2.0)) for side in (width, height))
    return np.asarray(image.crop((left, top, left + size, top + size)))


def main() -> None:
    flags = [each for each in sys.argv[1:] if each.startswith("--")]
    out, size, *names = (each for each in sys.argv[1:] if not each.startswith("--"))
    out, size, squash = Path(out), int(size), "--squash" in flags
    filter = Image.Resampling.BILINEAR if "--bilinear" in flags else Image.Resampling.BICUBIC
    kind = "".join(f".{flag[2:]}" for flag in ("--squash", "--bilinear") if flag in flags)
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = Path(name)
        try:
            pixels = preprocess(path, size, squash, filter)
        except Exception as error:  # a damaged picture is part of what is compared
            print(json.dumps({"file": name, "error": str(error)}))
            continue
        target = out / f"{path.resolve().parent.name}-{path.name}.{size}{kind}.rgb"
        target.write_bytes(pixels.tobytes())
        print(json.dumps({"file": name, "array": target.name}))


if __name__ == "__main__":
    main()
