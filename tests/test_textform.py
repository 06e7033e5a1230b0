"""The text form: what is printed reads back as the same term, and what cannot be read says where and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Function, Integer, Rational

from elboproof import language as lang
from elboproof.errors import IllFormed
from elboproof.language import CE, ELBO, KL, E, Eq, Ge, H, I, Integral, Le, Log, Over, Plus, Power, Times
from elboproof.parse import DEPTH, LENGTH, parse_claim, parse_term
from elboproof.textform import text
from elboproof.unreadable import Unreadable
from elboproof.words import differentials

VARIABLES = st.sampled_from(["x", "y", "z1", "x_0", "theta", "D", "dx", "delta", "H", "E", "x'", "where"]).map(lang.Variable)
LAWS = st.sampled_from(["p", "q", "p_theta", "q_phi", "r'", "logp", "d"]).map(lang.Law)
NUMBERS = st.fractions(-3, 3, max_denominator=4).map(lambda x: Rational(x.numerator, x.denominator))


@st.composite
def densities(draw):
    names = draw(st.lists(VARIABLES, min_size=1, max_size=4, unique=True))
    bar = draw(st.integers(1, len(names)))
    return lang.Density(draw(LAWS), names[:bar], names[bar:])


@st.composite
def pairs(draw):
    q = draw(densities())
    return q, lang.Density(draw(LAWS), q.left, q.given)


@st.composite
def functionals(draw):
    q, p = draw(pairs())
    kind = draw(st.sampled_from(["KL", "H", "CE", "ELBO", "I"]))
    if kind == "H":
        return H(q)
    if kind == "ELBO":
        return ELBO(q, lang.Density(p.law, (*p.left, lang.Variable("observed")), ()))
    if kind == "I":
        return I(q.left, (lang.Variable("w"), lang.Variable("v")), q.law)
    return {"KL": KL, "CE": CE}[kind](q, p)


ATOMS = st.one_of(
    densities(),
    functionals(),
    NUMBERS,
    VARIABLES,
    st.builds(lambda v, u: Function("f")(v, u), VARIABLES, VARIABLES),
    st.builds(lambda v: Function("g_1'")(v), VARIABLES),
)


def _attempt(build, *args):
    try:
        return build(*args)
    except IllFormed:
        return Integer(1)


def _integral(term, names):
    free = [v for v in names if v in term.free_symbols]
    return Integral(term, *free) if free else term


def _grow(terms):
    some = st.lists(terms, min_size=2, max_size=3)
    return st.one_of(
        some.map(lambda args: Plus(*args)),
        some.map(lambda args: Times(*args)),
        some.map(lambda args: args[0] - Times(*args) if isinstance(args[0], lang.Term) else Times(-1, *args)),
        st.tuples(terms, terms).map(lambda args: _attempt(Over, *args)),
        st.tuples(terms, st.integers(-3, 3)).map(lambda args: Power(*args)),
        terms.map(lambda term: _attempt(Log, term)),
        terms.map(lambda term: Times(-1, term)),
        st.tuples(terms, st.lists(VARIABLES, min_size=1, max_size=3, unique=True)).map(lambda args: _integral(*args)),
        st.tuples(terms, st.lists(densities(), min_size=1, max_size=2)).map(lambda args: _attempt(E, args[0], *args[1])),
    )


TERMS = st.recursive(ATOMS, _grow, max_leaves=12)


@settings(max_examples=600, deadline=None)
@given(TERMS)
def test_a_term_reads_back(term) -> None:
    assert parse_term(text(term)) == term


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([Eq, Ge, Le]), TERMS, TERMS)
def test_a_claim_reads_back(kind, left, right) -> None:
    claim = kind(left, right)
    assert parse_claim(text(claim)) == claim
