"""The text form, read: a grammar for Lark (LALR, contextual lexer) and a builder of terms. Nothing is evaluated.

`textform` prints what is read here. Reading is linear in the text, whose length, depth and numbers are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from sympy import Function, Integer, Rational

from . import language as lang
from .errors import IllFormed
from .reserved import ALONE, check_words
from .unreadable import Unreadable, explained
from .words import NAME, differentials, spelled

LENGTH, DEPTH, DIGITS, EXPONENT = 4000, 24, 9, 12

# `log`, `int` and a quotient end their product; that is what makes `log p(x) q(x)` and `a/b c` errors.
GRAMMAR = rf"""
claim: _sum RELATION _sum (";" "where" declaration)*
term: _sum
declaration: density "=" density ("*"? density)*

_sum: sum
sum: MINUS? product ((PLUS | MINUS) product)*
product: _factors | _factors OVER denominator | (_factors STAR?)? _open
_factors: power | _factors STAR? power
_open: log | integral
log: LOG (applied | expectation | bracket | integral)
integral: INT product DIFF+
power: (number | _atom) (POWER exponent)?
denominator: (natural | _atom) (POWER exponent)?
exponent: MINUS? NATURAL | "(" MINUS? NATURAL ")"
_atom: bracket | variable | applied | expectation | kl | elbo | ce | h | mutual
bracket: "(" _sum ")"
number: RATIONAL
natural: NATURAL
variable: NAME
applied: APPLIED "(" names (_BAR names)? ")"
density: APPLIED "(" names (_BAR names)? ")"
names: NAME ("," NAME)*
expectation: EXPECTATION density+ "}}" "[" _sum "]"
kl: KL "(" density _BARS density ")"
elbo: ELBO "(" density "," density ")"
ce: CE "(" density "," density ")"
h: H "(" density ")"
mutual: MUTUAL "(" names ";" names (_BAR names)? ")"

