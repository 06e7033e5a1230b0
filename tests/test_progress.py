"""A bar for a person, and nothing for what records, compares or pipes."""

from __future__ import annotations

import io
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook, new_output

from elboproof import progress as module
from elboproof.progress import bar, progress

LOOP = """\
from elboproof import progress as module
module._PATIENCE = module._PAUSE = 0.0
print("before", sum(module.progress(range(20), "training")))"""


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    monkeypatch.setattr(module, "_PAUSE", 0.0)


def test_items_pass_through() -> None:
    assert list(progress(range(5))) == [0, 1, 2, 3, 4]
    assert list(progress(iter("abc"), total=3)) == ["a", "b", "c"]


@pytest.mark.usefixtures("at_once")
def test_a_terminal_sees_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    assert sum(progress(range(4), "training")) == 6
    lines = screen.getvalue().split("\r")
    assert "training [#######.......................] 1/4" in lines[1]
    assert "4/4, 0 s left" in lines[4]
    assert lines[-1] == "\x1b[K"  # the last thing written empties the line

    def broken() -> Any:
        for i in progress(range(4)):
            if i == 2:
                raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert screen.getvalue().endswith("\r\x1b[K")


def test_short_work_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    list(progress(range(1000)))
    assert screen.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    list(progress(range(20)))
    assert pipe.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    assert list(progress(range(2))) == [0, 1]


def test_the_line() -> None:
    assert bar(3, None, "steps", 2.0) == "steps 3, 2 s"
    assert bar(1, 4, "", 1.0) == "[#######.......................] 1/4, 3 s left"
    assert bar(9, 4, "", 1.0).startswith("[##############################] 9/4")


# In Jupyter: one cell, run as what records and compares does, and as a front end where a person sits.


class Client(NotebookClient):
    """nbclient, which tells the kernel that nobody can be asked for input, or, as JupyterLab does, that someone can."""

    shown: list[Any]

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] in ("display_data", "update_display_data"):
            self.shown.append(msg["content"]["data"])
        return super().process_message(msg, cell, cell_index)


@pytest.fixture(scope="module")
def ran() -> Any:
    client = Client(new_notebook(cells=[new_code_cell(LOOP), new_code_cell(LOOP)]), timeout=60, kernel_name="python3")
    client.shown = []
    with client.setup_kernel():
        for i, cell in enumerate(client.nb.cells):
            client.kc.allow_stdin = i == 1
            client.execute_cell(cell, i)
    return client


def test_what_is_recorded_holds_only_the_output(ran: Any) -> None:
    outputs = ran.nb.cells[0].outputs
    assert [(o.output_type, o.get("name"), o.get("text")) for o in outputs] == [("stream", "stdout", "before 190\n")]


def test_a_person_sees_the_bar_and_keeps_nothing(ran: Any) -> None:
    lines = [data.get("text/plain", "") for data in ran.shown]
    assert "1/20" in lines[0]
    assert any("20/20" in line for line in lines)
    kept = [o for o in ran.nb.cells[1].outputs if o.output_type == "display_data"]
    assert [dict(o.data) for o in kept] == [{}]


def test_nbval_compares_what_a_person_saved(ran: Any, tmp_path: Any) -> None:
    saved = nbformat.from_dict(ran.nb)
    saved.cells[0].outputs.append(new_output("display_data", {"text/plain": "training [####"}))  # a bar that was kept
    nbformat.write(saved, tmp_path / "saved.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "Cell 0" in done.stdout


def test_an_unattended_kernel_is_known_by_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, shown in ((True, True), (False, False)):
        kernel = SimpleNamespace(_allow_stdin=asked)
        monkeypatch.setattr(module, "_kernel", lambda kernel=kernel: kernel)
        assert (module._audience() is not None) is shown
