"""Exact linear algebra: reduction modulo relations, non-negative combinations."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from elboproof.linear import Echelon, add_into, nonnegative_combination

small = st.integers(-3, 3)
vectors = st.dictionaries(st.sampled_from("abcd"), small.filter(bool).map(Fraction), max_size=4)


def total(coefficients, columns):
    out = {}
    for x, column in zip(coefficients, columns, strict=True):
        add_into(out, column, x)
    return out


def test_add_into_drops_what_vanishes():
    assert add_into({"a": Fraction(1)}, {"a": Fraction(1), "b": Fraction(2)}, -1) == {"b": -2}


def test_reduction_has_one_representative():
    table = Echelon(order=str)
    assert table.add({"c": Fraction(1), "a": Fraction(-1), "b": Fraction(-1)})
    assert not table.add({"c": Fraction(2), "a": Fraction(-2), "b": Fraction(-2)})
    assert table.reduce({"c": Fraction(3)}) == {"a": 3, "b": 3}


@given(st.lists(vectors, max_size=4), vectors, small)
def test_adding_a_relation_does_not_change_the_class(relations, vector, times):
    table = Echelon(order=str)
    for relation in relations:
        table.add(relation)
    for relation in relations:
        assert table.reduce(add_into(dict(vector), relation, times)) == table.reduce(vector)


@given(st.lists(vectors, min_size=1, max_size=5), st.data())
def test_a_combination_that_exists_is_found_and_adds_up(columns, data):
    target = total([Fraction(data.draw(st.integers(0, 3))) for _ in columns], columns)
    found = nonnegative_combination(target, columns)
    assert found is not None
    assert all(x >= 0 for x in found)
    assert total(found, columns) == target


@given(st.lists(vectors, min_size=1, max_size=5), vectors)
def test_what_is_found_adds_up(columns, target):
    found = nonnegative_combination(target, columns)
    assert found is None or (all(x >= 0 for x in found) and total(found, columns) == target)


def test_what_needs_a_negative_coefficient_is_not_found():
    assert nonnegative_combination({"a": Fraction(-1)}, [{"a": Fraction(1)}]) is None
    assert nonnegative_combination({"b": Fraction(1)}, [{"a": Fraction(1)}]) is None
