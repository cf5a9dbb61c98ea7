"""The tokenizer's ids, its training, and the file it writes."""
import json
import tempfile
import unittest
from pathlib import Path

import modules  # noqa: F401
import tokenizer

GOLDENS = Path(__file__).resolve().parents[2] / "test/goldens/text/nano.json"
SHARED = Path(__file__).resolve().parents[3] / "shared"


def slow_merges(texts: list[str], count: int) -> list[tuple[str, str]]:
    """pairs counted anew for every merge"""
    sequences = [tokenizer.symbols(w) for t in texts for w in tokenizer.words(t)]
    merges = []
    for _ in range(count):
        pairs: dict[tuple[str, str], int] = {}
        for s in sequences:
            for pair in zip(s, s[1:]):
                pairs[pair] = pairs.get(pair, 0) + 1
        merges.append(max(pairs, key=lambda pair: (pairs[pair], pair)))
        sequences = [tokenizer.merge(s, merges[-1]) for s in sequences]
    return merges


class Training(unittest.TestCase):
    TEXTS = ["banana bandana", "a band of bananas", "anna and hannah ran", "aaaa aaa aa"] * 2

    def test_same_merges_as_counting_anew(self) -> None:
        _, merges = tokenizer.train(self.TEXTS, 512 + 2 + 12)
        self.assertEqual(merges, slow_merges(self.TEXTS, 12))

    def test_stops_where_no_pair_occurs_twice(self) -> None:
        vocabulary, merges = tokenizer.train(["ab ab cd"], 4096)
        self.assertEqual(merges, [("a", "b</w>")])
        self.assertEqual(vocabulary[-2:], [tokenizer.START, tokenizer.END])

    def test_file_round_trip(self) -> None:
        vocabulary, merges = tokenizer.train(self.TEXTS, 530)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tokenizer.json"
            tokenizer.save(vocabulary, merges, path)
            loaded, fresh = tokenizer.load(path, 8), tokenizer.Tokenizer(vocabulary, merges, 8)
            self.assertEqual(loaded("a Banana!"), fresh("a Banana!"))
            split = json.loads(path.read_text())["pre_tokenizer"]["pretokenizers"][0]
            self.assertEqual(split["pattern"]["Regex"], tokenizer.WORDS)


class Encoding(unittest.TestCase):
    def test_long_text_keeps_its_end(self) -> None:
        vocabulary, merges = tokenizer.train([], 514)
        ids = tokenizer.Tokenizer(vocabulary, merges, 4)("abcdef")
        self.assertEqual([vocabulary[i] for i in ids], [tokenizer.START, "a", "b", tokenizer.END])

    @unittest.skipUnless((SHARED / "models/nano-baseline").is_dir(), "../shared is absent")
    def test_same_ids_as_the_product(self) -> None:
        encode = tokenizer.load(SHARED / "models/nano-baseline/tokenizer.json", 24)
        for case in json.loads(GOLDENS.read_text()):
            if case["text"].isascii() and "&" not in case["text"] and case["text"].isprintable():  # the product also mends texts
                with self.subTest(case["text"]):
                    self.assertEqual(encode(case["text"]), case["ids"])


if __name__ == "__main__":
    unittest.main()