NAME: /{NAME}/
APPLIED.1: /{NAME}(?=\s*\()/
DIFF: /ⅆ\s*{NAME}/
RATIONAL: /[0-9]+(\s*\/\s*[0-9]+)?/
NATURAL: /[0-9]+/
LOG.2: /log(?![\w'′])/
INT.2: /(int(?![\w'′])|∫)(\s*(int(?![\w'′])|∫))*/
EXPECTATION.2: /[E𝔼]_\s*\{{/
KL.2: /KL(?=\s*\()/
ELBO.2: /ELBO(?=\s*\()/
CE.2: /CE(?=\s*\()/
H.2: /H(?=\s*\()/
_BARS: "||" | "‖" | "∥"
_BAR: "|" | "∣"
MUTUAL.2: /I_({NAME}|\{{{NAME}\}})(?=\s*\()/
RELATION: ">=" | "<=" | "≥" | "⩾" | "≤" | "⩽" | "="
PLUS: "+"
MINUS: "-" | "−"
STAR: "*" | "·" | "⋅" | "×"
OVER: "/"
POWER: "^"
%ignore /\s+/
"""

RELATIONS = {"=": lang.Eq, ">=": lang.Ge, "≥": lang.Ge, "⩾": lang.Ge, "<=": lang.Le, "≤": lang.Le, "⩽": lang.Le}
Place = tuple[str, int, int]  # a text, and where in it
GENERIC = re.compile(r"[fgh]\d*(_\w+)?'*\Z")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer="contextual",
        start=["claim", "term", "declaration"],
        propagate_positions=True,
        maybe_placeholders=False,
    )


def parse_claim(source: str, where: Iterable[str] = ()) -> lang.Eq | lang.Ge | lang.Le:
    """The claim that a text states, about laws that factorise as the texts of `where` declare.

    Raises Unreadable, an IllFormed with the place in the text.
    """
    builder = _Builder(source, *_declared(where))
    claim = builder.build(_tree(source, "claim"))
    used = {law.name for law in claim.atoms(lang.Law)}
    for name, place in builder.places.items():
        if name not in used:
            raise Unreadable(f"expected a declaration of a density of the claim, found one of {name}", *place)
    return claim


def parse_term(source: str, where: Iterable[str] = ()) -> Any:
    """The term that a text spells. Raises Unreadable, an IllFormed with the place in the text."""
    return _Builder(source, *_declared(where)).build(_tree(source, "term"))


def _declared(where: Iterable[str]) -> tuple[dict[str, lang.Law], dict[str, Place]]:
    laws: dict[str, lang.Law] = {}
    places: dict[str, Place] = {}
    for source in (where,) if isinstance(where, str) else where:
        _Builder(source, laws, places).build(_tree(source, "declaration"))
    return laws, places


# -- text to tree -----------------------------------------------------------------------------------------------------


def _tree(source: str, start: str) -> Tree:
    if len(source) > LENGTH:
        raise Unreadable(f"expected at most {LENGTH} characters, found {len(source)}", source, LENGTH)
    depth = 0
    for place, char in enumerate(source):
        depth += (char in "([{") - (char in ")]}")
        if depth > DEPTH:
            raise Unreadable(f"expected brackets at most {DEPTH} deep, found one more", source, place)
    check_words(source)
    marked = list(source)
    for place in differentials(source):
        marked[place] = "ⅆ"
    try:
        return _parser().parse("".join(marked), start=start)
    except UnexpectedInput as error:
        raise explained(error, source) from None


# -- tree to term -----------------------------------------------------------------------------------------------------


class _Builder:
    """Builds the term of a tree, a method for each rule; an error of the language gets the place of its text."""

    def __init__(self, source: str, laws: dict[str, lang.Law], places: dict[str, Place]):
        self.source, self.laws, self.places = source, laws, places

    def build(self, tree: Tree) -> Any:
        self.used_as_law = {*self.laws, *(name for node in tree.iter_subtrees() for name in _laws_of(node))}
        self.known = {v.name for law in self.laws.values() for v in law.declared}
        self.known |= {spelled(token) for names in tree.find_data("names") for token in names.children}
        self.known |= {spelled(token[1:].strip()) for token in tree.scan_values(_differential)}
        return self(tree)

    def __call__(self, node: Tree) -> Any:
        try:
            return getattr(self, "_" + node.data)(*node.children)
        except Unreadable:
            raise
        except IllFormed as error:
            raise self._error(str(error), node) from None

    def _error(self, message: str, node: Tree | Token) -> Unreadable:
        place = node.meta if isinstance(node, Tree) else node
        return Unreadable(message, self.source, place.start_pos or 0, place.end_pos)

    # claims

    def _claim(self, left: Tree, relation: Token, right: Tree, *declarations: Tree) -> Any:
        for declaration in declarations:
            self(declaration)
        return RELATIONS[relation](self(left), self(right))

    def _term(self, term: Tree) -> Any:
        made = self(term)
        lang.check_names(made)
        return made

    def _declaration(self, whole: Tree, *factors: Tree) -> None:
        (name, left, given), parts = self._split(whole), [self._split(factor) for factor in factors]
        if name in self.laws:
            raise self._error(f"expected one declaration of {name}, found a second one", whole)
        seen: set[Any] = set()
        for node, (law, above, below) in zip(factors, parts, strict=True):
            if law != name:
                raise self._error(f"expected factors of {name}, found one of {law}", node)
            for v in above:
                if v not in left:
                    raise self._error(f"expected variables that {name} has left of its bar, found {v}", node)
                if v in seen:
                    raise self._error(f"expected {v} left of one bar only, found it in a second factor", node)
                seen.add(v)
            for v in below:
                if v not in (*left, *given):
                    raise self._error(f"expected variables of the left side, found {v}", node)
        missing = [v for v in left if v not in seen]
        if missing:
            raise self._error(
                f"expected factors that multiply to the left side, found none with {missing[0]} left of its bar", whole
            )
        pairs = [(above, below) for _, above, below in parts]
        roots = {v for _, below in pairs for v in below}
        if any(v not in roots for v in given):  # given, yet no factor depends on it
            pairs.insert(0, (given, ()))
        self.laws[name] = lang.Law(name, pairs)
        self.places[name] = (self.source, whole.meta.start_pos, whole.meta.end_pos)

    def _split(self, node: Tree) -> tuple[str, tuple[Any, ...], tuple[Any, ...]]:
        name, *groups = node.children
        left, given = (*(self(group) for group in groups), ())[:2]
        law = self._name(name)
        lang.Density(lang.Law(law), left, given)  # refuses a variable named twice
        return law, left, given

    # sums and products

    def _sum(self, *items: Any) -> Any:
        first = isinstance(items[0], Token)
        parts = [self._product(*items[first].children, minus=first)]
        for sign, product in zip(items[first + 1 :: 2], items[first + 2 :: 2], strict=True):
            part = self(product)
            parts.append(lang.negated(part) if sign.type == "MINUS" else part)
        return lang.Plus(*parts)

    def _product(self, *items: Any, minus: bool = False) -> Any:
        nodes = [item for item in items if isinstance(item, Tree)]
        parts = [self(node) for node in nodes]
        if nodes[-1].data == "denominator":
            self._check_exponent(*nodes[-2:])
            below = parts.pop()
            made = lang.Over(lang.Times(*parts), below)
            return lang.Times(-1, made) if minus else made
        if minus:
            number = _bare_number(nodes[0])
            parts = [-parts[0], *parts[1:]] if number else [Integer(-1), *parts]
        return lang.Times(*parts)

    def _power(self, base: Tree, *rest: Any) -> Any:
        made = self(base)
        if rest and isinstance(made, Rational) and not isinstance(made, Integer) and base.data == "number":
            raise self._error("expected brackets, (1/2)^3 or 1/(2^3), found a power of a quotient", base)
        return lang.Power(made, self(rest[1])) if rest else made

    _denominator = _power

    def _check_exponent(self, above: Tree, below: Tree) -> None:
        """Refuses x^1/2, which could be a root, and is (x^1)/2."""
        power, number = (self.source[node.meta.start_pos : node.meta.end_pos] for node in (above, below))
        if len(above.children) > 1 and not power.endswith(")") and below.children[0].data == "natural":
            start, end = above.children[-1].meta.start_pos, below.meta.end_pos
            message = f"expected brackets, ({power})/{number}, since exponents are whole numbers"
            raise Unreadable(f'{message}, found "{self.source[start:end]}"', self.source, start, end)

    def _exponent(self, *items: Token) -> Any:
        value = int(items[-1])
        if value > EXPONENT:
            raise self._error(f"expected an exponent of at most {EXPONENT}, found {items[-1]}", items[-1])
        return Integer(-value if len(items) > 1 else value)

    # terms

    def _bracket(self, term: Tree) -> Any:
        return self(term)

    def _number(self, token: Token) -> Any:
        parts = re.findall("[0-9]+", token)
        if max(map(len, parts)) > DIGITS:
            raise self._error(f"expected a number of at most {DIGITS} digits, found {token}", token)
        if len(parts) > 1 and not int(parts[1]):
            raise self._error(f"expected a denominator other than zero, found {token}", token)
        return Rational(*map(int, parts))

    _natural = _number

    def _variable(self, token: Token) -> Any:
        name = spelled(token)
        if name in ALONE and name not in self.known:
            raise self._error(f'expected {ALONE[name]}, found "{token}", a variable of no density here', token)
        return lang.Variable(name)

    def _names(self, *tokens: Token) -> tuple[Any, ...]:
        for token in tokens:
            if token in ("log", "int"):
                raise self._error(f'expected the name of a variable, found "{token}"', token)
        return tuple(lang.Variable(spelled(token)) for token in tokens)

    def _applied(self, token: Token, *groups: Tree) -> Any:
        name = self._name(token)
        if GENERIC.match(name) and name not in self.used_as_law:
            return Function(name)(*self(groups[0]))
        return self._density(token, *groups)

    def _density(self, token: Token, *groups: Tree) -> Any:
        return lang.Density(self._law(self._name(token)), *map(self, groups))

    def _name(self, token: Token) -> str:
        """The name of a density or function, with its bracket right after it: x (y) could be a product."""
        if self.source[token.end_pos] != "(":
            raise self._error(f"expected {token}(...), a density, or {token}*(...), a product, found a space", token)
        return spelled(token)

    def _law(self, name: str) -> lang.Law:
        return self.laws.get(name) or lang.Law(name)

    def _log(self, _: Token, term: Tree) -> Any:
        return lang.Log(self(term))

    def _integral(self, signs: Token, body: Tree, *differentials: Token) -> Any:
        over = [lang.Variable(spelled(token[1:].strip())) for token in differentials]
        count = len(re.findall("int|∫", signs))
        if count == 1:
            return lang.Integral(self(body), *over)
        if count != len(over):
            raise IllFormed(f"expected a differential for each of the {count} integrals, found {len(over)}")
        made = self(body)
        for v in over:
            made = lang.Integral(made, v)
        return made

    def _expectation(self, _: Token, *nodes: Tree) -> Any:
        *measures, term = nodes
        return lang.E(self(term), *map(self, measures))

    def _kl(self, _: Token, q: Tree, p: Tree) -> Any:
        return lang.KL(self(q), self(p))

    def _elbo(self, _: Token, q: Tree, p: Tree) -> Any:
        return lang.ELBO(self(q), self(p))

    def _ce(self, _: Token, q: Tree, p: Tree) -> Any:
        return lang.CE(self(q), self(p))

    def _h(self, _: Token, q: Tree) -> Any:
        return lang.H(self(q))

    def _mutual(self, token: Token, *groups: Tree) -> Any:
        x, z, y = (*map(self, groups), ())[:3]
        return lang.I(lang.Tuple(*x), lang.Tuple(*z), lang.Tuple(*y), self._law(spelled(token[2:])))


def _laws_of(node: Tree) -> list[str]:
    """The name that a node uses as a law: f in f(x|y), in E_{f(x)}[...], in KL(f(x) || g(x)), in I_f(x; z)."""
    if node.data == "density" or (node.data == "applied" and len(node.children) > 2):
        return [spelled(node.children[0])]
    return [spelled(node.children[0][2:])] if node.data == "mutual" else []


def _differential(token: Any) -> bool:
    return isinstance(token, Token) and token.type == "DIFF"


def _bare_number(node: Any) -> bool:
    return node.data == "power" and len(node.children) == 1 and node.children[0].data == "number"
