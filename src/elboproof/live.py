"""A page of the book, run in the reader's browser: its cells one by one, and its prover. The browser has no NumPy.

The page's script calls `Page.run`, `understood` and `decided`; each gives JSON. A cell's outputs are what Jupyter would
have stored, so that the page can show them as it shows the committed ones.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import json
import linecache
import sys
import traceback
from typing import Any

from .parse import parse_claim
from .prove import prove
from .report import as_html
from .show import latex
from .unreadable import Unreadable

WIDTH = 79  # beyond which Jupyter breaks a list, a tuple or a dict into lines
TOO_LONG = 200_000  # characters that one cell may print


class Page:
    """The names that the cells of a page share."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "display": self._display}
        self._outputs: list[dict[str, Any]] = []
        self._printed = _Printed()
        self._count = 0

    def run(self, source: str) -> str:
        """Run a cell; its outputs as JSON. An error is the last of them."""
        self._count += 1
        name = f"<cell {self._count}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        self._outputs, self._printed = [], _Printed()
        try:
            with contextlib.redirect_stdout(self._printed), contextlib.redirect_stderr(self._printed):
                value = self._value(source, name)
                if value is not None:
                    self.names["_"] = value
                    self._show(value, "execute_result")
        except BaseException as error:  # a cell may raise anything, SystemExit too
            self._flush()
            self._outputs.append(_error(error, name))
        self._flush()
        return json.dumps(self._outputs)

    def _value(self, source: str, name: str) -> Any:
        """What the cell's last line gives, if that is an expression without a semicolon after it."""
        tree = ast.parse(source, name)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
            last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
        exec(compile(tree, name, "exec", dont_inherit=True, optimize=0), self.names)
        return None if last is None else eval(compile(last, name, "eval", dont_inherit=True, optimize=0), self.names)

    def _flush(self) -> None:
        if printed := self._printed.getvalue():
            self._outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
        self._printed.seek(0)
        self._printed.truncate()

    def _show(self, value: Any, kind: str) -> None:
        data = _bundle(value)  # before what it may print
        self._flush()
        self._outputs.append({"output_type": kind, "data": data})

    def _display(self, *values: Any) -> None:
        for value in values:
            self._show(value, "display_data")


class _Printed(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() + len(text) > TOO_LONG:
            raise RuntimeError(f"the cell printed more than {TOO_LONG} characters, and was stopped")
        return super().write(text)


_FORMATS = {"text/html": "_repr_html_", "image/svg+xml": "_repr_svg_", "text/latex": "_repr_latex_"}


def _bundle(value: Any) -> dict[str, str]:
    """The forms in which a notebook holds a value."""
    data: dict[str, str] = {}
    if not isinstance(value, type):
        if make := getattr(value, "_repr_mimebundle_", None):
            data |= make()
        for kind, name in _FORMATS.items():
            made = getattr(value, name, None)
            if kind not in data and made is not None and (text := made()) is not None:
                data[kind] = text
    return {"text/plain": pretty(value)} | data


_BRACKETS: dict[Any, str] = {tuple: "()", list: "[]", dict: "{}", set: "{}"}


def pretty(value: Any, indent: int = 0, column: int = 0) -> str:
    """As Jupyter prints it: a collection too wide for a line gets a line for each of its items."""
    flat = repr(value)
    if type(value) not in _BRACKETS or not value or (column + len(flat) <= WIDTH and type(value) is not set):
        return flat
    inner = indent + 1
    if isinstance(value, dict):
        keys = [pretty(key, inner, inner) for key in value]
        items = [
            f"{key}: {pretty(item, inner, inner + len(key) + 2)}"
            for key, item in zip(keys, value.values(), strict=True)
        ]
    else:
        items = [pretty(item, inner, inner) for item in (_ordered(value) if isinstance(value, set) else value)]
    start, end = _BRACKETS[type(value)][0], _BRACKETS[type(value)][1]
    line = start + ", ".join(items) + end
    if "\n" not in line and column + len(line) <= WIDTH:
        return line
    comma = "," if isinstance(value, tuple) and len(items) == 1 else ""
    return start + (",\n" + " " * inner).join(items) + comma + end


def _ordered(items: set[Any]) -> list[Any]:
    try:
        return sorted(items)
    except Exception:  # of kinds that have no order
        return sorted(items, key=str)


def _error(error: BaseException, name: str) -> dict[str, Any]:
    """An error, with the lines of the cells that led to it and none of the machinery around them."""
    report = traceback.TracebackException.from_exception(error)
    report.stack = traceback.StackSummary.from_list(
        [frame for frame in report.stack if frame.filename.startswith("<cell")]
    )
    for frame in report.stack:
        frame.filename = "this cell" if frame.filename == name else "an earlier cell"
    report.__cause__ = report.__context__ = None
    text = "".join(report.format()).replace('File "this cell"', "this cell").replace('File "an earlier', "an earlier")
    text = text.replace('cell", line', "cell, line").replace(f'File "{name}"', "this cell")
    return {"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": text}


# -- prove your own ---------------------------------------------------------------------------------------------------


def understood(claim: str, where: list[str]) -> str:
    """The claim as mathematics, or what cannot be read in it and where."""
    return json.dumps(_read(claim, where)[1])


def decided(claim: str, where: list[str]) -> str:
    """The verdict, and its proof or counterexample as HTML; or what cannot be read."""
    read, out = _read(claim, where)
    if read is not None:
        try:
            verdict = prove(read)
            out |= {"verdict": type(verdict).__name__.lower(), "html": as_html(verdict)}
        except Exception as error:
            out["fault"] = f"elboproof failed on this claim, please report it: {type(error).__name__}: {error}"
    return json.dumps(out)


def _read(claim: str, where: list[str]) -> tuple[Any, dict[str, Any]]:
    try:
        read = parse_claim(claim, where)
    except Unreadable as error:
        line = next((n for n, text in enumerate(where) if text == error.source and text != claim), None)
        return None, {"error": error.message, "start": error.start, "end": error.end, "where": line}
    return read, {"latex": latex(read)}


def modules() -> str:
    """The modules loaded so far, for the tests."""
    return json.dumps(sorted(sys.modules))
