"""The notebook magic: ``%load_ext elboproof.magic``, then a cell of claims under ``%%prove``.

    %%prove q(z1,z2) = q(z1) q(z2)
    ELBO(q(z1,z2), p(x,z1,z2)) <= log p(x)

The line may declare factorisations, separated by semicolons; each line of the cell is a claim. ``%prove`` takes one.
"""

from __future__ import annotations

from typing import Any

from .errors import ElboproofError
from .parse import parse_claim
from .prove import prove


def verdicts(line: str, cell: str | None = None) -> list[Any]:
    """The verdicts on the claims of a cell, or of the line where there is no cell."""
    if cell is None:
        return [prove(parse_claim(line))]
    where = [part.strip().removeprefix("where ") for part in line.split(";") if part.strip()]
    sources = [text.strip() for text in cell.splitlines() if text.strip() and not text.lstrip().startswith("#")]
    return [prove(parse_claim(source, where)) for source in sources]


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext``; IPython is imported only here."""
    from IPython.core.error import UsageError  # type: ignore[import-not-found,unused-ignore]
    from IPython.display import display  # type: ignore[import-not-found,unused-ignore]

    def magic(line: str, cell: str | None = None) -> Any:
        try:
            found = verdicts(line, cell)
        except ElboproofError as error:
            raise UsageError(str(error)) from None  # the message and its caret, without a traceback
        if len(found) == 1:
            return found[0]
        for verdict in found:
            display(verdict)
        return None

    shell.register_magic_function(magic, magic_kind="line_cell", magic_name="prove")
