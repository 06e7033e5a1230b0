"""The text form of terms and claims: what ``elboproof prove`` prints and reads.

    log p(D) = ELBO(q(theta), p(D,theta)) + KL(q(theta) || p(theta|D))
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Rational
from sympy.core.function import AppliedUndef

from . import language as lang

SUM, PRODUCT, QUOTIENT, ATOM = 1, 2, 3, 4


def _names(items: Any) -> str:
    return ",".join(str(item) for item in items)


def density(item: lang.Density) -> str:
    return f"{item.law.name}({_names(item.left)}{'|' + _names(item.given) if item.given else ''})"


def text(item: Any) -> str:
    """A term, claim or side condition in the text form."""
    if isinstance(item, (lang.Eq, lang.Ge, lang.Le)):
        return f"{text(item.lhs)} {SIGNS[type(item).__name__]} {text(item.rhs)}"
    if isinstance(item, lang.Support):
        mass, over, _ = item.args
        return f"{text(over)} > 0 wherever {text(mass)} > 0"
    if isinstance(item, lang.Finite):
        term = item.args[0]
        if isinstance(term, lang.Log) and isinstance(term.args[0], lang.Density) and item.side != "above":
            return f"{text(term.args[0])} > 0"
        if isinstance(term, (lang.KL, lang.I)) or item.side == "above":
            return f"{text(term)} < inf"
        return f"{text(term)} > -inf" if item.side == "below" else f"{text(term)} finite"
    return _term(item)[0]


SIGNS = {"Eq": "=", "Ge": ">=", "Le": "<="}


def _within(item: Any, need: int) -> str:
    made, level = _term(item)
    return f"({made})" if level < need else made


def _term(item: Any) -> tuple[str, int]:
    if isinstance(item, lang.Density):
        return density(item), ATOM
    if isinstance(item, (lang.Plus, sympy.Add)):
        out = _within(item.args[0], SUM)
        for arg in item.args[1:]:
            sign, rest = lang.split_sign(arg)
            inner = _within(rest, PRODUCT)
            out += (" - " if sign < 0 else " + ") + (f"({inner})" if inner.startswith("-") else inner)
        return out, SUM
    if isinstance(item, (lang.Times, sympy.Mul)):
        head, *rest = item.args
        if head == -1 and rest:
            made = " ".join(_factor(arg) for arg in rest)
            return "-" + (f"({made})" if made.startswith("-") else made), SUM
        made = " ".join(_factor(arg, first=not i) for i, arg in enumerate(item.args))
        return made, SUM if made.startswith("-") else PRODUCT
    if isinstance(item, lang.Over):
        return f"{_within(item.args[0], ATOM)}/{_within(item.args[1], ATOM)}", QUOTIENT
    if isinstance(item, (lang.Power, sympy.Pow)):
        return f"{_within(item.args[0], ATOM)}^{text(item.args[1])}", ATOM
    if isinstance(item, lang.Log):
        inner = item.args[0]
        bare = isinstance(inner, (lang.Density, lang.Integral))
        return (f"log {text(inner)}" if bare else f"log({text(inner)})"), PRODUCT
    if isinstance(item, lang.Integral):
        over = " ".join(f"d{v}" for v in item.bound)
        return f"int {_within(item.args[0], PRODUCT)} {over}", PRODUCT
    if isinstance(item, lang.E):
        return f"E_{{{' '.join(density(m) for m in item.measures)}}}[{text(item.args[0])}]", ATOM
    if isinstance(item, lang.KL):
        return f"KL({density(item.args[0])} || {density(item.args[1])})", ATOM
    if isinstance(item, lang.I):
        x, z, y, law = item.args
        return f"I_{law.name}({_names(x)}; {_names(z)}{' | ' + _names(y) if y else ''})", ATOM
    if isinstance(item, (lang.ELBO, lang.H, lang.CE)):
        return f"{type(item).__name__}({', '.join(density(d) for d in item.args)})", ATOM
    if isinstance(item, AppliedUndef):
        return f"{item.func.__name__}({_names(item.args)})", ATOM
    if isinstance(item, Rational):
        made = str(item)
        return made, SUM if made.startswith("-") else QUOTIENT if "/" in made else ATOM
    return str(item), ATOM


def _factor(arg: Any, first: bool = False) -> str:
    """A factor of a product: quotients, logs and integrals in brackets, except a leading number and a lone log."""
    if isinstance(arg, Rational) and (first or arg >= 0):
        return str(arg)
    made, level = _term(arg)
    open_ended = isinstance(arg, lang.Integral) or (isinstance(arg, lang.Log) and isinstance(arg.args[0], lang.Integral))
    return f"({made})" if level < PRODUCT or isinstance(arg, (lang.Times, lang.Over)) or open_ended else made
