"""What the book shows of the ledger: equations with anchors, the map, the audit."""

import re

import pytest

from elboproof.audit import audit, exact_witness
from elboproof.display import derivation_map, equation, layout, link
from elboproof.language import KL, Eq, densities, variables
from elboproof.ledger import LEDGER


@pytest.mark.parametrize("key", LEDGER)
def test_an_equation_shows_its_object_and_what_proves_it(key):
    html = equation(key)._repr_mimebundle_()["text/html"]
    assert html.count(f'id="eq-{key}"') == 1
    assert rf"\tag{{{key}}}" in html
    assert "✓ proved" in html
    assert all(f'href="{LEDGER[below].chapter}.html#eq-{below}"' in html for below in LEDGER[key].rests_on)


def test_an_unknown_number_lists_the_known_ones():
    with pytest.raises(KeyError, match=r"expected one of the source's equations, 1, 2, 3.*found 21"):
        equation(21)


def test_the_map_has_every_equation_and_every_arrow():
    html = derivation_map()._repr_mimebundle_()["text/html"]
    assert re.findall(r'data-equation="([^"]+)"', html) == list(LEDGER)
    assert html.count("<path d=") - 1 == sum(len(entry.rests_on) for entry in LEDGER.values())
    assert html.count('class="elbo-node proved"') == 28
    assert "28 of 28 equations are proved" in html


def test_nodes_of_the_map_do_not_touch():
    places = {key: place for key, place in layout().items() if key in LEDGER}
    for key, (x, y) in places.items():
        for other, (x2, y2) in places.items():
            assert key == other or abs(x - x2) > 50 or abs(y - y2) > 50


def test_arrows_pass_no_equation_that_is_not_theirs():
    """A passing arrow has a place of its own in each row between."""
    rows = {}
    for _vertex, (x, y) in layout().items():
        rows.setdefault(y, []).append(x)
    assert all(len(xs) == len(set(xs)) for xs in rows.values())


def test_links_lead_to_the_chapter():
    assert link("5") == '<a href="add-and-subtract.html#eq-5">(5)</a>'


@pytest.mark.parametrize("key", ["2", "6", "15"])
def test_the_audit_of_an_equation(key):
    found = audit(key, attack=False)
    assert found.sound
    assert found.exact == 40 * len(found.entry.claims)
    assert found.models == ("Gaussian", "Beta-Bernoulli", "Gamma-Poisson")
    assert found.gap is None if key == "6" else found.gap <= 1  # (6) is an inequality


def test_the_audit_notices_a_wrong_equation():
    theta = variables("theta")
    p, q = densities("p q")
    confirmed, refuted = exact_witness(Eq(KL(q(theta), p(theta)), KL(p(theta), q(theta))))
    assert refuted > 30
    assert confirmed + refuted <= 40
