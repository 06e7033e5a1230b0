"""Which cells the browser can run, and how it runs them: the parts that need no browser to be tested."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import browser_python
import live_cells
from conftest import ROOT
from elboproof import workbench
from elboproof.examples import EXAMPLES
from elboproof.live import TOO_LONG, Page, decided, pretty, understood

BENCH = "from elboproof.workbench import *"


@pytest.mark.parametrize(
    ("cells", "needs"),
    [
        ([BENCH, "prove(Eq(p(x), p(x)))", "np.log(2)"], [[], [], ["np"]]),
        ([BENCH, "on = bind(p=1)", "evaluate(x, on)", "on = 2", "on"], [[], ["bind"], ["on"], [], []]),
        (["import numpy as np", "np"], [["np"], ["np"]]),
        (["from scipy import special", "1"], [["special"], []]),
        (["import sympy, json\nfrom collections import Counter", "Counter(sympy.primes)"], [[], []]),
        (["from elboproof.numeric import witness\nfrom elboproof import prove", "prove"], [["witness"], ["prove"]]),
        (["from elboproof import ledger", "from elboproof import audit"], [[], ["audit"]]),
        ([BENCH, "def f():\n    return np.pi", "f()"], [[], ["np"], ["f"]]),
        ([BENCH, "for term in np.ones(3): pass", "for term in range(3): term"], [[], ["np"], []]),
        ([BENCH, "w = np.pi", "[w for w in range(3)]", "w"], [[], ["np"], [], ["w"]]),
        ([BENCH, "w = np.pi", "def g(w):\n    return w\ng(1)"], [[], ["np"], []]),
        ([BENCH, "w = np.pi", "(lambda w: w)(1)", "w += 1"], [[], ["np"], [], ["w"]]),
        ([BENCH, "np = 3", "np"], [[], [], []]),
        ([BENCH + "\nfrom elboproof.counts import Gene", "p"], [["Gene"], []]),
        ([BENCH, "with figure('a') as ax:\n    ax.plot()", "ax"], [[], ["figure"], ["ax"]]),
    ],
)
def test_needs(cells: list[str], needs: list[list[str]]) -> None:
    assert live_cells.needing(cells) == needs


def test_numeric_names_are_those_of_the_workbench() -> None:
    assert live_cells.numeric_names() == set(workbench.NUMERIC) <= set(workbench.__all__)
    modules = {name: str(getattr(getattr(workbench, name), "__module__", "")) for name in workbench.__all__}
    numeric = {name for name, module in modules.items() if module.startswith("elboproof") and live_cells.absent(module)}
    assert numeric | {"np"} == set(workbench.NUMERIC)


WITHOUT = f"""
import sys
for name in ("numpy", "scipy", "matplotlib", "flint", "IPython"):
    sys.modules[name] = None
import importlib.util as util
known = util.find_spec
util.find_spec = lambda name, *rest: None if name == "numpy" else known(name, *rest)
{BENCH}
import elboproof.live
small = table(p="D theta: 1/8 1/2 1/8 1/4", D=0)
print(evaluate(p(D), small))
for use in (lambda: np.log(2), lambda: Beta(1, 1), lambda: witness()):
    try:
        use()
    except ModuleNotFoundError as error:
        print(error)
"""


def test_the_workbench_without_numpy() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    refused = [f"{name} needs NumPy, which is not installed here" for name in ("np", "Beta", "witness")]
    assert done.stdout.splitlines() == ["5/8", *refused]


def run(page: Page, source: str) -> list[dict]:
    return json.loads(page.run(source))


def test_a_page_runs_cells() -> None:
    page = Page()
    assert run(page, "a = 20\nprint('two')\na + 1") == [
        {"output_type": "stream", "name": "stdout", "text": "two\n"},
        {"output_type": "execute_result", "data": {"text/plain": "21"}},
    ]
    assert run(page, "a;") == run(page, "None") == run(page, "") == []
    assert [o["output_type"] for o in run(page, "print(1)\ndisplay(2)\nprint(3)\n_")] == [
        *("stream", "display_data", "stream", "execute_result")
    ]
    assert run(Page(), "a")[0]["ename"] == "NameError"


def test_an_error_shows_the_cells_and_nothing_else() -> None:
    page = Page()
    run(page, "def broken():\n    return 1 / 0")
    (found,) = run(page, "broken()")
    lines = found["traceback"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "this cell, line 1" in lines[1]
    assert any("an earlier cell, line 2, in broken" in line for line in lines)
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "live.py" not in found["traceback"]
    for source, name in (
        ("x +", "SyntaxError"),
        ("raise SystemExit", "SystemExit"),
        ("print('x' * 10**6)", "RuntimeError"),
    ):
        assert run(page, source)[-1]["ename"] == name
    assert TOO_LONG < 10**6


@pytest.mark.parametrize(
    "value",
    [[], (1,), [1, 2], {"a": [1]}, list(range(60)), dict.fromkeys(range(5), "x" * 30), ("y" * 90,), {3, 1, 2},
     {"b", "a"}, set(range(50)), [["z" * 30] * 4] * 2, {"k": ["z" * 30] * 4}, "text", 1.5],
)  # fmt: skip
def test_pretty_is_as_in_jupyter(value: object) -> None:
    from IPython.lib.pretty import pretty as theirs

    assert pretty(value) == theirs(value)


def test_the_prover_reads_and_decides() -> None:
    read = json.loads(understood("H(p(x)) >= 0", []))
    assert read == {"latex": r"\mathrm{H}\left(p(x)\right) \ge 0"}
    found = json.loads(decided("H(p(x)) >= 0", []))
    assert found["verdict"] == "refuted"
    assert "<table" in found["html"]
    wrong = json.loads(understood("KL(q(x) | p(x)) >= 0", []))
    assert (wrong["start"], wrong["where"]) == (8, None)
    assert json.loads(decided("H(p(x)) >= 0", ["p(x) = ", "q(x)"]))["where"] == 0


def test_what_the_browser_gets() -> None:
    names = [name for name, _ in browser_python.library()]
    assert {"elboproof/live.py", "elboproof/parse.py", "elboproof/workbench.py"} <= set(names)
    listed = {name for package in browser_python.PACKAGES for name, _ in browser_python.sources(package)}
    assert {"sympy/__init__.py", "mpmath/libmp/libelefun.py", "lark/lark.py"} <= listed
    assert not [name for name in listed if "/tests/" in name]


def test_archives_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        browser_python.archive(tmp_path / name, [("x.py", b"x = 1")])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_cell_can_be_judged() -> None:
    for path in (ROOT / "book").glob("*.ipynb"):
        cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        assert len(live_cells.needing(cells)) == len(cells)
        assert all(ast.parse(source) for source in cells)


def test_addresses_carry_the_claim() -> None:
    from urllib.parse import parse_qs

    for example in EXAMPLES:
        found = parse_qs(example.address[1:])
        assert found["claim"] == [example.claim]
        assert found.get("where", []) == list(example.where)
