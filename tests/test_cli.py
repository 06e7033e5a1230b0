"""The command line, the notebook magic, and a short fuzz."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from elboproof.__main__ import main
from elboproof.guide import GUIDE, LANGUAGE
from fuzz import run

TRUE = "log p(D) = ELBO(q(theta), p(D,theta)) + KL(q(theta) || p(theta|D))"
FALSE = "log p(D) = ELBO(q(theta), p(D,theta)) - KL(q(theta) || p(theta|D))"
OPEN = "(log(f(x)^2 + 1)) log(f(x)^2 + 2) >= 0"
KEYS = {"verdict", "claim", "steps", "conditions", "counterexample", "reason"}


def command(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "elboproof", *arguments], capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    ("claim", "code", "word"), [(TRUE, 0, "Proved"), (FALSE, 1, "Refuted"), (OPEN, 2, "Undecided")]
)
def test_verdicts(claim, code, word, capsys) -> None:
    assert main(["prove", claim]) == code
    assert capsys.readouterr().out.startswith(f"{word}: ")
    assert main(["prove", claim, "--json"]) == code
    made = json.loads(capsys.readouterr().out)
    assert set(made) == KEYS
    assert made["verdict"] == word.lower()


def test_not_readable(capsys) -> None:
    assert main(["prove", "log p(x) q(x) = 0", "--json"]) == 3
    out, err = capsys.readouterr()
    made = json.loads(out)
    assert (made["verdict"], made["position"]) == (None, 9)
    assert err.splitlines()[1:] == ["  log p(x) q(x) = 0", "           ^"]


def test_where(capsys) -> None:
    claim = "I_q(x; z | y) = 0"
    assert main(["prove", claim]) == 1
    assert main(["prove", claim, "--where", "q(x,y,z) = q(x) q(y|x) q(z|y)"]) == 0
    assert main(["prove", claim, "--where", "q(x,y,z) = q(x) q(y|x)"]) == 3
    assert "none with z" in capsys.readouterr().err


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    path = tmp_path / "claims.txt"
    lines = ["# some claims", TRUE, "", FALSE, "I_q(x; z) = 0 ; where q(x,z) = q(x) q(z)", "log = "]
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    return path


def test_file(claims, capsys) -> None:
    assert main(["prove", "--file", str(claims)]) == 3
    out = capsys.readouterr().out
    for number, word in ((2, "Proved"), (4, "Refuted"), (5, "Proved"), (6, "Not readable")):
        assert f"{claims}:{number}: {word}: " in out
    assert out.endswith("4 claims: 2 proved, 1 refuted, 1 unreadable\n")


def test_file_as_json(claims, capsys) -> None:
    assert main(["prove", "--file", str(claims), "--json"]) == 3
    made = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["verdict"] for one in made] == ["proved", "refuted", "proved", None]


def test_file_worst_code(tmp_path, capsys) -> None:
    path = tmp_path / "claims"
    for lines, code in (([TRUE], 0), ([FALSE, TRUE], 1), ([OPEN, FALSE], 2), ([], 0)):
        path.write_text("\n".join(lines))
        assert main(["prove", "--file", str(path)]) == code
    assert main(["prove", "--file", str(tmp_path / "absent")]) == 3


@pytest.mark.parametrize(
    "arguments", [["prove"], [], ["prove", "x = x", "--file", "a"], ["prove", "--file", "a", "--where", "b"]]
)
def test_usage(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 3


def test_a_claim_may_begin_with_a_minus(capsys) -> None:
    assert main(["prove", "-KL(q(x)||p(x))<=0"]) == 0


def test_help_shows_the_text_form() -> None:
    shown = command("prove", "--help").stdout
    for words in ("E_{p(x) q(z|x)}[...]", "I_q(x; z | y)", "f, g, h", "--file", "JSON", "%%prove", "exit status"):
        assert words in shown
    assert max(map(len, shown.splitlines())) <= 120
    assert LANGUAGE in GUIDE
    assert max(map(len, LANGUAGE.splitlines())) <= 78  # a page shows this part, as it stands
    assert not re.search(r"--|%|JSON", LANGUAGE)


@pytest.mark.parametrize("claim", [TRUE, "H(p(x)) >= E_{p(x)}[f(x)]", "log = 0"])
def test_help_names_every_key_of_the_json(claim, capsys) -> None:
    main(["prove", claim, "--json"])
    made = json.loads(capsys.readouterr().out)
    guide = GUIDE[GUIDE.index("JSON, with --json") : GUIDE.index("in a notebook")]
    for key in {*made, *(made["counterexample"] or {})}:
        assert re.search(rf"\b{key}\b", guide), key


def test_help_lists_each_command_once() -> None:
    shown = command("--help").stdout
    assert [line.split()[0] for line in shown.splitlines() if line.startswith("    ")] == ["prove"]


def test_as_a_process() -> None:
    done = command(
        "prove", "--file", "-", input=f"{TRUE}\nlog π = 1\n", env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 3
    assert "\\u03c0" in done.stdout
    assert done.stderr == ""  # no progress bar where standard error is no terminal


def test_progress_on_a_terminal(claims) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "elboproof", "prove", "--file", str(claims), "--json"],
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    assert b"] 1/4" in os.read(ours, 10_000)
    assert b"\r" not in done.stdout
    os.close(ours)


def test_the_symbolic_side_needs_no_numpy() -> None:
    code = "import sys, elboproof.__main__ as m; m.main(['prove', 'x = x']); "
    code += "print('numpy' in sys.modules, 'IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False False\n")


def test_magic() -> None:
    from elboproof.magic import verdicts

    found = verdicts("q(x,z) = q(x) q(z)", "# a comment\nI_q(x; z) = 0\n\nH(q(x)) >= 0\nlog\n")
    assert [(n, type(one).__name__) for n, one in found] == [(3, "Proved"), (5, "Refuted"), (6, "Unreadable")]


@pytest.fixture(scope="module")
def shell() -> Any:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    shell = testing.start_ipython() or testing.get_ipython()
    shell.run_line_magic("load_ext", "elboproof.magic")
    return shell


def test_magic_in_ipython(shell, capsys) -> None:
    verdict = shell.run_cell_magic("prove", "", TRUE)
    assert type(verdict).__name__ == "Proved"
    assert type(shell.run_line_magic("prove", FALSE)).__name__ == "Refuted"
    for source in ("%prove log", "%prove", "%%prove\nlog", "%%prove\n# nothing\n"):
        capsys.readouterr()
        assert not shell.run_cell(source).success
        assert capsys.readouterr().err.startswith("UsageError: expected ")


def test_the_magic_shows_each_verdict_and_each_line_it_cannot_read(shell, capsys) -> None:
    done = shell.run_cell(f"%%prove\nH(p(x)) >= 0\n# a comment\nlog = \n{TRUE}\n")
    out, err = capsys.readouterr()
    places = [out.find(words) for words in ("Refuted: H(p(x)) >= 0", "line 4: Not readable: expected ", "Proved: ")]
    assert -1 not in places
    assert places == sorted(places)
    assert "\n  log =\n" in out
    assert not done.success
    assert err == "UsageError: expected a claim on each line, found none on line 4\n"


@pytest.mark.parametrize("seed", range(4))
def test_fuzz(seed: int, monkeypatch) -> None:
    """Four times 500 lines end in a verdict or a clear error, never a traceback.

    The search for counterexamples is cut short here; `make fuzz` tries 100,000 lines with all of it, each within a
    second.
    """
    monkeypatch.setattr(sys.modules["elboproof.refute"], "MOST_WORK", 600)
    counts, faults, _ = run(500, seed, seconds=10)  # a hang fails here; slowness is measured by make fuzz
    assert faults == []
    assert counts.total() == 500
    assert {"proved", "refuted", "undecided", "unreadable"} <= counts.keys()
