"""Cards: what a reader sees of an equation where it is cited. Each page carries those it needs, so none is fetched."""

from __future__ import annotations

import re
from functools import cache
from html import escape

CITED = re.compile(r'<a (?:[^>]* )?href="[^"]*#eq-(\w+)"[^>]*>\(\1\)</a>')
END = "</article>"


@cache
def card(key: str) -> str | None:
    """An equation's statement, verdict, rule, side conditions, and where more stands; None if there is no such one."""
    from elboproof.display import equation
    from elboproof.ledger import LEDGER

    if key not in LEDGER:
        return None
    entry = LEDGER[key]
    statement = equation(key)._repr_mimebundle_()["text/html"].replace(f' id="{entry.anchor}"', "")
    return (
        f'<template class="elbo-card-of" data-equation="{key}">'
        f'<p class="elbo-card-head">({key}) {escape(entry.title, quote=False)}</p>{statement}'
        f'<p class="elbo-card-links"><a href="{entry.chapter}.html#{entry.anchor}">Go to ({key})</a>'
        f'<a href="ledger.html#ledger-{key}">In the ledger</a></p></template>'
    )


def add(text: str) -> str:
    """A page with a card for each equation that it cites."""
    cards = "".join(filter(None, map(card, dict.fromkeys(CITED.findall(text)))))
    return text.replace(END, cards + END, 1) if cards else text
