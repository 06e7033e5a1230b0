"""The benchmarks' harness on functions of known cost, and how the book reads what it wrote."""

import json
import sys
from pathlib import Path

import pytest

from elboproof.errors import IllFormed
from elboproof.measured import Results, Shown, seconds, times

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def timing(monkeypatch):
    """The harness, on a clock that the cases themselves turn; the environment it pins is put back."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr("os.sched_setaffinity", lambda *_: None, raising=False)
    import timing

    monkeypatch.setattr(timing, "clock", Clock())
    yield timing
    sys.modules.pop("timing")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def costs(self, size, value=1.0):
        def call():
            self.now += size
            return value

        return call


def test_tables_hold_medians_and_ratios(timing):
    clock = timing.clock
    cases = [
        timing.Case("elboproof", "ours", clock.costs(2e-3)),
        timing.Case("slow", "plain", clock.costs(3e-3)),
        timing.Case("bare", "limit", clock.costs(1e-3, 7.0), checked=False),
    ]
    marks = [timing.Mark("fast", "elboproof", "slow", 0.7), timing.Mark("no peer", "elboproof", "absent", 1.0)]
    marks.append(timing.Mark("bare", "elboproof", "bare", 1.9))
    found = timing.Table("k", "title", 1.0, 0.1, cases, marks, budget=0.1).run()
    assert [row["seconds"] for row in found["rows"]] == [2e-3, 3e-3, 1e-3]
    assert [row["over ours"] for row in found["rows"]] == [1.0, 1.5, 0.5]
    assert [(mark["found"], mark["met"]) for mark in found["marks"]] == [(0.667, True), (None, None), (2.0, False)]
    wrong = timing.Table("k", "title", 1.0, 0.1, [timing.Case("wrong", "plain", clock.costs(1.0, 1.2))])
    with pytest.raises(ValueError, match=r"k, wrong: expected 1.0 within 0.1, found \[1.2, 1.2, 1.2\]"):
        wrong.run()


def test_results_as_tables(timing, tmp_path):
    clock = timing.clock
    growth = timing.Sizes("squares", lambda n: clock.costs(1e-9 * n**2), [100, 1000, 10_000], "2", 1.9, 2.1).run()
    cases = [timing.Case("elboproof", "ours", clock.costs(2e-3)), timing.Case("JAX, jit", "plain", clock.costs(8e-3))]
    cases.append(timing.Case("JAX, jit, our products", "algebra", clock.costs(4e-3), note="<bare>"))
    table = timing.Table("k", "title", 1.0, 0.1, cases, [timing.Mark("m", "elboproof", "JAX, jit", 0.247)]).run()
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"machine": {"Python": "3"}, "tables": [table], "growth": [growth]}))
    results = Results(path)
    assert results.machine().rows == (("Python", "3"),)
    assert results.table("k").caption == f"title. Medians of {table['rounds']} rounds."
    assert results.table("k").rows[1] == ("JAX, jit", "as its users write it", "8\u00a0ms", "4")
    assert "<td>given our algebra; &lt;bare&gt;</td>" in results.table("k")._repr_html_()
    assert results.gains().rows == (("title", "JAX", "2", "2", "4"),)
    assert results.marks().rows == (("title", "missed", "m", "0.25 of\u00a00.247"),)
    assert results.growth().rows[0][2:] == ("2.00", "2", "as expected")
    assert repr(results.machine()) == "Python  3"
    with pytest.raises(IllFormed, match="expected one of k, found 'j'"):
        results.table("j")
    with pytest.raises(IllFormed, match="expected the results of make bench, found no file"):
        Results(tmp_path / "none.json")


def test_rows_of_one_name_share_it():
    shown = Shown(("", "n"), (("a", "x"), ("a", "2"), ("b", "3")))
    body = '<tr><th rowspan="2">a</th><td>x</td></tr><tr><td>2</td></tr><tr><th>b</th><td>3</td></tr>'
    assert f"<tbody>{body}</tbody>" in shown._repr_html_()


def test_numbers_end_under_each_other():
    html = Shown(("", "time", "note"), (("a", "1.5\u00a0ms", "1"), ("b", "20\u00a0ms", "two")))._repr_html_()
    assert '<th style="text-align:right">time</th><th>note</th>' in html
    assert '<td style="text-align:right">20\u00a0ms</td><td>two</td>' in html
    assert "style" not in Shown(("", ""), (("cores", "2"),))._repr_html_()


def test_times_in_words():
    shown = [seconds(x) for x in (2.0, 0.99999, 0.2334, 1.5e-3, 2.2e-5)]
    assert shown == [text.replace(" ", "\u00a0") for text in ("2 s", "1 s", "233 ms", "1.5 ms", "22 µs")]
    assert [times(x) for x in (0.1234, 1.0, 12.34, 1234.0)] == ["0.12", "1", "12", "1200"]


def test_committed_results_are_complete():
    """What the page shows was measured with every peer, on answers that were checked."""
    results = Results(ROOT / "benchmarks" / "results.json")
    assert {"torch", "jax", "numpyro", "mpmath", "numpy", "processor"} <= set(results.all["machine"])
    for table in results.all["tables"]:
        assert sum(row["kind"] == "ours" for row in table["rows"]) == 1, table["key"]
        assert all(mark["found"] is not None for mark in table["marks"]), table["key"]
        assert table["rounds"] >= 5
    assert len(results.gains().rows) >= 5


def test_the_autoencoders_rows_in_the_form_of_the_others(timing):
    import run

    def row(who, ms, ratio, activation="tanh"):
        return {"activation": activation, "who": who, "ms": ms, "our time / theirs": ratio, "ELBO": -25.31}

    rows = [row("elboproof", 200, 1.0), row("torch", 1000, 0.2), row("JAX jit", 160, 1.25)]
    tables = run.vae({"title": "VAE", "rows": [*rows, row("elboproof", 100, 1.0, "relu")]}, 7)
    assert [(t["key"], t["title"], t["rounds"]) for t in tables] == [
        ("vae-tanh", "VAE, tanh", 7),
        ("vae-relu", "VAE, relu", 7),
    ]
    assert [(r["kind"], r["seconds"], r["over ours"], r["note"]) for r in tables[0]["rows"]] == [
        ("ours", 0.2, 1.0, "ELBO -25.3"),
        ("plain", 1.0, 5.0, "ELBO -25.3"),
        ("plain", 0.16, 0.8, "ELBO -25.3"),
    ]
    assert [(m["found"], m["met"]) for m in tables[0]["marks"]] == [(0.2, True), (1.25, False)]
    assert [m["met"] for m in tables[1]["marks"]] == [None, None]
    sys.modules.pop("run")
