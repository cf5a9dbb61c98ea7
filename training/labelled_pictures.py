"""Every second validation picture into one folder a label, for `npm run labels -- calibrate`; the others measure the result.

Never train pictures: a model is surer of what it has seen.

    python training/labelled_pictures.py ../shared/data OUT
"""
import sys
from pathlib import Path

from shards import labels_of, read


def main() -> None:
    data, out = sys.argv[1], Path(sys.argv[2])
    pictures = list(read(data))
    labels = set(labels_of(pictures))
    chosen = [p for p in pictures if p.validation and p.label in labels][::2]
    for number, picture in enumerate(chosen):
        (out / picture.label).mkdir(parents=True, exist_ok=True)
        (out / picture.label / f"{number}.webp").write_bytes(picture.blob)


if __name__ == "__main__":
    main()
