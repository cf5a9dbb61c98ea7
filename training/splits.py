"""Which labels are held out and which pictures are kept for the temperature: fixed by counting, so that every tool agrees."""
import numpy as np


def held_out(labels: int, count: int) -> np.ndarray:
    """bool [labels]: `count` labels spread evenly over the sorted list"""
    held = np.zeros(labels, bool)
    if count:
        held[np.linspace(3, labels - 4, count).astype(int)] = True
    return held


def spread(label: np.ndarray, validation: np.ndarray, count: int) -> np.ndarray:
    """indices of `count` labelled train pictures, spread evenly; label int [N], -1 for none; validation: indices"""
    usable = label >= 0
    usable[validation] = False
    pool = np.flatnonzero(usable)
    return pool[np.linspace(0, len(pool) - 1, min(count, len(pool))).astype(int)]
