"""Sorts train pictures of the data shards into folders, for `npm run policies -- calibrate`.

    python training/policy_pictures.py ../shared/data OUT [PICTURES_A_CATEGORY]

A folder for each category of models/policies/default.yaml that the data has labels for, and `none` for the rest.
"""
import io
import json
import sys
import tarfile
from pathlib import Path

CATEGORIES = {
    "weapons": ["person holding a gun", "revolver gun", "sport shooting with a gun", "holster"],
    "fire": ["fire with flames"],
    "smoking": ["person smoking a cigarette"],
    "alcohol": ["beer bottle", "wine bottle", "cocktail shaker"],
    "drugs": ["syringe", "pill bottle"],
    "gambling": ["slot machine"],
}
CATEGORY = {label: category for category, labels in CATEGORIES.items() for label in labels}


def main() -> None:
    data, out, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 150
    found: dict[str, list[tuple[str, bytes]]] = {name: [] for name in [*CATEGORIES, "none"]}
    for shard in sorted(data.glob("shard-*.tar")):
        with tarfile.open(shard) as tar:
            index, pictures = (tar.extractfile(f"{shard.stem}{ext}").read() for ext in (".jsonl", ".bin"))
        for line in io.BytesIO(index):
            record = json.loads(line)
            if record.get("split") == "val" or "label" not in record:
                continue
            folder = CATEGORY.get(record["label"], "none")
            found[folder].append((f"{shard.stem}-{record['o']}.webp", pictures[record["o"] : record["o"] + record["n"]]))
    for folder, items in found.items():
        count = most * (10 if folder == "none" else 1)
        (out / folder).mkdir(parents=True, exist_ok=True)
        for name, content in items[:: max(1, len(items) // count)][:count]:
            (out / folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
