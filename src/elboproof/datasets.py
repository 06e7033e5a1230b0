"""Small published data sets, typed from their tables."""

from __future__ import annotations

import numpy as np


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
