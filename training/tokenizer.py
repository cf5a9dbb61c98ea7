"""CLIP's byte-level BPE: training on texts, encoding, and tokenizer.json in the form that CLIP checkpoints ship."""
import collections
import json
import unicodedata
from pathlib import Path
from typing import Iterable

import regex

WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"  # openai/CLIP, simple_tokenizer.py
START, END = "<|startoftext|>", "<|endoftext|>"
Pair = tuple[str, str]


def byte_symbols() -> dict[int, str]:
    """The printable symbol of each byte, in CLIP's (GPT-2's) order."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in keep]
    return {b: chr(b) for b in keep} | {b: chr(256 + i) for i, b in enumerate(rest)}


SYMBOL = byte_symbols()
SPLIT = regex.compile(WORDS, regex.IGNORECASE)


def words(text: str) -> list[str]:
    return SPLIT.findall(" ".join(unicodedata.normalize("NFC", text).split()).lower())


def symbols(word: str) -> list[str]:
    s = [SYMBOL[b] for b in word.encode()]
    return s[:-1] + [s[-1] + "</w>"]


def merge(sequence: list[str], pair: Pair) -> list[str]:
    out, i = [], 0
    while i < len(sequence):
        if i + 1 < len(sequence) and (sequence[i], sequence[i + 1]) == pair:
            out.append(sequence[i] + sequence[i + 1])
            i += 2
        else:
            out.append(sequence[i])
            i += 1
    return out


def train(texts: Iterable[str], size: int) -> tuple[list[str], list[Pair]]:
    """(vocabulary, merges) of at most `size` entries, START and END last; merges by count, ties by spelling."""
    counts = collections.Counter(w for t in texts for w in words(t))
    sequences = {w: symbols(w) for w in counts}
    pairs: collections.Counter[Pair] = collections.Counter()
    where: dict[Pair, set[str]] = collections.defaultdict(set)

    def count(word: str, sign: int) -> None:
        for pair in zip(sequences[word], sequences[word][1:]):
            pairs[pair] += sign * counts[word]
            where[pair].add(word)

    for word in counts:
        count(word, 1)
    vocabulary = list(SYMBOL.values()) + [s + "</w>" for s in SYMBOL.values()]
    merges: list[Pair] = []
    while len(vocabulary) < size - 2 and pairs:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        if pairs[best] < 2:
            break
        merges.append(best)
        vocabulary.append(best[0] + best[1])
        for word in where.pop(best):
            count(word, -1)
            sequences[word] = merge(sequences[word], best)
            count(word, 1)
        del pairs[best]
    return vocabulary + [START, END], merges


class Tokenizer:
    """text -> `context` ids: START, words, END, zeros; a longer text is cut and keeps END."""

    def __init__(self, vocabulary: list[str], merges: list[Pair], context: int) -> None:
        self.ids = {token: i for i, token in enumerate(vocabulary)}
        self.rank = {tuple(pair): i for i, pair in enumerate(merges)}
        self.context = context
        self._known: dict[str, list[int]] = {}

    def _word(self, word: str) -> list[int]:
        if word not in self._known:
            s = symbols(word)
            while len(s) > 1:
                best = min(zip(s, s[1:]), key=lambda pair: self.rank.get(pair, len(self.rank)))
                if best not in self.rank:
                    break
                s = merge(s, best)
            self._known[word] = [self.ids[x] for x in s]
        return self._known[word]

    def __call__(self, text: str) -> list[int]:
        ids = [self.ids[START]] + [i for w in words(text) for i in self._word(w)]
        ids = ids[: self.context - 1] + [self.ids[END]]
        return ids + [0] * (self.context - len(ids))


def save(vocabulary: list[str], merges: list[Pair], path: Path) -> None:
    start, end = vocabulary.index(START), vocabulary.index(END)
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "special": True}
    path.write_text(json.dumps({
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": start, "content": START, "normalized": True} | plain, {"id": end, "content": END, "normalized": False} | plain],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}]},
        "post_processor": {"type": "RobertaProcessing", "sep": [END, end], "cls": [START, start], "trim_offsets": False, "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": END, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
                  "fuse_unk": False, "vocab": {token: i for i, token in enumerate(vocabulary)}, "merges": [" ".join(pair) for pair in merges]},
    }, ensure_ascii=False))


def load(path: Path, context: int) -> Tokenizer:
    """Any byte-level BPE in CLIP's layout; texts are always cut into words as CLIP does, which is what the product does too."""
    model = json.loads(path.read_text())["model"]
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
    return Tokenizer(sorted(model["vocab"], key=model["vocab"].get), merges, context)
