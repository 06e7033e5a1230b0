"""What abbreviates an expectation: KL divergence, entropy, cross-entropy, ELBO, mutual information. All in nats."""

from __future__ import annotations

from typing import Any

from sympy import Basic, Expr, Tuple

from .errors import IllFormed
from .terms import Density, E, Log, Over, Term, Times, density_in, negated
from .variables import Given, Law, Variable, split_bar, variables_in


class _OfDensities(Term):
    """A functional of densities that abbreviates an expectation."""

    _written = ""  # with its arguments, for messages

    @classmethod
    def _densities(cls, items: tuple[Any, ...]) -> list[Density]:
        made = [density_in(item, f"{cls.__name__}(...)") for item in items]
        if len(made) != cls._written.count("(") - 1:
            found = f"{cls.__name__}({', '.join(map(str, made))})"
            raise IllFormed(f"expected {cls._written}, found {found}")
        return made

    def _sympystr(self, printer: Any) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.args))})"

    @property
    def bound(self) -> tuple[Variable, ...]:
        return self.args[0].left


def _same_left(first: Density, second: Density, title: str, hint: str = "") -> None:
    if set(first.left) != set(second.left):
        raise IllFormed(
            f"expected {title} between densities of the same variables left of the bar, "
            f"found {first} and {second}{hint}"
        )


class KL(_OfDensities):
    """KL divergence E_q log(q / p), in nats (Cover and Thomas, Elements of Information Theory, eq. 2.26)."""

    _written = "KL(q(x), p(x))"

    def __new__(cls, *items: Any) -> KL:
        q, p = cls._densities(items)
        joint = set(q.left) < set(p.left)
        hint = f"; for the joint, write -ELBO({q}, {p})" if joint else ""
        _same_left(q, p, "a KL divergence", hint)
        return super().__new__(cls, q, p)

    def _definition(self) -> Expr:
        q, p = self.args
        return E(Log(Over(q, p)), q)


class H(_OfDensities):
    """(Differential) entropy -E_q log q, in nats; for ``q(x | y)``, at the given y (Cover and Thomas, eq. 8.1)."""

    _written = "H(q(x))"

    def __new__(cls, *items: Any) -> H:
        return super().__new__(cls, *cls._densities(items))

    def _definition(self) -> Expr:
        (q,) = self.args
        return negated(E(Log(q), q))


class CE(_OfDensities):
    """Cross-entropy -E_q log p, in nats."""

    _written = "CE(q(x), p(x))"

    def __new__(cls, *items: Any) -> CE:
        q, p = cls._densities(items)
        _same_left(q, p, "a cross-entropy")
        return super().__new__(cls, q, p)

    def _definition(self) -> Expr:
        q, p = self.args
        return negated(E(Log(p), q))


class ELBO(_OfDensities):
    """Evidence lower bound E_q log(p(D, theta) / q(theta)), in nats (source, equation 11). A bound, never a loss."""

    _written = "ELBO(q(theta), p(D, theta))"

    def __new__(cls, *items: Any) -> ELBO:
        q, joint = cls._densities(items)
        if not set(q.left) < set(joint.left):
            raise IllFormed(
                f"expected ELBO(q, joint) with the variables of q and the observed ones left of the joint's bar, "
                f"as in ELBO(q(theta), p(D, theta)), found ELBO({q}, {joint})"
            )
        return super().__new__(cls, q, joint)

    def _definition(self) -> Expr:
        q, joint = self.args
        return E(Log(Over(joint, q)), q)


class I(Term):  # noqa: E742  the field's own name
    """Mutual information ``I(x, z, q)``, or given y ``I(x, z | y, q)``, in nats (Cover and Thomas, eq. 2.61)."""

    def __new__(cls, *items: Any) -> I:
        if len(items) == 4 and all(isinstance(item, Tuple) for item in items[:3]):
            x, z, y = (tuple(item) for item in items[:3])
            law = items[3]
        else:
            if len(items) < 3 or not isinstance(items[-1], Law):
                raise IllFormed(f"expected I(x, z, q) or I(x, z | y, q) with a density last, found {items}")
            law, first, rest = items[-1], items[0], items[1:-1]
            if isinstance(first, Given):
                raise IllFormed(f"expected what is given after the second group, I(x, z | y, q), found {first} first")
            x = variables_in(first)
            z, y = split_bar(rest, "I(...)")
        law_name = law.name if isinstance(law, Law) else law
        everything = (*x, *z, *y)
        for v in everything:
            if everything.count(v) > 1:
                raise IllFormed(f"expected disjoint groups of variables, found {v} twice in I(..., {law_name})")
        law(*everything)  # refuses variables the law does not have
        if not x or not z:
            raise IllFormed(f"expected variables on both sides of mutual information, found I({x}, {z}, {law_name})")
        return super().__new__(cls, Tuple(*x), Tuple(*z), Tuple(*y), law)

    @property
    def bound(self) -> tuple[Variable, ...]:
        return (*self.args[0], *self.args[1], *self.args[2])

    @property
    def free_symbols(self) -> set[Basic]:
        return set()

    def _definition(self) -> Expr:
        x, z, y, law = self.args
        joint = Density(law, (*x, *z), y)
        ratio = Over(joint, Times(Density(law, x, y), Density(law, z, y)))
        return E(Log(ratio), Density(law, (*x, *z, *y)))

    def _sympystr(self, printer: Any) -> str:
        x, z, y, law = self.args
        groups = [", ".join(map(str, g)) if len(g) == 1 else f"({', '.join(map(str, g))})" for g in (x, z)]
        given = " | " + ", ".join(map(str, y)) if y else ""
        return f"I({groups[0]}, {groups[1]}{given}, {law})"
