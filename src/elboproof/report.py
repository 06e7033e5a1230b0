"""Verdicts and derivations for people and programs: HTML with mathematics, plain text, and JSON-ready dicts."""

from __future__ import annotations

import re
from fractions import Fraction
from html import escape
from typing import Any

from . import language as lang
from .conditions import included
from .derive import Derivation
from .expand import Terms
from .forms import inclusions
from .normal import Normaliser
from .prove import Proved, Refuted, Undecided, Verdict
from .rules import named
from .show import latex
from .show import name as _name
from .tables import Table
from .textform import text
from .values import LogSum, Value, decimal

SIGN = {"=": "=", ">=": r"\ge", "<=": r"\le"}


def math(source: str, display: bool = False, tag: str = "") -> str:
    """Mathematics in HTML, where MathJax finds it."""
    tagged = rf"\tag{{{tag}}}" if tag else ""
    body = rf"\[{source}{tagged}\]" if display else rf"\({source}\)"
    if display:
        return f'<div class="elbo-equation elbo-math">{escape(body, quote=False)}</div>'
    return f'<span class="elbo-math">{escape(body, quote=False)}</span>'


# -- the chain of a proof ---------------------------------------------------------------------------------------------


def chain(proved: Proved) -> list[tuple[str, Any, Any]]:
    """An identity's proof, line by line: the rule, and both sides after it; both end in one normal form.

    A rule that only prepares the next one shares its line.
    """
    out: list[tuple[str, Any, Any]] = []
    if proved.slack or not isinstance(proved.claim, lang.Eq):
        return out
    using: frozenset[str] = frozenset()
    before, waiting = _sides(proved.claim, using), []
    for name in proved.rules:
        using |= named(name).switches
        waiting.append(name)
        sides = _sides(proved.claim, using)
        if sides != before or name == proved.rules[-1]:
            out.append((", ".join(waiting), *sides))
            before, waiting = sides, []
    return out


def _sides(claim: Any, using: frozenset[str]) -> tuple[Any, Any]:
    """Both sides of a claim, as far as some of the rules take them."""
    normaliser = Normaliser(using)
    terms = Terms(normaliser)
    return terms.polynomial(normaliser(claim.lhs)), terms.polynomial(normaliser(claim.rhs))


def slack(proved: Proved) -> Any:
    """The certificate as one term, the larger side minus the smaller; None for an identity."""
    if not proved.slack:
        return None
    parts = [gap.term if x == 1 else lang.Times(_rational(x), gap.term) for x, gap in proved.slack]
    return lang.Plus(*parts)


def _least(proved: Proved) -> str:
    """A gap that averages a quotient over less than all says less than the whole slack."""
    gaps = [gap for _, gap in proved.slack if gap.kind in ("tangent gap", "Jensen gap")]
    needs = [condition for gap in gaps for condition in inclusions(gap, Normaliser())]
    return "" if all(any(included(c, known) for known in proved.conditions) for c in needs) else "at least "


def _rational(x: Fraction) -> Any:
    return lang.Rational(x.numerator, x.denominator)


# -- tables -----------------------------------------------------------------------------------------------------------


def rows(table: Table) -> list[tuple[str, list[str], list[str]]]:
    """Each law of a table: its heading, the states, and their probabilities (zero ones too)."""
    out = []
    for law, (names, cells) in table.laws.items():
        states = [", ".join(f"{v}={state}" for v, state in zip(names, key, strict=True)) for key in cells]
        out.append((f"{law}({', '.join(names)})", states, [str(mass) for mass in cells.values()]))
    for (name, args), cells in table.values.items():
        states = [", ".join(f"{v}={state}" for v, state in zip(args, key, strict=True)) for key in cells]
        heading = name if args == (name,) else f"{name}({', '.join(args)})"
        out.append((f"value of {heading}", states, [str(value) for value in cells.values()]))
    for v, weights in table.weights.items():
        if any(w != 1 for w in weights):
            out.append(
                (f"size of each state of {v}", [f"{v}={i}" for i in range(len(weights))], list(map(str, weights)))
            )
    return out


