"""Random terms and claims. Each builder takes `pick`, which chooses from a list: a random `choice`, or Hypothesis.

A false claim is as welcome as a true one: what is held is the verdict, against the oracle. `rewritten` gives a term
that is equal by construction, and `perturbed` changes one place of a term, mostly for the worse.
"""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st
from sympy import Function, Rational

from elboproof import language as lang
from elboproof.errors import IllFormed
from elboproof.language import CE, ELBO, KL, E, Eq, Ge, H, I, Integral, Le, Log, Over, Plus, Power, Times, density

NAMES = ("x", "y", "z", "w")
f, g = Function("f"), Function("g")

GRAPHS = {
    "free": {},
    "chains": {"p": ("x", "y | x", "z | y", "w | z"), "q": ("x", "y | x", "z | y", "w | z")},
    "fork": {"p": ("x", "y | x", "z | x", "w | x")},
    "collider": {"p": ("x", "y", "z | x, y", "w | z")},
    "mean field": {"q": ("x", "y", "z", "w")},
    "roots": {"p": ("z | x, y", "w | z")},
    "mixed": {"p": ("x", "y | x", "z | x", "w | y, z"), "q": ("x, y", "z, w | y")},
}


def laws_of(kind):
    return [density(name, *GRAPHS[kind].get(name, ())) for name in ("p", "q", "r")]


