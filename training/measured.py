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


def read(folder: str, calibration: int) -> Measured:
    every = list(shards.read(folder))
    about = meta(every, shards.label_info(folder))
    label, validation = np.array(about["label"]), np.array(about["val"])

    def chosen(index: np.ndarray) -> Pictures:
        of = [every[i] for i in index]
        return Pictures([p.blob for p in of], label[index], np.array([p.source for p in of]), [p.captions for p in of])

    return Measured(about["labels"], about["alt"], chosen(validation), chosen(splits.calibration(label, validation, calibration)))
