"""What is wrong with the live parts of a built site, in a browser: each check gives a list of faults."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import browser_checks

START = 60_000  # milliseconds within which Python has started even on a busy machine
CHAPTER = "book/jensen.html"
PROVER = "book/prove.html"
WEIGHT, VISIBLE, SHIFT = 1_200_000, 1500, 0.01  # bytes compressed, milliseconds, of the window's area


Patches = dict[str, list[tuple[str, str]]]  # of each file what is replaced, and by what


def allowance() -> float:
    """How many times longer than alone something may take on a machine with other work."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) + 0.5)


class Watched:
    """A page, what went wrong in it, and what it asked for."""

    def __init__(self, session: Any, address: str, name: str, patches: Patches | None = None):
        self.page = session.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.address = address
        self.page.on("console", lambda m: self.faults.append(f"console: {m.text}") if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        for file, changes in (patches or {}).items():
            self._patch(file, changes)
        self.page.goto(f"{address}/{name}", wait_until="load")

    def _patch(self, file: str, changes: list[tuple[str, str]]) -> None:
        """Serve a file with faults planted in it."""

        def answer(route: Any) -> None:
            response = route.fetch()
            text = response.text()
            for old, new in changes:
                assert old in text, f"{file} has no {old!r}"
                text = text.replace(old, new)
            route.fulfill(response=response, body=text)

        self.page.route(re.compile(re.escape(file) + r"(\?|$)"), answer)

    def python(self) -> list[str]:
        return [url for url in self.asked if "/_static/python/" in url]

    def foreign(self) -> list[str]:
        return [f"asks {url}" for url in self.asked if not url.startswith((self.address, "data:", "blob:"))]

    def until(self, condition: str, what: str, timeout: int = START, arg: Any = None) -> bool:
        try:
            self.page.wait_for_function(condition, arg=arg, timeout=timeout)
        except Exception as error:
            self.faults.append(f"{what}: {str(error).splitlines()[0]}")
            return False
        return True

    def done(self) -> list[str]:
        faults = self.faults + self.foreign()
        self.page.close()
        return faults


# -- before a press ---------------------------------------------------------------------------------------------------


def untouched(session: Any, address: str, patches: Any = None) -> list[str]:
    """Before a press nothing of Python is fetched, and every cell says what it can do."""
    watched = Watched(session, address, CHAPTER, patches)
    watched.until("() => document.querySelectorAll('.elbo-bar button').length > 0", "no buttons", 10_000)
    watched.page.wait_for_timeout(300)
    faults = [f"fetched before a press: {url}" for url in watched.python()]
    bars = watched.page.evaluate(
        "() => [...document.querySelectorAll('.elbo-bar')].map(b => [b.dataset.live !== undefined, b.textContent])"
    )
    for live, text in bars:
        if live != ("Run here" in text) or live == ("download the notebook" in text):
            faults.append(f"a bar says {text!r}")
    return faults + watched.done()


@cache
def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def weight(session: Any, address: str, site: Path, name: str = CHAPTER) -> tuple[int, list[str]]:
    """What a first visit fetches, compressed, and what else is wrong with it."""
    watched = Watched(session, address, name)
    watched.page.wait_for_timeout(300)
    files = {re.sub(r"[?#].*", "", url[len(address) + 1 :]) for url in watched.asked if url.startswith(address)}
    return sum(compressed(site / file) for file in files), watched.done()


SHIFTS = """window.shifts = []; new PerformanceObserver(list => {
    for (const entry of list.getEntries()) shifts.push([entry.startTime, entry.value]);
}).observe({type: 'layout-shift', buffered: true});"""


# When the frame has been painted that shows all there is when the page has loaded, mathematics included.
PAINTED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
    done(document.querySelector('article mjx-container use') ? performance.now() : 1e9);
})))"""


def visible(
    session: Any, address: str, name: str = CHAPTER, script: str = "", soon: float = VISIBLE, visits: int = 3
) -> list[str]:
    """On a second visit the mathematics is visible soon, and nothing jumps after that."""
    page = session.new_page()
    page.add_init_script(SHIFTS)
    took = 1e9
    for _ in range(visits):
        page.goto(f"{address}/{name}", wait_until="load")
        settled = page.evaluate(PAINTED)
        took = min(took, settled)
    if script:
        page.evaluate(script)
    page.wait_for_timeout(400)
    moved = page.evaluate("since => shifts.filter(s => s[0] > since).reduce((sum, s) => sum + s[1], 0)", settled)
    page.close()
    faults = [f"mathematics visible after {took:.0f} ms"] if took > soon * allowance() else []
    return faults + ([f"the page jumps by {moved:.3f} of the window afterwards"] if moved > SHIFT else [])


def as_file(session: Any, site: Path, name: str = CHAPTER) -> list[str]:
    """Opened as a file, the live parts say what they need."""
    watched = Watched(session, site.as_uri(), name)
    text = watched.page.inner_text("article")
    faults = [] if "make serve" in text else ["nothing says that the book has to be served"]
    if watched.page.query_selector(".elbo-bar button"):
        faults.append("a button that can do nothing")
    return faults + watched.done()


# -- cells ------------------------------------------------------------------------------------------------------------

SHOWN = """bar => [...bar.closest('.cell').querySelectorAll('.cell_output .output')].map(
    e => [e.className, e.textContent.replace(/\\s+/g, ' ').trim(), e.querySelectorAll('mjx-container').length])"""
WATCH = """() => {
    window.seen = false;
    const article = document.querySelector('article');
    setInterval(() => { seen ||= /fetching Python, [\\d.]+ of/.test(article.textContent); }, 20);
}"""
SAID = "([bar, text]) => new RegExp(`^(${text})$`).test(bar.querySelector('.elbo-status').textContent)"


def cells(session: Any, address: str, patches: Any = None) -> list[str]:
    """A cell runs and gives what the page shows; it is edited, fails, loops, is stopped, and is reset."""
    watched = Watched(session, address, CHAPTER, patches)
    page = watched.page
    page.wait_for_selector(".elbo-bar button")
    bars = page.query_selector_all(".elbo-bar[data-live]")
    with_mathematics = (n for n, bar in enumerate(bars) if n > 1 and any(count for *_, count in bar.evaluate(SHOWN)))
    above = next(with_mathematics)
    bar = bars[above]
    press = lambda name: bar.query_selector(f"button:text-is('{name}')").click()  # noqa: E731
    said = lambda text: watched.until(SAID, f"never says {text!r}", START, [bar, text])  # noqa: E731
    committed = bar.evaluate(SHOWN)
    page.evaluate(WATCH)
    press("Run here")
    if not said(f"run, after the {above} cells above"):
        return watched.done()
    if not page.evaluate("() => seen"):
        watched.faults.append("no progress was shown")
    if (now := bar.evaluate(SHOWN)) != committed:
        watched.faults.append(f"the output differs from the committed one: {now}")

    press("Edit")
    editor = bar.evaluate_handle("bar => bar.closest('.cell').querySelector('textarea')").as_element()

    def enter(text: str) -> None:
        editor.fill(text)
        editor.press("Shift+Enter")

    enter("kept = 41 + 1\nprint('one', kept)")
    said("run")
    enter("1/0")
    said("ended in an error")
    if "ZeroDivisionError" not in str(bar.evaluate(SHOWN)):
        watched.faults.append("the error is not shown")
    enter("while True: pass")
    said("running")
    if page.evaluate("() => 2 + 2") != 4:
        watched.faults.append("the page is frozen")
    press("Stop")
    if said("stopped.* run before were run again"):
        enter("print('still', kept, theta)")
        said("run|ended in an error")
        if "still 42 theta" not in str(bar.evaluate(SHOWN)):
            watched.faults.append(f"after a stop the earlier names are lost: {bar.evaluate(SHOWN)}")
    press("Reset")
    if bar.evaluate(SHOWN) != committed or bar.evaluate("bar => bar.closest('.cell').querySelector('textarea')"):
        watched.faults.append("reset does not bring the committed output back")
    return watched.done()


# -- the prover -------------------------------------------------------------------------------------------------------

CLAIM = "log p(D) = ELBO(q(theta), p(D,theta)) - KL(q(theta) || p(theta|D))"


def prover(session: Any, address: str, patches: Any = None) -> list[str]:
    """A claim is understood while it is typed, then decided, and stands in the address."""
    return typed(Watched(session, address, PROVER, patches))


def typed(watched: Watched) -> list[str]:
    """The prover used from the keyboard alone."""
    page = watched.page
    page.wait_for_selector("#elbo-claim")
    page.focus("#elbo-claim")
    page.keyboard.press("Control+A")
    page.keyboard.type("log p(D) = KL(q(θ) | p(θ))")
    watched.until("() => !document.querySelector('#elbo-fault').hidden", "no error is shown", START)
    lines = page.text_content("#elbo-fault").splitlines()
    if len(lines) < 3 or len(lines[1]) < 1 or lines[0][len(lines[1]) - 1 :][:1] != "|":
        watched.faults.append(f"the caret does not point at the character: {lines}")
    page.keyboard.press("Control+A")
    page.keyboard.type(CLAIM)
    understood = "() => document.querySelector('#elbo-understood mjx-container') !== null"
    if not watched.until(understood, "nothing is understood while typing"):
        return watched.done()
    page.keyboard.press("Enter")
    if watched.until("() => document.querySelector('#elbo-verdict .refuted mjx-container') !== null", "no verdict"):
        if page.query_selector("#elbo-verdict .elbo-table td") is None:
            watched.faults.append("a refutation without its table")
        if "#claim=log%20p(D)%20%3D" not in page.url:
            watched.faults.append(f"the address does not carry the claim: {page.url}")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        if (wide := page.evaluate(browser_checks.WIDER)) > 0:
            watched.faults.append(f"the page is {wide} px wider than the screen ({width} px)")
        watched.faults += [f"cut off ({width} px): {text}" for text in page.evaluate(browser_checks.CUT)]
    page.evaluate("() => { document.querySelector('#elbo-verdict .elbo-verdict')?.classList.add('old') }")
    page.click(".elbo-examples a:has-text('Data processing')")
    decided = "() => document.querySelector('#elbo-verdict .elbo-verdict:not(.old)') !== null"
    if watched.until(decided, "an example is not decided") and not page.query_selector("#elbo-verdict .proved"):
        watched.faults.append("an example is decided wrongly")
    if page.input_value("#elbo-where") != "q(x,y,z) = q(x) q(y|x) q(z|y)":
        watched.faults.append("the example's declaration is not in its field")
    top = page.evaluate("() => document.querySelector('#elbo-verdict').getBoundingClientRect().top / innerHeight")
    if not 0 <= top < 0.8:
        watched.faults.append(f"the example's verdict is off the screen, at {top:.1f} of its height")
    return watched.done()


def linked(session: Any, address: str, patches: Any = None) -> list[str]:
    """A link that carries a claim fills the fields, and fetches nothing before a press."""
    watched = Watched(
        session, address, PROVER + "#claim=H(p(x))%20%3E%3D%200&where=q(x%2Cy)%20%3D%20q(x)%20q(y)", patches
    )
    watched.page.wait_for_selector("#elbo-claim")
    fields = [watched.page.input_value("#elbo-claim"), watched.page.input_value("#elbo-where")]
    faults = [] if fields == ["H(p(x)) >= 0", "q(x,y) = q(x) q(y)"] else [f"the fields hold {fields}"]
    return faults + [f"fetched before a press: {url}" for url in watched.python()] + watched.done()


def empty(session: Any, address: str, patches: Any = None) -> list[str]:
    """Enter without a claim says what is missing, and fetches nothing."""
    watched = Watched(session, address, PROVER, patches)
    watched.page.wait_for_selector("#elbo-claim")
    watched.page.focus("#elbo-claim")
    watched.page.keyboard.press("Enter")
    faults = [f"fetched without a claim: {url}" for url in watched.python()]
    if watched.page.inner_text(".elbo-prover .elbo-status") != "Type a claim first":
        faults.append("nothing says that a claim is missing")
    watched.page.focus(".elbo-prover [type=submit]")
    watched.page.keyboard.press("Enter")
    if not watched.page.evaluate("() => document.activeElement.id === 'elbo-claim'"):
        faults.append("the field does not get the focus")
    return faults + watched.done()


def timed(watched: Watched, clock: Callable[[], float]) -> tuple[float, float]:
    """Seconds from the first press on a fresh page to the first verdict, and for the next one."""
    page = watched.page
    page.wait_for_selector("#elbo-claim")
    took = []
    for claim, verdict in ((CLAIM, "refuted"), (CLAIM.replace("-", "+"), "proved")):
        page.evaluate("text => { document.querySelector('#elbo-claim').value = text }", claim)
        began = clock()
        page.click(".elbo-prover [type=submit]")
        page.wait_for_selector(f"#elbo-verdict .{verdict} mjx-container", timeout=START)
        took.append(clock() - began)
    return took[0], took[1]
