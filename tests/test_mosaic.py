"""Small images as vector paths: what is drawn, in which shade, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from elboproof.errors import IllFormed
from elboproof.figures import figure
from elboproof.mosaic import draw_mosaic

ROW = np.array([0.0, 0.1, 0.2, 0.3, 0.6, 0.6, 1.0, 1.0])


def drawn(images: np.ndarray, side: int = 8) -> tuple[list[tuple[float, int, tuple[float, ...]]], str]:
    """Of each path of ink its opacity, how many rectangles it has, and where it lies; and the SVG."""
    with (made := figure("images", caption="Images.", alt="Images.")) as ax:
        draw_mosaic(ax, images, side)
        paths = [(p.get_alpha(), p.get_path()) for p in ax.patches if p.get_linewidth() == 0]
    found = [(alpha, len(path) // 5, tuple(path.get_extents().extents.tolist())) for alpha, path in paths]
    return found, made.drawn.svg


def test_runs_of_one_shade_are_one_rectangle() -> None:
    image = np.zeros(64)
    image[:8] = ROW  # in quarters: 0 0 1 1 2 2 4 4
    found, svg = drawn(image[None, None])
    assert found == [(0.25, 1, (2, 0, 4, 1)), (0.5, 1, (4, 0, 6, 1)), (1.0, 1, (6, 0, 8, 1))]
    assert "<image" not in svg
    assert "currentColor" in svg


def test_last_bits_do_not_show() -> None:
    image = np.tile(ROW, 8)[None, None]
    assert drawn(image)[1] == drawn(image * (1 - 1e-9))[1]
    assert drawn(image)[1] != drawn(image[..., ::-1])[1]


def test_rows_and_columns_go_where_they_belong() -> None:
    dark = np.zeros((2, 3, 4))
    dark[1, 2] = 1
    assert drawn(dark, side=2)[0] == [(1.0, 2, (8, 4, 10, 6))]


def test_bad_input_is_named() -> None:
    for images, message in ((np.zeros((1, 64)), "expected images of shape"), (np.full((1, 1, 64), 1.5), "from 0 to 1")):
        with pytest.raises(IllFormed, match=message):
            drawn(images)
