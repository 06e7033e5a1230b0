"""Small published data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .errors import IllFormed


def dyestuff() -> tuple[np.ndarray, np.ndarray]:
    """Yield of dyestuff (grams of standard colour) from 5 preparations of each of 6 batches of an intermediate.

    Returns (yields, shape (30,); batches 0 to 5, shape (30,)). O. L. Davies and P. L. Goldsmith (editors), Statistical
    Methods in Research and Production, 4th edition (1972), table 6.3; the data set Dyestuff of R's lme4.
    """
    table = [
        [1545, 1440, 1440, 1520, 1580],
        [1540, 1555, 1490, 1560, 1495],
        [1595, 1550, 1605, 1510, 1560],
        [1445, 1440, 1595, 1465, 1545],
        [1595, 1630, 1515, 1635, 1625],
        [1520, 1455, 1450, 1480, 1445],
    ]
    return np.array(table, float).ravel(), np.repeat(np.arange(6), 5)


def digits(held_out: int = 297) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Handwritten digits: (counts, labels, counts held out, labels held out), counts (n, 64) from 0 to 16.

    Each count is how many of the 16 points of a square of a 32 x 32 bitmap have ink. The last images are held out; of
    1797 in all, 13 people wrote them. Alpaydin and Kaynak, Optical Recognition of Handwritten Digits (UCI Machine
    Learning Repository, 1998), its test set, as scikit-learn ships it. Needs scikit-learn; reads no network.
    """
    from sklearn.datasets import load_digits

    found = load_digits()
    if not isinstance(held_out, int) or not 0 < held_out < len(found.data):
        raise IllFormed(f"expected 1 to {len(found.data) - 1} digits to hold out, found {held_out!r}")
    parts = (found.data[:-held_out], found.target[:-held_out], found.data[-held_out:], found.target[-held_out:])
    return parts


def ink(counts: np.ndarray) -> np.ndarray:
    """Binary pixels of the digits' counts: 1.0 where at least half of the square has ink, else 0.0."""
    return (np.asarray(counts) >= 8).astype(float)


def committed(name: str) -> Path:
    """Where a trained model lies that comes with the library: vae-digits.npz, vae-plane.npz (made by tools/weights.py).

    Raises IllFormed, naming what there is, for another name.
    """
    folder = Path(__file__).resolve().parent / "data"
    there = sorted(path.name for path in folder.iterdir())
    if name not in there:
        raise IllFormed(f"expected one of {', '.join(there)}, found {name!r}")
    return folder / name
