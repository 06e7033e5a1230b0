"""How far a long loop has come, said to a person and to nobody else.

    for epoch in progress(range(50), "training"): ...

On a terminal: a bar on stderr, taken away at the end. In Jupyter: a bar below the cell, replaced by nothing at the end,
and only where someone can be asked for input; what runs notebooks unattended (nbclient, nbval) says to the kernel that
nobody can, and then nothing is sent. Elsewhere (a pipe, a log, a test) nothing is written. Work shorter than half a
second shows no bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeVar

T = TypeVar("T")
_PATIENCE, _PAUSE, _WIDTH = 0.5, 0.1, 30  # seconds before the first bar, and between two; characters


def progress(items: Iterable[T], what: str = "", total: int | None = None) -> Iterator[T]:
    """The items, with a bar while they are worked on. Without a total (``len`` by default) only a count is shown."""
    shown = _audience()
    if shown is None:
        yield from items
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    start, last, done = time.monotonic(), 0.0, 0
    try:
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - start >= _PATIENCE and now - last >= _PAUSE:
                shown(bar(done, total, what, now - start))
                last = now
    finally:
        if last:
            shown("")


def bar(done: int, total: int | None, what: str, seconds: float) -> str:
    """One line: how much is done, and how long the rest will take at this speed."""
    if not total:
        return f"{what} {done}, {seconds:.0f} s".strip()
    full = _WIDTH * min(done, total) // total
    left = seconds * (total - done) / max(done, 1)
    return f"{what} [{'#' * full}{'.' * (_WIDTH - full)}] {done}/{total}, {left:.0f} s left".strip()


def _audience() -> Callable[[str], None] | None:
    """How to show a line to the person who is there; None where there is none."""
    kernel = _kernel()
    if kernel is not None:
        return _notebook() if getattr(kernel, "_allow_stdin", False) else None
    stream = sys.stderr
    return _terminal(stream) if stream is not None and stream.isatty() else None


def _kernel() -> Any:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)


def _terminal(stream: Any) -> Callable[[str], None]:
    def show(line: str) -> None:
        stream.write(f"\r{line}\x1b[K")
        stream.flush()

    return show


def _notebook() -> Callable[[str], None]:
    from IPython.display import display

    handle = None

    def show(line: str) -> None:
        nonlocal handle
        bundle = {"text/plain": line} if line else {}
        if handle is None:
            handle = display(bundle, raw=True, display_id=True)
        else:
            handle.update(bundle, raw=True)

    return show
