"""Verdicts as text, HTML and JSON: the same facts in each."""

import json

from elboproof.derive import derive
from elboproof.language import ELBO, KL, E, Eq, Ge, H, densities, log, variables
from elboproof.prove import prove
from elboproof.report import as_dict, as_html, as_text, chain, derivation_html, derivation_latex, slack

x, D, theta = variables("x D theta")
p, q = densities("p q")
IDENTITY = prove(Eq(log(p(D)), ELBO(q(theta), p(D, theta)) + KL(q(theta), p(theta | D))))
BOUND = prove(Ge(log(p(D)), ELBO(q(theta), p(D, theta))))
WRONG = prove(Eq(KL(q(x), p(x)), KL(p(x), q(x))))
DISCRETE = prove(Ge(H(p(x)), 0))
OPEN = prove(Ge(E(p(x) * log(p(x)), p(x)), E(p(x), p(x)) * E(log(p(x)), p(x))))
ALL = {"proved": IDENTITY, "refuted": WRONG, "undecided": OPEN}


def test_a_dict_is_one_json_object_with_the_fixed_keys():
    for name, verdict in ALL.items():
        made = json.loads(json.dumps(as_dict(verdict)))
        assert made["verdict"] == name
        assert made.keys() >= {"verdict", "claim", "steps", "conditions", "counterexample", "reason"}
    assert as_dict(OPEN)["reason"] == OPEN.reason
    assert as_dict(BOUND)["steps"][0]["slack"]


def test_text_says_the_verdict_the_conditions_and_the_certificate():
    assert as_text(IDENTITY).startswith("Proved: log p(D) = ELBO(q(theta), p(D,theta)) + KL(q(theta) || p(theta|D))")
    assert "provided KL(q(theta) || p(theta|D)) < inf" in as_text(IDENTITY)
    assert "the slack is KL(q(theta) || p(theta|D))" in as_text(BOUND)
    assert as_text(WRONG).startswith("Refuted: ")
    assert "discrete laws" in as_text(DISCRETE)
    assert OPEN.reason in as_text(OPEN)


def test_a_counterexample_s_numbers_are_exact_in_every_form():
    made = as_dict(WRONG)["counterexample"]
    assert made["left"]["exact"] == str(WRONG.counterexample.lhs)
    assert made["left"]["exact"] in as_text(WRONG)
    assert set(made["laws"]) == {"p", "q"}
    assert made["measure"].startswith("counting")
    weighted = as_dict(DISCRETE)["counterexample"]
    assert weighted["measure"].startswith("weighted: a density is a probability divided by the weight")
    assert set(weighted["weights"]["x"]) != {"1"}


def test_html_names_the_verdict_and_escapes():
    for name, verdict in ALL.items():
        assert f'class="elbo-verdict {name}"' in as_html(verdict)
        assert "<script" not in as_html(verdict)
    assert f"<p>{OPEN.reason[0].upper()}" in as_html(OPEN)  # a sentence there, after a colon in text
    assert IDENTITY._repr_mimebundle_().keys() >= {"text/html", "text/plain"}
    for verdict in ALL.values():
        assert repr(verdict) == str(verdict) == as_text(verdict)


def test_the_steps_are_those_of_the_dict():
    assert IDENTITY.steps == as_dict(IDENTITY)["steps"]
    assert [step["rule"] for step in BOUND.steps] == list(BOUND.rules)


def test_the_chain_of_an_identity_ends_in_one_form():
    steps = chain(IDENTITY)
    assert steps[-1][1] == steps[-1][2]
    assert [name for name, _, _ in steps] == list(IDENTITY.rules)
    assert str(slack(BOUND)) == "KL(q(theta), p(theta | D))"


def test_a_derivation_in_html_and_latex():
    made = derive(KL(q(x), p(x)), tag=3).eq(E(log(q(x) / p(x)), q(x)), tag=14)
    assert r"\tag{14}" in derivation_latex(made)
    assert derivation_latex(made).startswith(r"\begin{align}")
    assert "definition of the KL divergence" in derivation_html(made)
    assert "[definition of the KL divergence]" in str(made)
