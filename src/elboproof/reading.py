"""How lines of the text form are read: each with its mathematics and its Python form, or the error and its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import Any

from .parse import parse_claim, parse_term
from .report import math
from .show import latex
from .unreadable import Unreadable

COLUMNS = 78  # of a page
RELATIONS = ("=", "≥", "≤", "⩾", "⩽")


@dataclass(frozen=True)
class Reading:
    """What was read from each source: a term, a claim, or the error that says why it cannot be read."""

    sources: tuple[str, ...]
    found: tuple[Any, ...]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": str(self)}

    def _html(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in ("text", "mathematics", "Python"))
        rows, errors = [], []
        for source, item in zip(self.sources, self.found, strict=True):
            if isinstance(item, Unreadable):
                says, *picture = str(item).split("\n")
                errors.append(f"<pre>{escape(chr(10).join([fill(says, COLUMNS), *picture]), quote=False)}</pre>")
                continue
            cells = (
                f"<code>{escape(source, quote=False)}</code>",
                math(latex(item)),
                f"<code>{escape(str(item))}</code>",
            )
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return f'<div class="elbo-table elbo-readings">{table if rows else ""}{"".join(errors)}</div>'

    def __str__(self) -> str:
        return "\n".join(
            str(item) if isinstance(item, Unreadable) else f"{source}   is   {item}"
            for source, item in zip(self.sources, self.found, strict=True)
        )


def read(*sources: str, where: Iterable[str] = ()) -> Reading:
    """Terms and claims in the text form, to be displayed as they are understood.

    `where` declares factorisations, as for `parse_claim`. What cannot be read is shown with its error, none is raised.
    """
    return Reading(sources, tuple(_read(source, tuple(where)) for source in sources))


def _read(source: str, where: tuple[str, ...]) -> Any:
    parse = parse_claim if any(sign in source for sign in RELATIONS) else parse_term
    try:
        return parse(source, where)
    except Unreadable as error:
        return error
