"""A second opinion: the value of a term on a finite world, computed apart from elboproof's own arithmetic.

Nothing here uses `exact`, `values` or `tables`. A world lists the joint states of each law as assignments with a
probability. Rationals stay exact until they meet a logarithm; from there 60 digits are kept, and two numbers are called
equal when they agree to 40. Conventions: zero times anything is zero; inf - inf, 0/0 and conditioning on a null event
have no value.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
from sympy import Add, Mul, Pow, Rational
from sympy.core.function import AppliedUndef

from elboproof import language as lang

mpmath.mp.dps = 60
CLOSE = mpmath.mpf(10) ** -40
PLUS, MINUS = "+inf", "-inf"


class Missing:
    """No value. `null` says that a conditional on a null event is the reason."""

    def __init__(self, null):
        self.null = null

    def __repr__(self):
        return "Missing(null event)" if self.null else "Missing"


ARITHMETIC, NULL = Missing(False), Missing(True)


def is_number(a):
    return not isinstance(a, (str, Missing))


def is_zero(a):
    return is_number(a) and (a == 0 if isinstance(a, Fraction) else abs(a) < CLOSE)


def sign(a):
    if isinstance(a, str):
        return 1 if a == PLUS else -1
    return 0 if is_zero(a) else 1 if a > 0 else -1


def real(a):
    return mpmath.mpf(a.numerator) / a.denominator if isinstance(a, Fraction) else a


def plus(a, b):
    for x in (a, b):
        if isinstance(x, Missing):
            return NULL if any(isinstance(y, Missing) and y.null for y in (a, b)) else x
    if isinstance(a, str) or isinstance(b, str):
        if isinstance(a, str) and isinstance(b, str) and a != b:
            return ARITHMETIC
        return a if isinstance(a, str) else b
    return a + b if isinstance(a, Fraction) and isinstance(b, Fraction) else real(a) + real(b)


def times(a, b):
    if is_zero(a) or is_zero(b):
        return Fraction(0)
    for x in (a, b):
        if isinstance(x, Missing):
            return NULL if any(isinstance(y, Missing) and y.null for y in (a, b)) else x
    if isinstance(a, str) or isinstance(b, str):
        return PLUS if sign(a) * sign(b) > 0 else MINUS
    return a * b if isinstance(a, Fraction) and isinstance(b, Fraction) else real(a) * real(b)


def over(a, b):
    if isinstance(a, Missing) or isinstance(b, Missing):
        return NULL if any(isinstance(y, Missing) and y.null for y in (a, b)) else ARITHMETIC
    if is_zero(b):
        return ARITHMETIC if sign(a) == 0 else PLUS if sign(a) > 0 else MINUS
    if isinstance(b, str):
        return ARITHMETIC if isinstance(a, str) else Fraction(0)
    return times(a, 1 / b)


def logarithm(a):
    if isinstance(a, Missing):
        return a
    if isinstance(a, str):
        return PLUS if a == PLUS else ARITHMETIC
    if is_zero(a):
        return MINUS
    if a < 0:
        return ARITHMETIC
    return Fraction(0) if a == 1 else mpmath.log(real(a))


class World:
    """`laws[name]` lists (assignment, probability); `weights[v][state]` sizes a state; `values` holds functions."""

    def __init__(self, sizes, laws, weights, values, point):
        self.sizes, self.laws, self.weights, self.values, self.point = sizes, laws, weights, values, point
        self._known = {}

    def probability(self, law, at):
        key = law, frozenset(at.items())
        if key not in self._known:
            self._known[key] = sum(
                (mass for state, mass in self.laws[law] if all(state[v] == s for v, s in at.items())), Fraction(0)
            )
        return self._known[key]

    def states(self, names):
        for chosen in itertools.product(*(range(self.sizes[v]) for v in names)):
            yield dict(zip(names, chosen, strict=True))

    def size(self, at):
        out = Fraction(1)
        for v, s in at.items():
            out *= self.weights[v][s]
        return out

    # -- terms

    def value(self, term, at=None):
        at = self.point if at is None else at
        if isinstance(term, (lang.Plus, Add)):
            return self._total(self.value(arg, at) for arg in term.args)
        if isinstance(term, (lang.Times, Mul)):
            return self._product([self.value(arg, at) for arg in term.args])
        if isinstance(term, lang.Over):
            return over(self.value(term.args[0], at), self.value(term.args[1], at))
        if isinstance(term, (lang.Power, Pow)):
            base, exponent = self.value(term.args[0], at), int(term.args[1])
            out = self._product([base] * abs(exponent)) if exponent else Fraction(1)
            return over(Fraction(1), out) if exponent < 0 else out
        if isinstance(term, lang.Log):
            return logarithm(self.value(term.args[0], at))
        if isinstance(term, Rational):
            return Fraction(int(term.p), int(term.q))
        if isinstance(term, lang.Variable):
            return self.values[term.name, (term.name,)][(at[term.name],)]
        if isinstance(term, AppliedUndef):
            names = tuple(v.name for v in term.args)
            return self.values[term.func.__name__, names][tuple(at[v] for v in names)]
        return getattr(self, "_" + type(term).__name__)(term, at)

    @staticmethod
    def _total(values):
        out = Fraction(0)
        for value in values:
            out = plus(out, value)
        return out

    @staticmethod
    def _product(values):
        if any(is_zero(value) for value in values):
            return Fraction(0)
        out = Fraction(1)
        for value in values:
            out = times(out, value)
        return out

    def _Density(self, term, at):
        here = {v.name: at[v.name] for v in (*term.left, *term.given)}
        given = {v.name: at[v.name] for v in term.given}
        below = self.probability(term.law.name, given) if given else Fraction(1)
        if not below:
            return NULL
        return self.probability(term.law.name, here) / below / self.size({v.name: at[v.name] for v in term.left})

    def _Integral(self, term, at):
        names = [v.name for v in term.args[1:]]
        return self._total(
            times(self.size(more), self.value(term.args[0], {**at, **more})) for more in self.states(names)
        )

    def _average(self, f, measures, at):
        """The mean of ``f(at)`` over the left variables of the measures, where their product is positive."""
        names = [v.name for m in measures for v in m.left]
        out = Fraction(0)
        for more in self.states(names):
            here = {**at, **more}
            mass = times(self.size(more), self._product([self.value(m, here) for m in measures]))
            if isinstance(mass, Missing):
                return mass  # the law itself does not exist here, whatever is averaged
            if not is_zero(mass):
                out = plus(out, times(mass, f(here)))
        return out

    def _E(self, term, at):
        return self._average(lambda here: self.value(term.args[0], here), term.args[1:], at)

    def _ratio(self, above, below, measure, at):
        def log_ratio(here):
            return logarithm(over(self.value(above, here), self.value(below, here)))

        return self._average(log_ratio, [measure], at)

    def _KL(self, term, at):
        q, p = term.args
        return self._ratio(q, p, q, at)

    def _ELBO(self, term, at):
        q, joint = term.args
        return self._ratio(joint, q, q, at)

    def _H(self, term, at):
        (q,) = term.args
        return times(Fraction(-1), self._average(lambda here: logarithm(self.value(q, here)), [q], at))

    def _CE(self, term, at):
        q, p = term.args
        return times(Fraction(-1), self._average(lambda here: logarithm(self.value(p, here)), [q], at))

    def _I(self, term, at):
        x, z, y, law = term.args
        out = Fraction(0)
        for state in self.states([v.name for v in (*x, *z, *y)]):
            parts = [
                self.probability(law.name, {v.name: state[v.name] for v in group})
                for group in ((*x, *z, *y), y, (*x, *y), (*z, *y))
            ]
            if parts[0]:
                out = plus(out, times(parts[0], logarithm(parts[0] * (parts[1] if y else 1) / parts[2] / parts[3])))
        return out

    # -- claims

    def truth(self, claim):
        """True, False, or None where a conditional of the claim does not exist here, or neither side has a value."""
        if not all(self.conditionals_exist(side, frozenset()) for side in (claim.lhs, claim.rhs)):
            return None
        lhs, rhs = self.value(claim.lhs), self.value(claim.rhs)
        missing = [side for side in (lhs, rhs) if isinstance(side, Missing)]
        if missing:
            return None if len(missing) == 2 or missing[0].null else False
        order = 0 if isinstance(lhs, str) and lhs == rhs else sign(plus(lhs, times(Fraction(-1), rhs)))
        return order == 0 or (isinstance(claim, lang.Ge) and order > 0) or (isinstance(claim, lang.Le) and order < 0)

    def conditionals_exist(self, term, bound):
        """Whether every conditional given free variables only is on an event of positive probability."""
        if isinstance(term, lang.Density):
            given = {v.name: self.point.get(v.name) for v in term.given}
            return not given or bool(bound & given.keys()) or self.probability(term.law.name, given) > 0
        if not isinstance(term, lang.Term) or isinstance(term, lang.I):
            return True
        inner = bound | {v.name for v in term.bound}
        return all(self.conditionals_exist(arg, inner) for arg in term.args)

    def meets(self, condition):
        """Whether a side condition holds, for every value of a variable that it leaves open."""
        names = {v.name for v in condition.free_symbols} - self.point.keys()
        if isinstance(condition, lang.Support):
            mass, density, bound = condition.args
            for more in self.states(sorted(names | {v.name for v in bound})):
                here = {**self.point, **more}
                if not is_zero(self.value(mass, here)):
                    value = self.value(density, here)
                    if isinstance(value, Missing) or is_zero(value):
                        return False
            return True
        assert isinstance(condition, lang.Finite)
        assert not names, f"{condition} leaves {names} open"
        value = self.value(condition.args[0])
        if isinstance(value, Missing):
            return False
        return not ((value == PLUS and condition.side != "below") or (value == MINUS and condition.side != "above"))


# -- worlds for a claim -----------------------------------------------------------------------------------------------


def ingredients(*terms):
    """The laws with their variables, the functions with their arguments, and the free variables of terms."""
    laws, functions, free = {}, set(), set()
    for term in terms:
        free |= {v.name for v in term.free_symbols}
        stack = [term]
        while stack:
            node = stack.pop()
            if isinstance(node, lang.Density):
                laws.setdefault(node.law, set()).update(v.name for v in (*node.left, *node.given))
            elif isinstance(node, lang.I):
                laws.setdefault(node.args[3], set()).update(v.name for part in node.args[:3] for v in part)
            elif isinstance(node, AppliedUndef):
                functions.add((node.func.__name__, tuple(v.name for v in node.args)))
            elif isinstance(node, lang.Variable):
                functions.add((node.name, (node.name,)))
            elif isinstance(node, (lang.Integral, lang.E)):
                stack += [node.args[0], *(m for m in node.args[1:] if isinstance(m, lang.Density))]
            else:
                stack += node.args
    for law in laws:
        for left, given in law.factors:
            laws[law] |= {v.name for v in (*left, *given)}
    return laws, functions, free


def factor_order(law, names):
    """(variable, what it depends on) for a law: its declared factors, or one chain over everything."""
    if not law.factors:
        ordered = sorted(names)
        return [(v, ordered[:i]) for i, v in enumerate(ordered)]
    above = {}
    for left, given in law.factors:
        for i, v in enumerate(left):
            above[v.name] = [w.name for w in (*given, *left[:i])]
    roots = sorted(names - above.keys())
    out = [(v, roots[:i]) for i, v in enumerate(roots)]
    while len(out) < len(names):
        done = {v for v, _ in out}
        out += [(v, above[v]) for v in sorted(above) if v not in done and done.issuperset(above[v])]
    return out


def random_law(rng, law, names, sizes, zeros, top):
    cells = [({}, Fraction(1))]
    for v, above in factor_order(law, names):
        rows = {}
        grown = []
        for state, mass in cells:
            key = tuple(state[w] for w in above)
            if key not in rows:
                parts = [0 if rng.random() < zeros else rng.randint(1, top) for _ in range(sizes[v])]
                if not any(parts):
                    parts[rng.randrange(sizes[v])] = 1
                rows[key] = [Fraction(part, sum(parts)) for part in parts]
            grown += [({**state, v: s}, mass * rows[key][s]) for s in range(sizes[v])]
        cells = grown
    return cells


def random_world(rng, *terms, zeros=0.0, top=4, states=2, weighted=True):
    laws, functions, free = ingredients(*terms)
    names = free.union(*laws.values(), *(args for _, args in functions))
    sizes = {v: rng.randint(2, states) if states > 2 else states for v in sorted(names)}
    choices = [Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(3)] if weighted else [Fraction(1)]
    weights = {v: [rng.choice(choices) for _ in range(n)] for v, n in sizes.items()}
    low = rng.choice((-2, 0, 1))
    values = {
        key: {k: Fraction(rng.randint(low, 4), 2) for k in itertools.product(*(range(sizes[v]) for v in key[1]))}
        for key in sorted(functions)
    }
    made = {
        law.name: random_law(rng, law, laws[law], sizes, zeros, top) for law in sorted(laws, key=lambda law: law.name)
    }
    return World(sizes, made, weights, values, {v: rng.randrange(sizes[v]) for v in sorted(free)})


def from_table(table):
    """The world that a table of elboproof describes: its data only, none of its arithmetic."""
    laws = {
        name: [(dict(zip(names, key, strict=True)), mass) for key, mass in cells.items()]
        for name, (names, cells) in table.laws.items()
    }
    return World(dict(table.states), laws, dict(table.weights), dict(table.values), dict(table.point))


def factorises(world, law):
    """Whether a law of a world has its declared factorisation."""
    names = sorted({v for state, _ in world.laws[law.name] for v in state})
    for state, mass in world.laws[law.name]:
        product = Fraction(1)
        for v, above in factor_order(law, set(names)):
            below = world.probability(law.name, {w: state[w] for w in above}) if above else Fraction(1)
            product *= world.probability(law.name, {w: state[w] for w in (v, *above)}) / below if below else 0
        if product != mass:
            return False
    return True


# -- judging a verdict ------------------------------------------------------------------------------------------------


def objections(verdict, rng, worlds=12):
    """What is wrong with a verdict, by this oracle: a list of (reason, world). Empty if nothing was found."""
    name, claim = type(verdict).__name__, verdict.claim
    out = []
    if name == "Proved":
        for i in range(worlds):
            world = random_world(
                rng, claim.lhs, claim.rhs, *verdict.conditions, zeros=(0, 0.25, 0.45)[i % 3], top=(4, 1, 2)[i % 3],
                states=2 + (i % 4 == 3),
            )  # fmt: skip
            if all(world.meets(condition) for condition in verdict.conditions) and world.truth(claim) is False:
                out.append((f"false: {world.value(claim.lhs)} against {world.value(claim.rhs)}", world))
    elif name == "Refuted":
        found = verdict.counterexample
        world = from_table(found.table)
        valueless = any(isinstance(world.value(side), Missing) for side in (claim.lhs, claim.rhs))
        if world.truth(claim) is not False and not valueless:
            out.append(("the counterexample does not refute", world))
        for side, value in ((claim.lhs, found.lhs), (claim.rhs, found.rhs)):
            mine = world.value(side)
            if isinstance(mine, Missing) and type(value).__name__ == "Undefined":
                continue
            if isinstance(mine, str) and str(value) == mine:
                continue
            if not is_number(mine) or abs(float(real(mine)) - float(value)) > 1e-9 * max(1, abs(float(value))):
                out.append((f"the value of {side} is {mine}, not {value}", world))
        for law in ingredients(claim.lhs, claim.rhs)[0]:
            if any(mass <= 0 for _, mass in world.laws[law.name]):
                out.append((f"{law} does not have full support", world))
            if not factorises(world, law):
                out.append((f"{law} does not factorise as declared", world))
    return out
