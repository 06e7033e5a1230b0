"""The text form of terms and claims: what ``elboproof prove`` prints and reads.

log p(D) = ELBO(q(theta), p(D,theta)) + KL(q(theta) || p(theta|D))
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import sympy
from sympy import Rational
from sympy.core.function import AppliedUndef

from . import language as lang
from .words import differentials

SUM, PRODUCT, QUOTIENT, POWER, ATOM = 1, 2, 3, 4, 5
SIGNS = {"Eq": "=", "Ge": ">=", "Le": "<="}
FINITE = {
    "positive": "{} > 0",
    "number": "0 < {} < inf",
    "bounded above": "{} < inf",
    "bounded below": "{} > -inf",
    "finite": "{} finite",
}


def _names(items: Any) -> str:
    return ",".join(str(item) for item in items)


def density(item: lang.Density) -> str:
    return f"{item.law.name}({_names(item.left)}{'|' + _names(item.given) if item.given else ''})"


def declaration(law: lang.Law) -> str:
    """The factorisation of a law, as it is declared: ``q(x0,x1) = q(x0) q(x1|x0)``."""
    left = tuple(v for factor, _ in law.factors for v in factor)
    roots = dict.fromkeys(v for _, given in law.factors for v in given if v not in left)
    factors = " ".join(density(lang.Density(law, *factor)) for factor in law.factors)
    return f"{density(lang.Density(law, left, tuple(roots)))} = {factors}"


def text(item: Any) -> str:
    """A term, claim or side condition in the text form."""
    if isinstance(item, (lang.Eq, lang.Ge, lang.Le)):
        laws = sorted((law for law in item.atoms(lang.Law) if law.factors), key=lambda law: law.name)
        where = "".join(f" ; where {declaration(law)}" for law in laws)
        return f"{text(item.lhs)} {SIGNS[type(item).__name__]} {text(item.rhs)}{where}"
    if isinstance(item, lang.Support):
        mass, over, _ = item.args
        return f"{text(over)} > 0 wherever {text(mass)} > 0"
    if isinstance(item, lang.Finite):
        says, of = item.reading()
        return FINITE[says].format(text(of))
    return _term(item)[0]


def _within(item: Any, need: int) -> str:
    made, level = _term(item)
    return f"({made})" if level < need else made


def _term(item: Any) -> tuple[str, int]:
    """The text of a term, and how tightly its outermost operation binds."""
    if isinstance(item, lang.Density):
        return density(item), ATOM
    if isinstance(item, (lang.Plus, sympy.Add)):
        return _sum(item.args), SUM
    if isinstance(item, (lang.Times, sympy.Mul)):
        return _product(item.args)
    if isinstance(item, lang.Over):
        above, below = _within(item.args[0], ATOM), _within(item.args[1], POWER)
        if above.isdigit() and below[0].isdigit():
            above = f"({above})"  # 1/2 alone is a rational number
        return f"{above}/{below}", QUOTIENT
    if isinstance(item, (lang.Power, sympy.Pow)):
        return f"{_within(item.args[0], ATOM)}^{item.args[1]}", POWER
    if isinstance(item, lang.Log):
        inner = item.args[0]
        bare = isinstance(inner, (lang.Density, lang.Integral))
        return (f"log {text(inner)}" if bare else f"log({text(inner)})"), PRODUCT
    if isinstance(item, lang.Integral):
        return _integral(item), PRODUCT
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


def _sum(args: Any) -> str:
    out = _within(args[0], SUM)
    for arg in args[1:]:
        sign, rest = lang.split_sign(arg)
        if sign < 0 and lang.negated(rest) != arg:  # -x y and -(x y) are two terms
            sign, rest = 1, arg
        inner = _within(rest, PRODUCT)
        out += (" - " if sign < 0 else " + ") + inner
    return out


def _product(args: Any) -> tuple[str, int]:
    """Factors side by side; a leading number, or a minus, belongs to the product."""
    head, *rest = args
    if isinstance(head, Rational) and rest:
        if head != -1:
            return _juxtaposed([str(head), *_factors(rest)]), SUM if head < 0 else PRODUCT
        if len(rest) == 1 and isinstance(rest[0], lang.Over):
            made = _term(rest[0])[0]
            return f"-{made}" if not made[0].isdigit() or made[:2] == "1/" else f"-({made})", SUM
        first, *others = _factors(rest)
        if isinstance(rest[0], Rational) and not first.startswith("("):
            first = f"({first})"  # -2 x is the product of -2 and x
        return "-" + _juxtaposed([first, *others]), SUM
    return _juxtaposed(_factors(args)), PRODUCT


def _factors(args: Any) -> list[str]:
    """Each factor's text: in brackets a quotient, a product, an integral, and a log that is not last."""
    out = []
    for position, arg in enumerate(args):
        made, level = _term(arg)
        last = position == len(args) - 1
        ends = isinstance(arg, lang.Log) and (not last or isinstance(arg.args[0], lang.Integral))
        whole = level in (SUM, QUOTIENT) or isinstance(arg, (lang.Times, sympy.Mul, lang.Integral)) or ends
        out.append(f"({made})" if whole else made)
    return out


def _juxtaposed(parts: list[str]) -> str:
    out = parts[0]
    for before, after in pairwise(parts):
        call = after.startswith("(") and (before[-1].isalnum() or before[-1] in "_'") and not before.isdigit()
        out += ("*" if call or after[0].isdigit() else " ") + after
    return out


def _integral(item: lang.Integral) -> str:
    body = _within(item.args[0], PRODUCT)
    over = " ".join(f"d{v}" for v in item.bound)
    last = item.args[0].args[-1] if isinstance(item.args[0], lang.Times) else item.args[0]
    inner = isinstance(last.args[0] if isinstance(last, lang.Log) else last, lang.Integral)
    start = len(f"int {body} ")
    if inner or any(place < start for place in differentials(f"int {body} {over}")):
        body = f"({body})"  # a variable dx is no differential inside brackets
    return f"int {body} {over}"