class Builder:
    """Builds terms over some laws and variables; `pick` makes every choice."""

    def __init__(self, pick, laws, names=NAMES):
        self.pick = pick
        self.laws = laws
        self.vars = [lang.Variable(name) for name in names]

    def some(self, items, least=0):
        items = list(items)
        found = [v for v in items if self.pick([False, True])]
        while len(found) < least:
            found.append(self.pick([v for v in items if v not in found]))
        return found

    def density(self, left=None, given=None):
        left = left or self.some(self.vars, 1)[:2]
        given = self.some([v for v in self.vars if v not in left])[:2] if given is None else given
        return lang.Density(self.pick(self.laws), left, given)

    def measures(self):
        """One to three densities that an expectation may average over."""
        out, bound = [], []
        for _ in range(self.pick([1, 1, 2, 3])):
            open_ = [v for v in self.vars if v not in bound]
            if not open_:
                break
            left = [self.pick(open_)] if self.pick([True, True, False]) else self.some(open_, 1)[:2]
            givens = [v for v in self.vars if v not in left and (v in bound or self.pick([False, False, True]))]
            out.append(lang.Density(self.pick(self.laws), left, self.some(givens)))
            bound += left
        return out

    def positive(self, depth):
        """A term that is >= 0: densities, products, quotients, mixtures, means of them."""
        kind = self.pick(["d", "d", "d", "ratio", "ratio", "product", "mixture", "mean", "marginal", "power"])
        if depth <= 0 or kind == "d":
            return self.density()
        if kind == "ratio":
            return Over(self.positive(depth - 1), self.positive(depth - 1))
        if kind == "product":
            return Times(self.positive(depth - 1), self.positive(depth - 1))
        if kind == "mixture":
            return Plus(Times(Rational(1, 2), self.positive(depth - 1)), Times(Rational(1, 2), self.density()))
        if kind == "mean":
            return E(self.positive(depth - 1), *self.measures())
        if kind == "power":
            return Power(self.positive(depth - 1), self.pick([2, -1]))
        inner = self.positive(depth - 1)
        over = [v for v in self.vars if v in inner.free_symbols]
        return Integral(inner, *self.some(over, 1)) if over else inner

    def functional(self):
        kind = self.pick(["KL", "KL", "H", "CE", "ELBO", "I"])
        q = self.density()
        if kind == "H":
            return H(q)
        if kind == "ELBO":
            rest = [v for v in self.vars if v not in q.left]
            extra = [self.pick(rest)]
            given = self.some([v for v in rest if v not in extra])[:1]
            return ELBO(q, self.density([*q.left, *extra], given))
        if kind == "I":
            chosen = [self.pick(self.vars)]
            chosen += [self.pick([v for v in self.vars if v not in chosen])]
            given = self.some([v for v in self.vars if v not in chosen])[:1]
            return I(lang.Tuple(chosen[0]), lang.Tuple(chosen[1]), lang.Tuple(*given), self.pick(self.laws))
        return {"KL": KL, "CE": CE}[kind](q, self.density(list(q.left)))

    def term(self, depth=2):
        """Any term."""
        kind = self.pick(
            ["log", "log", "mean log", "mean log", "mean log", "functional", "functional", "mean", "sum", "sum",
             "scaled", "positive", "f", "integral", "product", "nested"]
        )  # fmt: skip
        if depth <= 0:
            kind = self.pick(["log", "mean log", "functional", "f"])
        if kind == "log":
            return Log(self.positive(depth))
        if kind == "mean log":
            return E(Log(self.positive(depth)), *self.measures())
        if kind == "functional":
            return self.functional()
        if kind == "mean":
            return E(self.term(depth - 1), *self.measures())
        if kind == "sum":
            return Plus(self.term(depth - 1), lang.negated(self.term(depth - 1)))
        if kind == "scaled":
            return Times(self.pick([Rational(1, 2), -1, 2, 0]), self.term(depth - 1))
        if kind == "positive":
            return self.positive(depth)
        if kind == "f":
            return self.pick([f, g])(self.pick(self.vars))
        if kind == "product":
            return Times(self.term(depth - 1), self.pick([self.density, lambda: f(self.pick(self.vars))])())
        if kind == "nested":
            return Log(Plus(self.positive(0), self.pick([Log(self.density()), 1])))
        inner = Times(self.density(), self.term(depth - 1))
        over = [v for v in self.vars if v in inner.free_symbols]
        return Integral(inner, *self.some(over, 1))

    # -- equal by construction

    def rewritten(self, term):
        """The same value, said otherwise: definitions, product rule, logs split, means as integrals, order changed."""
        if isinstance(term, Plus):
            args = [self.rewritten(arg) for arg in term.args]
            return Plus(*self.shuffled(args))
        if isinstance(term, Times):
            return Times(*self.shuffled([self.rewritten(arg) for arg in term.args]))
        if isinstance(term, Over):
            above, below = map(self.rewritten, term.args)
            return Over(above, below) if self.pick([True, False]) else Times(above, Power(below, -1))
        if isinstance(term, Log):
            inner = term.args[0]
            if isinstance(inner, Over) and self.pick([True, False]):
                return Plus(self.rewritten(Log(inner.args[0])), lang.negated(self.rewritten(Log(inner.args[1]))))
            if isinstance(inner, Times) and self.pick([True, False]):
                return Plus(*(self.rewritten(Log(arg)) for arg in inner.args))
            return Log(self.rewritten(inner))
        if isinstance(term, E):
            choice = self.pick(["keep", "integral", "split", "merge"])
            if choice == "integral":
                return Integral(Times(*self.shuffled([*term.measures, self.rewritten(term.args[0])])), *term.bound)
            measures = self.shuffled(term.measures)
            if choice == "split":
                measures = [part for m in measures for part in self.factored(m)]
            if choice == "merge" and isinstance(term.args[0], Plus):
                return Plus(*(E(self.rewritten(arg), *measures) for arg in term.args[0].args))
            return E(self.rewritten(term.args[0]), *measures)
        if isinstance(term, Integral):
            return Integral(self.rewritten(term.args[0]), *self.shuffled(term.bound))
        if isinstance(term, lang.Density):
            parts = self.factored(term)
            if len(parts) > 1 and self.pick([True, False]):
                return Times(*parts)
            if term.given and self.pick([True, False]):
                return Over(lang.Density(term.law, (*term.left, *term.given)), lang.Density(term.law, term.given))
            return lang.Density(term.law, self.shuffled(term.left), self.shuffled(term.given))
        if isinstance(term, (KL, H, CE, ELBO, I)):
            return self.rewritten(term.definition()) if self.pick([True, False]) else term
        return term

    def shuffled(self, items):
        out, rest = [], list(items)
        while rest:
            out.append(rest.pop(self.pick(list(range(len(rest))))))
        return out

    def factored(self, d):
        """A density over several variables as a chain of conditionals."""
        if len(d.left) < 2 or self.pick([True, False]):
            return [d]
        first, *rest = self.shuffled(d.left)
        return [lang.Density(d.law, [first], d.given), *self.factored(lang.Density(d.law, rest, (*d.given, first)))]

    # -- made worse

    def perturbed(self, term):
        """One node changed: a law, a variable's place, a sign, an argument's order, a dropped term."""
        places = [node for node in lang.subterms(term) if isinstance(node, lang.Term)]
        if not places:
            return Plus(term, 1)
        node = self.pick(places)
        return self._swapped(term, node, self._worse(node))

    def _worse(self, node):
        if isinstance(node, lang.Density):
            return lang.Density(self.pick(self.laws), node.left, node.given)
        if isinstance(node, Plus):
            flipped = [*node.args[:-1], lang.negated(node.args[-1])]
            return Plus(*node.args[1:]) if self.pick([True, False]) else Plus(*flipped)
        if isinstance(node, KL):
            return KL(node.args[1], node.args[0])
        if isinstance(node, Over):
            return Over(node.args[1], node.args[0])
        if isinstance(node, Times):
            return Times(*node.args[1:]) if len(node.args) > 1 else node
        return Times(self.pick([-1, 2]), node)

    def _swapped(self, term, old, new):
        if term == old:
            return new
        if not isinstance(term, lang.Term) or isinstance(term, (lang.Density, I)):
            return term
        return type(term)(*(self._swapped(arg, old, new) for arg in term.args))


