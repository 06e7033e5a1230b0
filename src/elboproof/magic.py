"""The notebook magic: ``%load_ext elboproof.magic``, then a cell of claims under ``%%prove``.

    %%prove q(z1,z2) = q(z1) q(z2)
    ELBO(q(z1,z2), p(x,z1,z2)) <= log p(x)

The line may declare factorisations, separated by semicolons; each line of the cell is a claim. ``%prove`` takes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .parse import parse_claim
from .prove import prove
from .unreadable import Unreadable


def claims(cell: str) -> list[tuple[int, str]]:
    """The claims of a cell, each with its line, of which the magic's own is the first."""
    lines = enumerate(map(str.strip, cell.splitlines()), 2)
    return [(number, text) for number, text in lines if text and not text.startswith("#")]


def verdicts(line: str, cell: str) -> Iterator[tuple[int, Any]]:
    """Of each claim of a cell its line, and the verdict or why it cannot be read."""
    where = [part.strip().removeprefix("where ") for part in line.split(";") if part.strip()]
    for number, source in claims(cell):
        try:
            found = prove(parse_claim(source, where))
        except Unreadable as error:
            yield number, error
        else:
            yield number, found


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext``; IPython is imported only here."""
    from IPython.core.error import UsageError  # type: ignore[import-not-found,unused-ignore]
    from IPython.display import display  # type: ignore[import-not-found,unused-ignore]

    def magic(line: str, cell: str | None = None) -> Any:
        """A claim alone is the cell's value; of several each verdict is shown as it is found."""
        where, text = ("", line) if cell is None else (line, cell)
        count, found = len(claims(text)), verdicts(where, text)
        if not count:
            raise UsageError("expected a claim, found none")
        if count == 1:
            ((_, verdict),) = found
            if isinstance(verdict, Unreadable):
                raise UsageError(str(verdict))  # the message and its caret, without a traceback
            return verdict
        unread = []
        for number, verdict in found:
            if isinstance(verdict, Unreadable):
                print(f"line {number}: Not readable: {verdict}")
                unread.append(str(number))
            else:
                display(verdict)
        if unread:
            raise UsageError(f"expected a claim on each line, found none on line {', '.join(unread)}")
        return None

    shell.register_magic_function(magic, magic_kind="line_cell", magic_name="prove")
