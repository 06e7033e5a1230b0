"""Python in the page: cells, the prover, and what they weigh, in a browser; each check finds a planted fault."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import browser_checks
import live_checks


def test_the_first_verdict_comes_soon_and_the_prover_works(browser: Any, address: str) -> None:
    fresh = browser_checks.session(browser)
    watched = live_checks.Watched(fresh, address, live_checks.PROVER)
    cold, following = live_checks.timed(watched, time.perf_counter)
    faults = live_checks.typed(watched)
    fresh.close()
    assert faults == []
    print(f"first verdict {cold:.1f} s, next {following:.2f} s")
    assert cold <= 12 * live_checks.allowance()
    assert following <= 1 * live_checks.allowance()


def test_before_a_press(session: Any, address: str) -> None:
    assert live_checks.untouched(session, address) == []


def test_a_cell_lives(session: Any, address: str) -> None:
    assert live_checks.cells(session, address) == []


def test_a_link_carries_a_claim(session: Any, address: str) -> None:
    assert live_checks.linked(session, address) == []


def test_without_a_claim(session: Any, address: str) -> None:
    assert live_checks.empty(session, address) == []


@pytest.mark.parametrize("name", [live_checks.CHAPTER, live_checks.PROVER])
def test_as_a_file(session: Any, html: Path, name: str) -> None:
    assert live_checks.as_file(session, html, name) == []


def test_weight(browser: Any, address: str, html: Path) -> None:
    heaviest = max((html / "book").glob("*.html"), key=lambda path: path.stat().st_size)
    for name in (live_checks.CHAPTER, f"book/{heaviest.name}"):
        fresh = browser_checks.session(browser)
        total, faults = live_checks.weight(fresh, address, html, name)
        fresh.close()
        print(f"{name}: {total} bytes")
        assert faults == []
        assert 100_000 < total <= live_checks.WEIGHT  # the theme's styles and icons alone weigh this much


def test_mathematics_is_soon_visible(session: Any, address: str) -> None:
    assert live_checks.visible(session, address) == []
    push = "document.querySelector('article h1').style.marginTop = '300px'"
    jump = f"() => new Promise(done => setTimeout(() => {{ {push}; done(); }}, 100))"
    assert "jumps" in str(live_checks.visible(session, address, script=jump, visits=1))
    assert "visible after" in str(live_checks.visible(session, address, soon=1, visits=1))


# What faults in the page's scripts do: the check, what is changed in which file, and what is found
FAULTS = [
    (
        "untouched",
        {
            "elbo-live.js": [("import(new URL", 'fetch(new URL("python/manifest.json", here)); import(new URL')],
            "live/cells.js": [('"Run here"', '"Run"')],
        },
        ["fetched before a press", "a bar says"],
    ),
    (
        "cells",
        {
            "live/mathematics.js": [("text.replaceWith(holder.content);", "")],
            "live/cells.js": [
                ("for (const { source } of this.history)", "for (const { source } of [])"),
                ("this.output.replaceChildren(...this.committed)", "0"),
            ],
        },
        ["differs from the committed", "names are lost", "reset does not"],
    ),
    (
        "prover",
        {
            "live/prover.js": [
                ("before.length + start - from", "before.length + start - from + 1"),
                ('history.replaceState(null, "", this.address());', ""),
                ('place.scrollIntoView({ block: "start" });', ""),
                ('this.where.value = given.getAll("where")', 'this.where.value = [""]'),
            ]
        },
        ["caret", "address does not carry", "declaration is not in its field", "off the screen"],
    ),
    (
        "empty",
        {"live/prover.js": [('this.say("Type a claim first");', ""), ("return this.claim.focus();", "return;")]},
        ["nothing says", "does not get the focus"],
    ),
    ("linked", {"live/prover.js": [("    this.fromAddress();\n  }", "  }")]}, ["the fields hold"]),
]


@pytest.mark.parametrize(
    ("check", "patches", "words"), FAULTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_planted_faults_are_found(check: str, patches: Any, words: list[str], session: Any, address: str) -> None:
    faults = getattr(live_checks, check)(session, address, patches)
    assert [word for word in words if not any(word in fault for fault in faults)] == []
