"""The reference preprocessing: PIL bicubic and torchvision's centre crop.

EXIF orientation applied, alpha over white, palette and CMYK to RGB, 16 bits to 8, first frame. Writes one raw file
uint8 [S, S, 3] a picture (`<folder>-<name>.<size>.rgb`) and prints one JSON line each.

    python training/preprocess_reference.py OUT SIZE PICTURE...
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


def preprocess(path: Path | BinaryIO, size: int) -> np.ndarray:
    """uint8 [size, size, 3] of a picture file."""
    image = to_rgb(ImageOps.exif_transpose(Image.open(path)))
    width, height = image.size
    short = min(width, height)
    width, height = (size if side == short else int(size * side / short) for side in (width, height))
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (int(round((side - size) / 2.0)) for side in (width, height))
    return np.asarray(image.crop((left, top, left + size, top + size)))


def main() -> None:
    out, size = Path(sys.argv[1]), int(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[3:]:
        path = Path(name)
        try:
            pixels = preprocess(path, size)
        except Exception as error:  # a damaged picture is part of what is compared
            print(json.dumps({"file": name, "error": str(error)}))
            continue
        target = out / f"{path.resolve().parent.name}-{path.name}.{size}.rgb"
        target.write_bytes(pixels.tobytes())
        print(json.dumps({"file": name, "array": target.name}))


if __name__ == "__main__":
    main()
