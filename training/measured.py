"""The pictures that evaluate.py measures on, straight from the shards, preprocessed as the product does for any size."""
import io
from dataclasses import dataclass

import numpy as np

import shards
import splits
from data import meta
from preprocess_reference import preprocess


@dataclass(frozen=True)
class Pictures:
    blobs: list[bytes]
    label: np.ndarray  # int [N], -1 for none
    source: np.ndarray  # str [N]
    captions: list[list[str]]

    def views(self, size: int) -> np.ndarray:
        """uint8 [N, size, size, 3]"""
        return np.stack([preprocess(io.BytesIO(blob), size) for blob in self.blobs])


@dataclass(frozen=True)
class Measured:
    labels: list[str]
    alternatives: dict[str, list[str]]
    validation: Pictures
    calibration: Pictures  # train pictures, for the temperature; train.py keeps them out of training


def chosen(every: list[shards.Picture], label: np.ndarray, index: np.ndarray) -> Pictures:
    of = [every[i] for i in index]
    return Pictures([p.blob for p in of], label[index], np.array([p.source for p in of]), [p.captions for p in of])


def read(folder: str, calibration: int) -> Measured:
    every = list(shards.read(folder))
    about = meta(every, shards.label_info(folder))
    label, validation = np.array(about["label"]), np.array(about["val"])
    kept = splits.spread(label, validation, calibration)
    return Measured(about["labels"], about["alt"], chosen(every, label, validation), chosen(every, label, kept))


def train(folder: str, count: int, calibration: int) -> Pictures:
    """`count` labelled train pictures, evenly spread, none of those for the temperature"""
    every = list(shards.read(folder))
    about = meta(every, shards.label_info(folder))
    label, validation = np.array(about["label"]), np.array(about["val"])
    left = label.copy()
    left[splits.spread(label, validation, calibration)] = -1
    return chosen(every, label, splits.spread(left, validation, count))
