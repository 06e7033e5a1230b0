"""Small grey images in a row or a grid, as vector paths: a path for each of four shades, never a raster."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np

from .distributions import count
from .errors import IllFormed
from .figures import INK

SHADES = (0.25, 0.5, 0.75, 1.0)  # opacities of the page's ink; lighter than an eighth is left blank


def draw_mosaic(ax: Any, images: Any, side: int = 8, gap: float = 2.0) -> None:
    """Draws images of shape (rows, columns, side * side), ink from 0 to 1, and nothing else: no axes, square pixels.

    Ink is rounded to quarters, so that the same picture comes out where the last bits differ (but for ink within
    rounding of an eighth, three eighths, and so on). Raises IllFormed for other shapes, and for ink outside [0, 1].
    """
    made, side = np.asarray(images, float), count(side, "side")
    if made.ndim != 3 or made.shape[2] != side * side:
        raise IllFormed(f"expected images of shape (rows, columns, {side * side}), found {made.shape}")
    if not ((made >= 0) & (made <= 1)).all():
        raise IllFormed("expected ink from 0 to 1 in images, found other numbers")
    step = side + gap
    for row, line in enumerate(made):
        for column, image in enumerate(line):
            _draw(ax, image.reshape(side, side), column * step, row * step)
    height, width = made.shape[0] * step - gap, made.shape[1] * step - gap
    ax.set(xlim=(-1, width + 1), ylim=(height + 1, -1), aspect="equal")
    ax.axis("off")


def _draw(ax: Any, image: np.ndarray, left: float, top: float) -> None:
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    side = len(image)
    ax.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=INK, linewidth=0.3, alpha=0.4))
    levels = np.rint(len(SHADES) * image).astype(int)
    for level, shade in enumerate(SHADES, 1):
        corners, codes = [], []
        for row, line in enumerate(levels):
            start = 0
            for value, run in groupby(line):
                end = start + len(list(run))
                if value == level:
                    x0, x1, y0, y1 = left + start, left + end, top + row, top + row + 1
                    corners += [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
                    codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
                start = end
        if corners:
            ax.add_patch(PathPatch(Path(corners, codes), facecolor=INK, edgecolor="none", linewidth=0, alpha=shade))


__all__ = ["draw_mosaic"]