def attempt(build):
    """What `build` makes, or None where it would be ill-formed."""
    try:
        return build()
    except IllFormed:
        return None


def random_claim(pick, kind=None, names=NAMES, depth=2):
    """A claim about two random terms, or None."""
    builder = Builder(pick, laws_of(kind or pick(list(GRAPHS))), names)
    relation = pick([Eq, Ge, Le])
    return attempt(lambda: relation(builder.term(depth), pick([lambda: builder.term(depth), lambda: 0])()))


def true_identity(pick, kind=None, names=NAMES, depth=2):
    """A claim of equality that holds for all positive laws, or None."""
    builder = Builder(pick, laws_of(kind or pick(list(GRAPHS))), names)

    def build():
        term = builder.term(depth)
        other = builder.rewritten(term)
        if pick([True, False]):
            extra = builder.term(0)
            term, other = Plus(term, extra), Plus(other, builder.rewritten(extra))
        return Eq(term, other)

    return attempt(build)


def true_inequality(pick, kind=None, names=NAMES, depth=1):
    """A term plus a divergence is at least the term: true, said in other words. Or None."""
    builder = Builder(pick, laws_of(kind or pick(list(GRAPHS))), names)

    def build():
        term = builder.term(depth)
        q = builder.density()
        gap = KL(q, builder.density(list(q.left)))
        gap = E(gap, *builder.measures()) if pick([False, True]) else gap
        return Ge(builder.rewritten(Plus(term, gap)), builder.rewritten(term))

    return attempt(build)


def false_neighbour(pick, kind=None, names=NAMES, depth=2):
    """A true identity with one node changed: mostly false. Or None."""
    builder = Builder(pick, laws_of(kind or pick(list(GRAPHS))), names)

    def build():
        term = builder.term(depth)
        return Eq(builder.perturbed(term), builder.rewritten(term))

    return attempt(build)


MAKERS = {
    "random": random_claim,
    "identity": true_identity,
    "inequality": true_inequality,
    "neighbour": false_neighbour,
}


@st.composite
def claims(draw, maker="random", kind=None, names=NAMES, depth=2):
    """Hypothesis strategy: claims of one maker, shrinking towards the first choices."""
    made = MAKERS[maker](lambda options: draw(st.sampled_from(options)), kind, names, depth)
    assume(made is not None)
    return made
