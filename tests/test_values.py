"""Exact values: coordinates in logs of primes, infinities, what has no value, and enclosures."""

import math
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elboproof.errors import NotComparable
from elboproof.values import (
    INF,
    NEG_INF,
    ZERO,
    Enclosure,
    LogSum,
    Undefined,
    add,
    compare,
    decimal,
    divide,
    is_finite,
    log,
    multiply,
    sign,
)

positive = st.fractions(min_value=F(1, 50), max_value=50, max_denominator=60)


def minus(a, b):
    return add(a, multiply(F(-1), b))


@given(positive, positive)
def test_log_of_a_product_is_the_sum_of_logs_exactly(a, b):
    assert compare(log(a * b), add(log(a), log(b))) == 0
    assert compare(log(a / b), minus(log(a), log(b))) == 0


@given(positive, positive, st.fractions(-3, 3, max_denominator=7))
def test_order_agrees_with_floating_point(a, b, c):
    left, right = add(log(a), c), log(b)
    gap = math.log(a) + c - math.log(b)
    if abs(gap) > 1e-9:
        assert compare(left, right) == (1 if gap > 0 else -1)


def test_sympy_s_blind_spot():
    assert sign(add(log(F(1, 4)), multiply(F(2), log(F(2))))) == 0


def test_a_difference_far_below_double_precision_has_its_sign():
    near = F(1) + F(1, 10**40)
    assert compare(log(near), ZERO) == 1
    assert compare(log(near), F(1, 10**40)) == -1


def test_large_factors_stay_whole_and_are_compared_through_common_divisors():
    a, b, c = 10**15 + 37, 10**16 + 61, 10**17 + 3
    assert compare(log(F(a * b * c * 6)), add(log(F(a * c * 2)), log(F(3 * b)))) == 0
    assert compare(log(F(a * b, c)), log(F(a * c, b))) == -1
    assert divide(log(F(a * b)), minus(log(F(a * b)), add(log(F(a)), log(F(b))))) in (INF, NEG_INF)


def test_what_divides_a_large_factor_is_taken_apart_where_it_is_small():
    large = minus(log(F(137 * 89 * 127686817)), log(F(137)))
    doubled = multiply(F(2), large)  # by way of coprime numbers
    assert compare(doubled, multiply(F(2), add(log(F(89)), log(F(127686817))))) == 0


def test_infinities_and_what_has_no_value():
    assert log(ZERO) == NEG_INF
    assert add(INF, F(3)) == INF
    assert isinstance(add(INF, NEG_INF), Undefined)
    assert multiply(ZERO, NEG_INF) == ZERO
    assert multiply(F(-2), INF) == NEG_INF
    assert divide(F(1), ZERO) == INF
    assert isinstance(divide(ZERO, ZERO), Undefined)
    assert divide(F(1), INF) == ZERO
    assert isinstance(log(F(-1)), Undefined)
    assert not is_finite(INF)
    with pytest.raises(NotComparable):
        sign(Undefined("inf - inf"))


def test_a_product_of_logs_is_enclosed_and_may_refute_but_not_confirm():
    square = multiply(log(F(2)), log(F(2)))
    assert isinstance(square, Enclosure)
    assert compare(square, F(1, 2)) == -1
    with pytest.raises(NotComparable):
        compare(square, multiply(log(F(2)), log(F(2))))


def test_an_enclosure_around_zero_has_no_sign_to_give():
    square = multiply(log(F(2)), log(F(2)))
    around = minus(square, square)
    assert isinstance(around, Enclosure)
    for value in (multiply(INF, around), multiply(around, NEG_INF), divide(around, ZERO), divide(INF, around)):
        assert isinstance(value, Undefined), value
    assert multiply(ZERO, around) == ZERO
    assert multiply(square, NEG_INF) == NEG_INF
    assert divide(square, ZERO) == INF


def test_values_print_as_coordinates():
    assert str(add(F(1, 2), minus(log(F(9)), log(F(2))))) == "1/2 - log 2 + 2 log 3"
    assert str(LogSum(ZERO)) == "0"
    assert str(INF) == "+inf"
    assert decimal(log(F(2)), 3) == "0.693"