def table_html(table: Table) -> str:
    """The table as HTML: a small table a law, its states above their probabilities."""
    out = []
    for law, (names, cells) in table.laws.items():
        heading = f"{_latex_name(law)}({', '.join(map(_latex_name, names))})"
        out.append(_small_table(math(heading), names, list(cells), [str(mass) for mass in cells.values()]))
    for (name, args), values in table.values.items():
        heading = _latex_name(name) + ("" if args == (name,) else f"({', '.join(map(_latex_name, args))})")
        out.append(_small_table(math(heading), args, list(values), [str(value) for value in values.values()]))
    for v, weights in table.weights.items():
        if any(w != 1 for w in weights):
            states = [(i,) for i in range(len(weights))]
            out.append(
                _small_table(f"size of a state of {math(_latex_name(v))}", (v,), states, list(map(str, weights)))
            )
    return "".join(out)


def _small_table(heading: str, names: Any, states: Any, values: list[str]) -> str:
    head = "".join(f'<th scope="col">{math(_state(names, state))}</th>' for state in states)
    body = "".join(f"<td>{escape(value)}</td>" for value in values)
    return (
        f'<div class="elbo-table"><table><thead><tr><td></td>{head}</tr></thead>'
        f'<tbody><tr><th scope="row">{heading}</th>{body}</tr></tbody></table></div>'
    )


def _latex_name(name: str) -> str:
    return _name(lang.Variable(name))


def _state(names: Any, state: Any) -> str:
    return r",\, ".join(f"{_latex_name(v)} = {i}" for v, i in zip(names, state, strict=True))


def _point(table: Table) -> str:
    return ", ".join(f"{v}={state}" for v, state in table.point.items())


def value_text(value: Value) -> str:
    """An exact value with its decimals, where it is a number that has them."""
    exact, number = str(value), decimal(value)
    return exact if number == exact or exact.lstrip("-").isdigit() else f"{exact} ≈ {number}"


def value_latex(value: Value) -> str:
    """An exact value in LaTeX, with its decimals."""
    if not isinstance(value, (Fraction, LogSum)):
        return rf"\text{{{value_text(value)}}}"
    exact, number = re.sub(r"(\d+)/(\d+)", r"\\tfrac{\1}{\2}", str(value)), decimal(value)
    exact = re.sub(r"\blog (\d+)", r"\\log \1", exact)
    return exact if str(value).lstrip("-").isdigit() else rf"{exact} \approx {number}"


# -- verdicts ---------------------------------------------------------------------------------------------------------

_DISCRETE = {
    "true": "It is true for discrete laws (counting measure): it fails only for densities that exceed 1.",
    "unknown": "No table with the counting measure was found to refute it; it fails for a density off that measure.",
    "false": "",
}


_MEASURE = {
    True: "counting: every weight is 1, and a density is a probability",
    False: "weighted: a density is a probability divided by the weight of each state left of its bar",
}


def as_text(verdict: Verdict) -> str:
    """The verdict in plain text, as the command line prints it."""
    lines = []
    if isinstance(verdict, Proved):
        lines.append(f"Proved: {text(verdict.claim)}")
        for name, left, right in chain(verdict):
            lines.append(f"  {name}: {text(left)}" + (f" = {text(right)}" if left != right else " on both sides"))
        if verdict.slack:
            lines.append(f"  the slack is {_least(verdict)}{text(slack(verdict))}")
        elif not chain(verdict):
            lines.append(f"  by {', '.join(verdict.rules)}")
        lines += [f"  provided {text(condition)}" for condition in verdict.conditions]
        lines.append(f"  {_agreed(verdict.examined)}")
    elif isinstance(verdict, Refuted):
        found = verdict.counterexample
        lines.append(f"Refuted: {text(verdict.claim)}")
        for heading, states, masses in rows(found.table):
            lines.append(f"  {heading}: " + "  ".join(f"[{s}] {m}" for s, m in zip(states, masses, strict=True)))
        lines.append(f"  left side{_at(found.table)}: {value_text(found.lhs)}")
        lines.append(f"  right side{_at(found.table)}: {value_text(found.rhs)}")
        if _DISCRETE[verdict.discrete]:
            lines.append("  " + _DISCRETE[verdict.discrete])
    elif isinstance(verdict, Undecided):
        lines += [f"Undecided: {text(verdict.claim)}", f"  {verdict.reason}"]
    return "\n".join(lines)


