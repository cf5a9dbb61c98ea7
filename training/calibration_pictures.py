"""Takes evenly spaced train pictures out of the data shards, for `npm run models -- build --calibrate`.

    python training/calibration_pictures.py ../shared/data OUT 256
"""
import io
import json
import sys
import tarfile
from pathlib import Path


def main() -> None:
    data, out, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    shards = sorted(data.glob("shard-*.tar"))
    for shard in shards:
        with tarfile.open(shard) as tar:
            index, pictures = (tar.extractfile(f"{shard.stem}{ext}").read() for ext in (".jsonl", ".bin"))
        records = [json.loads(line) for line in io.BytesIO(index)]
        train = [record for record in records if record.get("split") != "val"]
        share = -(-count // len(shards))
        for record in train[:: max(1, len(train) // share)][:share]:
            name = f"{shard.stem}-{record['o']}.webp"
            (out / name).write_bytes(pictures[record["o"] : record["o"] + record["n"]])


if __name__ == "__main__":
    main()
