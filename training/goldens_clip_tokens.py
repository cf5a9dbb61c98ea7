"""Ids of transformers' CLIPTokenizer on CLIP's own vocabulary, for the texts of test/goldens/text/open_clip.json.

    python training/goldens_clip_tokens.py ../shared/tokenizer/bpe_simple_vocab_16e6.txt.gz test/goldens/text
"""
import gzip
import json
import sys
from pathlib import Path

from transformers import CLIPTokenizer


def main() -> None:
    lines = gzip.open(sys.argv[1]).read().decode("utf8").split("\n")[1 : 49152 - 256 - 2 + 1]
    merges = [tuple(line.split()) for line in lines]
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in keep] + [chr(256 + n) for n in range(256 - len(keep))]
    tokens = letters + [f"{letter}</w>" for letter in letters] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={token: index for index, token in enumerate(tokens)}, merges=merges)
    out = Path(sys.argv[2])
    golden = []
    for each in json.loads((out / "open_clip.json").read_text()):
        text = each["text"]
        # A text that spells a special token is text here, and a lone surrogate is no text to transformers.
        if "<|" in text or any(0xD800 <= ord(letter) < 0xE000 for letter in text):
            continue
        ids = tokenizer(text, truncation=True, max_length=77)["input_ids"]
        golden.append({"text": text, "ids": ids, "truncated": len(tokenizer(text)["input_ids"]) > 77})
    (out / "hugging_face.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