def _agreed(count: int) -> str:
    if not count:
        return "on no random table tried do both sides have an exact value"
    return f"agreed with exact arithmetic on {count} random table{'s' * (count > 1)}"


def _at(table: Table) -> str:
    return f" at {_point(table)}" if table.point else ""


def steps(proved: Proved) -> list[dict[str, str]]:
    """The lines of an identity's proof; of an inequality the rules it takes, the first with the slack."""
    lines = [{"rule": n, "left": text(a), "right": text(b)} for n, a, b in chain(proved)]
    if not lines:
        lines = [{"rule": name} for name in proved.rules]
        if proved.slack:
            lines[0]["slack"] = text(slack(proved))
    return lines


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """The verdict as one JSON-ready object, the same on the command line and in Python."""
    out: dict[str, Any] = {
        "verdict": type(verdict).__name__.lower(),
        "claim": text(verdict.claim),
        "steps": [],
        "conditions": [],
        "counterexample": None,
        "reason": None,
    }
    if isinstance(verdict, Proved):
        out["steps"] = steps(verdict)
        out["conditions"] = [text(condition) for condition in verdict.conditions]
    elif isinstance(verdict, Refuted):
        found = verdict.counterexample
        out["counterexample"] = {
            "laws": {
                law: {
                    "variables": list(names),
                    "probabilities": {",".join(map(str, k)): str(m) for k, m in cells.items()},
                }
                for law, (names, cells) in found.table.laws.items()
            },
            "values": {
                name if args == (name,) else f"{name}({','.join(args)})": {
                    ",".join(map(str, k)): str(m) for k, m in cells.items()
                }
                for (name, args), cells in found.table.values.items()
            },
            "measure": _MEASURE[found.table.counting],
            "weights": {v: list(map(str, weights)) for v, weights in found.table.weights.items()},
            "at": dict(found.table.point),
            "left": {"exact": str(found.lhs), "decimal": decimal(found.lhs, 12)},
            "right": {"exact": str(found.rhs), "decimal": decimal(found.rhs, 12)},
        }
        out["reason"] = _DISCRETE[verdict.discrete] or None
    elif isinstance(verdict, Undecided):
        out["reason"] = verdict.reason
    return out


def as_html(verdict: Verdict) -> str:
    """The verdict as a block of HTML."""
    kind = type(verdict).__name__
    mark = {"Proved": "✓", "Refuted": "✗", "Undecided": "?"}[kind]
    out = [f'<div class="elbo-verdict {kind.lower()}"><p class="elbo-verdict-head">{mark} {kind}</p>']
    out.append(math(latex(verdict.claim), display=True))
    declared = [law for law in sorted(verdict.claim.atoms(lang.Law), key=str) if law.factors]
    if declared:
        out.append(f"<p>For laws with {', '.join(math(_factorisation(law)) for law in declared)}.</p>")
    if isinstance(verdict, Proved):
        out.append(f"<p>By {escape(', '.join(verdict.rules), quote=False)}.</p>")
        if verdict.slack:
            out.append(f"<p>The slack is {_least(verdict)}{math(latex(slack(verdict)))}.</p>")
        out.append(_conditions_html(verdict.conditions))
        out.append(_chain_html(verdict))
        out.append(f"<p>{_agreed(verdict.examined).capitalize()}.</p>")
    elif isinstance(verdict, Refuted):
        found = verdict.counterexample
        out.append(table_html(found.table))
        point = found.table.point
        where = f" at {math(_state(point.keys(), point.values()))}" if point else ""
        out.append(f"<p>Left side{where}: {math(value_latex(found.lhs))}.<br>")
        out.append(f"Right side: {math(value_latex(found.rhs))}.</p>")
        if _DISCRETE[verdict.discrete]:
            out.append(f"<p>{_DISCRETE[verdict.discrete]}</p>")
    elif isinstance(verdict, Undecided):
        out.append(f"<p>{escape(verdict.reason[:1].upper() + verdict.reason[1:])}.</p>")
    return "".join(out) + "</div>"


def _factorisation(law: lang.Law) -> str:
    """A declared factorisation in LaTeX: the joint as the product of its factors."""
    names = [v for left, given in law.factors for v in (*given, *left)]
    roots = [v for v in dict.fromkeys(names) if all(v not in left for left, _ in law.factors)]
    factors = [law(*roots)] if roots else []
    factors += [lang.Density(law, left, given) for left, given in law.factors]
    return f"{latex(law(*sorted(law.declared, key=str)))} = " + r" \, ".join(map(latex, factors))


