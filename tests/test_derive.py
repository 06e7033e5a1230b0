"""Derivations: one rule a line, the weakest that does; what does not follow is refused, with what would do."""

import doctest
import sys

import pytest

from elboproof.derive import derive
from elboproof.errors import StepRejected
from elboproof.language import ELBO, KL, E, Eq, Ge, Integral, densities, log, variables

x, D, theta = variables("x D theta")
p, q = densities("p q")
lik, prior, joint, qq = p(D | theta), p(theta), p(D, theta), q(theta)


def chain():
    return (
        derive(log(p(D)))
        .eq(log(Integral(lik * prior, theta)), tag=2)
        .eq(log(E(lik * prior / qq, qq)), tag=9, by="multiply and divide")
        .ge(E(log(lik * prior / qq), qq), tag=10, by="Jensen")
    )


def test_the_source_s_chain():
    made = chain()
    assert [line.rule.name for line in made.lines[1:]] == [
        "total probability",
        "multiply and divide",
        "Jensen's inequality",
    ]
    assert [line.tag for line in made.lines] == ["", "2", "9", "10"]
    assert made.claim == Ge(log(p(D)), E(log(lik * prior / qq), qq))
    assert [str(c) for c in made.conditions][:1] == ["Support(p(D, theta), q(theta), (theta,))"]


def test_a_chain_is_not_changed_by_going_on():
    start = derive(log(p(D)))
    start.eq(log(Integral(lik * prior, theta)))
    assert len(start.lines) == 1
    assert start.eq(log(p(D)) + 0).claim == Eq(log(p(D)), log(p(D)) + 0)


REJECTED = [
    (lambda: derive(log(p(D))).eq(log(p(D)) + 1, tag=5), r"line 2, tagged \(5\), .*; found that it is false"),
    (lambda: derive(KL(q(x), p(x))).eq(Integral(q(x) * log(q(x) / p(x)), x)),
     r"takes two, definition of the KL divergence and definition of expectation, with this line between them: "
     r"E_\{q\(x\)\}\[log\(q\(x\)/p\(x\)\)\]$"),
    (lambda: derive(log(Integral(joint, theta))).ge(E(log(joint / qq), qq)),
     r"takes two, multiply and divide and Jensen's inequality, .*E_\{q\(theta\)\}\[p\(D,theta\)/q\(theta\)\]\)$"),
    (lambda: derive(p(D)).eq(Integral(lik * prior, theta), by="Jensen"),
     "expected Jensen's inequality to justify line 2, .*; found that it is total probability"),
    (lambda: derive(p(D)).eq(p(D), by="magic"), "line 2: expected the name of a rule .*, found 'magic'"),
    (lambda: derive(log(p(D))).ge(ELBO(qq, joint)), "takes more than one, among them Gibbs' inequality"),
    (lambda: derive(KL(qq, prior)).ge(0).le(log(p(D))),
     "expected inequalities that all point one way, found <= after the opposite"),
]  # fmt: skip


def test_the_line_between_is_accepted_in_its_place():
    line = log(E(joint / qq, qq))
    assert (
        derive(log(Integral(joint, theta))).eq(line).ge(E(log(joint / qq), qq)).lines[2].rule.name.startswith("Jensen")
    )


@pytest.mark.parametrize(("build", "message"), REJECTED)
def test_what_does_not_follow_by_one_rule_is_refused(build, message):
    with pytest.raises(StepRejected, match=message):
        build()


def test_the_example_in_the_docstring():
    module = sys.modules["elboproof.derive"]  # the name elboproof.derive is the function
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted >= 5
