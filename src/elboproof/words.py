"""The words of the text form: one spelling for each name, and which words are differentials."""

from __future__ import annotations

import re
import unicodedata

NAME = r"[^\W\dⅆ](?:(?!_\{)\w)*(?:_\{\w+\})?['′]*"
WORD = re.compile(rf"[E𝔼]_(?=\s*\{{)|{NAME}|[^\w\s]|[0-9]+")
_ENDS = set(")]}=<>≥≤⩾⩽+-−;")
_PLAIN = str.maketrans("′", "'", "{}")


def _greek() -> dict[str, str]:
    names = {}
    for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)):
        words = unicodedata.name(chr(code), "FINAL").split()
        if "FINAL" not in words:
            names[chr(code)] = words[-1].title() if words[1] == "CAPITAL" else words[-1].lower()
    return names | {"λ": "lambda", "Λ": "Lambda"}


GREEK = _greek()


def spelled(name: str) -> str:
    """A name in one spelling: Greek letters by name, subscripts as digits, ``p_{theta}`` as ``p_theta``."""
    if name.isascii():
        return name.translate(_PLAIN)
    plain = unicodedata.normalize("NFKC", name.translate(_PLAIN))
    return "".join(GREEK.get(char, char) for char in plain)


def differentials(source: str) -> list[int]:
    """Where the d of each differential stands: ``dx`` in an integral that has met x, or at the end of one."""
    words = list(WORD.finditer(source))
    if not words:
        return []
    follows = [word[0] for word in words[1:]] + [")"]
    tail = False  # whether only words like dx stand between here and the integral's end
    tails = []
    for word, after in zip(reversed(words), reversed(follows), strict=True):
        tail = _may_differ(word[0], after) and (tail or after in _ENDS)
        tails.append(tail)
    out = []
    last: dict[str, int] = {}  # where each name was met last
    began: list[int | None] = [None]  # at each depth of brackets, where the first integral that is open there began
    name = ""
    for word, after, tail in zip(words, follows, reversed(tails), strict=True):
        before, name = name, word[0]
        if name in ("int", "∫"):
            began[-1] = word.start() if began[-1] is None else began[-1]
        elif name in "([{":
            began.append(None)
        elif name in _ENDS and before != "^":  # x^-1 is one factor
            began[-1] = None
            if name in ")]}" and len(began) > 1:
                began.pop()
        elif name[0].isalpha():
            start = began[-1]
            if start is not None and _may_differ(name, after):
                met = last.get(spelled(name[1:]), -1) > start
                if met or (tail and last.get(spelled(name), -1) < start):
                    out.append(word.start())
                    continue
            last[spelled(name)] = word.start()
    return out


def _may_differ(name: str, after: str) -> bool:
    return name[0] == "d" and len(name) > 1 and (name[1].isalpha() or name[1] == "_") and after != "("
