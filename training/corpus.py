"""The arrays of data.py in memory: frames, labels, captions, and which pictures may be trained on."""
import json
from pathlib import Path

import numpy as np

import splits


class Corpus:
    def __init__(self, folder: str | Path, hold_out: int, calibration: int) -> None:
        folder = Path(folder)
        meta = json.loads((folder / "meta.json").read_text())
        self.labels: list[str] = meta["labels"]
        self.alternatives: dict[str, list[str]] = meta["alt"]
        self.parent: dict[str, str] = meta.get("parent", {})  # hypernyms; missing in arrays older than them
        self.source = np.array(meta["source"])
        self.label = np.array(meta["label"])  # int [N], -1 for none
        self.validation = np.array(meta["val"])
        self.frames = np.load(folder / "frames.npy", mmap_mode="r")
        self.aspect = np.load(folder / "aspect.npy")
        self.views = np.load(folder / "val.npy")  # uint8 [V, S, S, 3], in the order of `validation`
        self.held = splits.held_out(len(self.labels), hold_out)
        train = np.ones(len(self.label), bool)
        train[self.validation] = False
        captions = {int(i): texts for i, texts in meta["captions"].items()}
        self.captions = {i: texts for i, texts in captions.items() if train[i]}
        self.validation_captions = {i: texts for i, texts in captions.items() if not train[i]}
        train[splits.spread(self.label, self.validation, calibration)] = False
        self._train = train

    def trainable(self, held: np.ndarray) -> np.ndarray:
        """indices of labelled pictures to train on, those of `held` labels left out"""
        return np.flatnonzero(self._train & (self.label >= 0) & ~held[np.maximum(self.label, 0)])

    def hypernyms(self) -> np.ndarray:
        """bool [L, L]: label of the column is a hypernym of the row's"""
        index = {label: i for i, label in enumerate(self.labels)}
        above = np.zeros((len(self.labels), len(self.labels)), bool)
        for label, parent in self.parent.items():
            if parent in index and parent != label:
                above[index[label], index[parent]] = True
        return above