def _chain_html(proved: Proved) -> str:
    """The proof of an identity, a line for each rule, folded away where it takes more than one."""
    steps = chain(proved)
    if len(steps) < 2:
        return ""
    rows = "".join(
        f'<div class="elbo-line">{math(latex(left) + " = " + latex(right), display=True)}'
        f'<div class="elbo-reason">{escape(rule, quote=False)}</div></div>'
        for rule, left, right in steps
    )
    return f'<details><summary>The proof, line by line</summary><div class="elbo-derivation">{rows}</div></details>'


def _conditions_html(conditions: Any) -> str:
    if not conditions:
        return "<p>No side condition.</p>"
    items = "".join(f"<li>{math(latex(condition))}</li>" for condition in conditions)
    return f"<p>Provided that</p><ul>{items}</ul>"


# -- derivations ------------------------------------------------------------------------------------------------------


def derivation_html(derivation: Derivation) -> str:
    """The chain, a line each: the equation with its tag, then the rule and its side conditions."""
    out = ['<div class="elbo-derivation">']
    for line in derivation.lines:
        source = latex(line.term) if not line.relation else rf"{SIGN[line.relation]} {latex(line.term)}"
        reason = ""
        if line.rule is not None:
            needs = "; ".join(math(latex(condition)) for condition in line.conditions)
            reason = escape(line.rule.name, quote=False) + (f", if {needs}" if needs else "")
        out.append(f'<div class="elbo-line">{math(source, display=True, tag=line.tag)}')
        out.append(f'<div class="elbo-reason">{reason}</div></div>' if reason else "</div>")
    return "".join(out) + "</div>"


def derivation_latex(derivation: Derivation) -> str:
    """One aligned display with reasons, as LaTeX source for a paper."""
    body = []
    for position, line in enumerate(derivation.lines):
        left = f"{latex(line.term)} " if not position else ""
        right = "" if not position else f"&{SIGN[line.relation]} {latex(line.term)} "
        reason = rf"&& \text{{{line.rule.name}}} " if line.rule else ""
        tag = rf"\tag{{{line.tag}}}" if line.tag else r"\notag"
        body.append(f"{left}{right}{reason}{tag}" if position else f"{left}& {tag}")
    joined = " \\\\\n  ".join(body)
    return f"\\begin{{align}}\n  {joined}\n\\end{{align}}"


def derivation_text(derivation: Derivation) -> str:
    out = []
    for line in derivation.lines:
        rule = f"   [{line.rule.name}]" if line.rule else ""
        tag = f"   ({line.tag})" if line.tag else ""
        out.append(f"{line.relation:>2} {text(line.term)}{tag}{rule}")
    return "\n".join(out)


def _bundle(html: str, plain: str, source: str | None = None) -> dict[str, str]:
    bundle = {"text/html": html, "text/plain": plain}
    if source is not None:
        bundle["text/latex"] = source
    return bundle


def _verdict_bundle(self: Verdict, **kwargs: Any) -> dict[str, str]:
    return _bundle(as_html(self), as_text(self))


def _derivation_bundle(self: Derivation, **kwargs: Any) -> dict[str, str]:
    return _bundle(derivation_html(self), derivation_text(self), derivation_latex(self))


def _table_bundle(self: Table, **kwargs: Any) -> dict[str, str]:
    plain = [
        f"{heading}: {', '.join(map(' '.join, zip(states, masses, strict=True)))}"
        for heading, states, masses in rows(self)
    ]
    return _bundle(table_html(self), "\n".join(plain))


Table._repr_mimebundle_ = _table_bundle  # type: ignore[attr-defined]
Verdict._repr_mimebundle_ = _verdict_bundle  # type: ignore[attr-defined]
Verdict.__repr__ = as_text  # type: ignore[method-assign,assignment]
Proved.steps = property(steps)  # type: ignore[attr-defined]
Derivation._repr_mimebundle_ = _derivation_bundle  # type: ignore[attr-defined]
Derivation.__str__ = derivation_text  # type: ignore[method-assign,assignment]
Derivation.latex = derivation_latex  # type: ignore[attr-defined]
