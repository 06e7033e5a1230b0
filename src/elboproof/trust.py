"""What a verdict rests on, measured: the functions that run while something is decided, and their length."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

HERE = Path(__file__).parent
REMEMBERING = type(lru_cache(repr))


class Called(NamedTuple):
    """A function that ran: its module, its name, its length in lines of code (no blank lines, comments, docstring)."""

    module: str
    name: str
    lines: int


def called_by(action: Callable[[], Any]) -> list[Called]:
    """The functions of this package that run during `action`, sorted by module and name; nothing is remembered."""
    seen: set[CodeType] = set()
    for module in [module for name, module in sys.modules.items() if name.startswith(f"{__package__}.")]:
        for item in vars(module).values():
            if isinstance(item, REMEMBERING):
                item.cache_clear()

    def note(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call" and Path(frame.f_code.co_filename).parent == HERE:
            seen.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    found = {
        Called(Path(code.co_filename).stem, code.co_qualname, _length(code))
        for code in seen
        if "<" not in code.co_name  # comprehensions and lambdas are counted with what holds them
    }
    return sorted(found)


def _length(code: CodeType) -> int:
    lines = inspect.getsource(code).splitlines()
    kept, quoted = 0, False
    for line in map(str.strip, lines):
        marks = line.count('"""')
        if quoted or marks:
            quoted ^= marks == 1
        elif line and not line.startswith("#"):
            kept += 1
    return kept


def summary(found: list[Called]) -> str:
    """One line a module: how many functions ran, how long they are together."""
    modules = sorted({item.module for item in found})
    rows = [
        f"{module:<12} {sum(item.module == module for item in found):>3} functions "
        f"{sum(item.lines for item in found if item.module == module):>4} lines"
        for module in modules
    ]
    total = f"{'together':<12} {len(found):>3} functions {sum(item.lines for item in found):>4} lines"
    return "\n".join([*rows, total])
