"""The display reading: LaTeX of terms, claims and side conditions."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Rational, Symbol
from sympy.core.function import AppliedUndef

from . import language as lang
from .errors import IllFormed

SUM, PRODUCT, ATOM = 1, 2, 4


def name(item: Any) -> str:
    """A variable or law in LaTeX: Greek letters, subscripts and primes as they are meant."""
    text = item.name if hasattr(item, "name") else str(item)
    bare = text.rstrip("'")
    return sympy.latex(Symbol(bare)) + "'" * (len(text) - len(bare))


def _names(items: Any) -> str:
    return ", ".join(name(item) for item in items)


def density(item: lang.Density) -> str:
    given = rf" \mid {_names(item.given)}" if item.given else ""
    return f"{name(item.law)}({_names(item.left)}{given})"


def latex(item: Any) -> str:
    """LaTeX of a term, claim or side condition, without delimiters."""
    if isinstance(item, (lang.Eq, lang.Ge, lang.Le)):
        return f"{latex(item.lhs)} {SIGNS[type(item).__name__]} {latex(item.rhs)}"
    if isinstance(item, lang.Support):
        mass, over, _ = item.args
        return rf"{latex(over)} > 0 \text{{ wherever }} {latex(mass)} > 0"
    if isinstance(item, lang.Finite):
        says, of = item.reading()
        return FINITE[says].format(latex(of))
    if isinstance(item, lang.Law):
        return name(item)
    if hasattr(item, "claim"):
        raise IllFormed(f"expected a term or claim, found a verdict, {type(item).__name__}: ask latex(verdict.claim)")
    return _term(lang.operand(item))[0]


SIGNS = {"Eq": "=", "Ge": r"\ge", "Le": r"\le"}
FINITE = {
    "positive": "{} > 0",
    "number": r"0 < {} < \infty",
    "bounded above": r"{} < \infty",
    "bounded below": r"{} > -\infty",
    "finite": r"{} \text{{ finite}}",
}


def _within(item: Any, need: int) -> str:
    text, level = _term(item)
    return rf"\left({text}\right)" if level < need else text


def _term(item: Any) -> tuple[str, int]:
    """LaTeX and how tightly its outermost operation binds."""
    if isinstance(item, lang.Density):
        return density(item), ATOM
    if isinstance(item, (lang.Plus, sympy.Add)):
        out = _within(item.args[0], SUM) if not isinstance(item.args[0], lang.Plus) else _within(item.args[0], PRODUCT)
        for arg in item.args[1:]:
            sign, rest = lang.split_sign(arg)
            inner = _within(rest, PRODUCT)
            out += (" - " if sign < 0 else " + ") + (rf"\left({inner}\right)" if inner.startswith("-") else inner)
        return out, SUM
    if isinstance(item, (lang.Times, sympy.Mul)):
        return _product(item.args), SUM if _product(item.args).startswith("-") else PRODUCT
    if isinstance(item, lang.Over):
        return rf"\frac{{{latex(item.args[0])}}}{{{latex(item.args[1])}}}", ATOM
    if isinstance(item, (lang.Power, sympy.Pow)):
        base, power = item.args
        plain_number = isinstance(base, sympy.Integer) and base >= 0
        tall = isinstance(base, (lang.Over, lang.Power, sympy.Pow, Rational)) and not plain_number
        below = rf"\left({latex(base)}\right)" if tall else _within(base, ATOM)
        return f"{below}^{{{latex(power)}}}", ATOM
    if isinstance(item, lang.Log):
        inner = item.args[0]
        plain = isinstance(inner, (lang.Density, lang.Over, lang.E, lang.Integral, Rational, AppliedUndef))
        return r"\log " + (latex(inner) if plain else rf"\left({latex(inner)}\right)"), PRODUCT
    if isinstance(item, lang.Integral):
        over = r" \, ".join(f"d{name(v)}" for v in item.bound)
        body = _within(item.args[0], PRODUCT)
        return rf"\int {body} \, {over}", PRODUCT
    if isinstance(item, lang.E):
        measures = r" \, ".join(density(m) for m in item.measures)
        return rf"\mathbb{{E}}_{{{measures}}}\left[{latex(item.args[0])}\right]", ATOM
    if isinstance(item, lang.KL):
        return rf"\mathrm{{KL}}\left({density(item.args[0])} \,\|\, {density(item.args[1])}\right)", ATOM
    if isinstance(item, lang.I):
        x, z, y, law = item.args
        given = rf" \mid {_names(y)}" if y else ""
        return rf"\mathrm{{I}}_{{{name(law)}}}\left({_names(x)} ; {_names(z)}{given}\right)", ATOM
    if isinstance(item, (lang.ELBO, lang.H, lang.CE)):
        inside = r",\, ".join(density(d) for d in item.args)
        return rf"\mathrm{{{type(item).__name__}}}\left({inside}\right)", ATOM
    if isinstance(item, lang.Variable):
        return name(item), ATOM
    if isinstance(item, AppliedUndef):
        return f"{name(item.func.__name__)}({', '.join(latex(arg) for arg in item.args)})", ATOM
    return sympy.latex(item), ATOM if not item.could_extract_minus_sign() else SUM


def _product(args: Any) -> str:
    head, *rest = args
    if head == -1 and rest:
        inner = _product(rest)
        return "-" + (rf"\left({inner}\right)" if inner.startswith("-") else inner)
    out = ""
    for position, arg in enumerate(args):
        text = _within(arg, PRODUCT)
        delicate = isinstance(arg, (lang.Log, lang.Integral)) and position < len(args) - 1
        text = rf"\left({text}\right)" if delicate or (position and text.startswith("-")) else text
        number = isinstance(arg, Rational) or text[:1].isdigit()  # 2 and 3 p(x) side by side would be 23 p(x)
        out += (r" \cdot " if number else r" \, ") * bool(position) + text
    return out


lang.Term._latex = lambda self, printer, *args: latex(self)
lang.Claim._latex = lambda self, printer, *args: latex(self)
lang.Term._repr_latex_ = lambda self: rf"$\displaystyle {latex(self)}$"
lang.Claim._repr_latex_ = lambda self: rf"$\displaystyle {latex(self)}$"
