"""The holes of nbval, closed; every check is shown to find a planted fault. (nbval itself: make test.)"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

import chapters as tool
import notebook_checks as checks
from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_notebook(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [fault for check in checks.CHECKS.values() for fault in check(notebook)] == []
    assert checks.out_of_date(path, ROOT / "chapters") == []
    assert path.read_text() == tool.render(notebook), "not written by make chapters"


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p.stem in checks.CONTRACT], ids=lambda p: p.stem)
def test_contract(path: Path) -> None:
    assert checks.contract(nbformat.read(path, as_version=4)) == []


def test_every_chapter_has_its_notebook() -> None:
    assert NAMES
    assert sorted(path.stem for path in (ROOT / "chapters").glob("*.md")) == NAMES


def test_nothing_is_sanitized() -> None:
    names = ["Makefile", "pyproject.toml", ".ci/run", *(ROOT / ".github" / "workflows").glob("*")]
    assert checks.sanitized({str(name): (ROOT / name).read_text() for name in names}) == []
    assert checks.sanitized({"Makefile": "pytest --nbval --nbval-sanitize-with x.cfg"})
    assert checks.sanitized({"Makefile": "pytest --nbval-lax"})
    assert "--nbval " in (ROOT / "Makefile").read_text()


# A sound notebook, and what each fault changes in it

TEXT = tool.HEADER + "# A title\n\n```{code-cell} ipython3\nprint(1 + 1)\n```\n\n```{code-cell} ipython3\n1 / 3\n```\n"


def sound() -> Any:
    notebook = tool.parse(TEXT)
    one, two = checks.code(notebook)
    one.execution_count, two.execution_count = 1, 2
    one.outputs = [new_output("stream", name="stdout", text="2\n")]
    two.outputs = [new_output("execute_result", {"text/plain": "0.333"}, execution_count=2)]
    return notebook


def cell(notebook: Any) -> Any:
    return checks.code(notebook)[0]


def shows(kind: str, value: str) -> Callable[[Any], Any]:
    return lambda notebook: cell(notebook).outputs.append(new_output("display_data", {kind: value}))


FAULTS: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("run", "no count", lambda n: cell(n).update(execution_count=None)),
    ("run", "wrong order", lambda n: cell(n).update(execution_count=3)),
    ("run", "twice", lambda n: cell(n).update(execution_count=2)),
    ("empty", "empty code", lambda n: n.cells.append(new_code_cell("", execution_count=3))),
    ("stderr", "stderr", lambda n: cell(n).outputs.append(new_output("stream", name="stderr", text="!"))),
    (
        "errors",
        "error",
        lambda n: cell(n).outputs.append(new_output("error", ename="E", evalue="", traceback=[])),
    ),
    ("compared", "png", shows("image/png", "iVBORw0KGgo=")),
    ("compared", "jpeg", shows("image/jpeg", "/9j/4AAQ")),
    ("compared", "png in html", shows("text/html", '<img src="data:image/png;base64,iVBOR">')),
    ("compared", "widget", shows("application/vnd.jupyter.widget-view+json", "{}")),
    ("exempt", "tag ignore", lambda n: cell(n).metadata.update(tags=["nbval-ignore-output"])),
    ("exempt", "tag skip", lambda n: cell(n).metadata.update(tags=["nbval-skip"])),
    ("exempt", "tag raises", lambda n: cell(n).metadata.update(tags=["raises-exception"])),
    ("exempt", "comment", lambda n: cell(n).update(source="# NBVAL_IGNORE_OUTPUT\nprint(1)")),
    ("exempt", "comment skip", lambda n: cell(n).update(source="#NBVAL_SKIP\nprint(1)")),
    ("exempt", "old comment", lambda n: cell(n).update(source="# PYTEST_VALIDATE_IGNORE_OUTPUT\n1")),
    ("exempt", "removed", lambda n: cell(n).metadata.update(tags=["remove-output"])),
    ("machine", "address", shows("text/plain", "<object object at 0x7f1b00bdbe50>")),
    ("metadata", "version", lambda n: n.metadata.language_info.update(version="3.11.7")),
    ("metadata", "kernel", lambda n: n.metadata.kernelspec.update(name="mine")),
    ("metadata", "times", lambda n: cell(n).metadata.update(execution={"iopub.status.busy": "2020"})),
]


def test_the_sound_notebook_is_sound(tmp_path: Path) -> None:
    assert [fault for check in checks.CHECKS.values() for fault in check(sound())] == []
    (tmp_path / "x.md").write_text(TEXT)
    (tmp_path / "x.ipynb").write_text(tool.render(sound()))
    assert checks.out_of_date(tmp_path / "x.ipynb", tmp_path) == []


@pytest.mark.parametrize(("check", "plant"), [(a, c) for a, _, c in FAULTS], ids=[b for _, b, _ in FAULTS])
def test_a_planted_fault_is_found(check: str, plant: Callable[[Any], Any]) -> None:
    notebook = sound()
    plant(notebook)
    assert checks.CHECKS[check](notebook)


def test_an_outdated_notebook_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(tool.render(sound()))
    assert checks.out_of_date(path, tmp_path)  # no chapter
    (tmp_path / "x.md").write_text(TEXT.replace("1 / 3", "2 / 3"))
    assert checks.out_of_date(path, tmp_path)
    (tmp_path / "x.md").write_text(TEXT.replace("A title", "Another"))
    assert checks.out_of_date(path, tmp_path)


def test_the_contract_is_held() -> None:
    def held(*cells: Any) -> bool:
        return checks.contract(NotebookNode(cells=list(cells))) == []

    prose, short, long = (
        new_markdown_cell("words"),
        new_code_cell("a = 1"),
        new_code_cell("\n".join("abcdefg")),
    )
    assert held(*[prose, short] * 8)
    assert not held(*[short] * 20)
    assert not held(prose, short)
    assert not held(*[prose, long] * 8)
    assert not held(*[prose, short] * 21)
    assert held(*[prose, short] * 20, new_markdown_cell("## Exercises\n\n**1.** ..."), short, prose, short)
    assert not held(*[prose, short] * 7, new_markdown_cell("## Exercises\n\n**1.** ..."), short, prose, short)
    assert not held(*[prose] * 20)


# From text to notebook and back


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.md")), ids=lambda p: p.stem)
def test_text_survives_the_way_there_and_back(path: Path) -> None:
    there = tool.parse(path.read_text())
    back = tool.to_text(there)
    assert tool.sources(tool.parse(back)) == tool.sources(there)
    assert back.rstrip() == path.read_text().rstrip(), "not as make carry writes it"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tool, "libraries", lambda: "the same")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "x.md").write_text(TEXT)
    return tmp_path


def edit(project: Path, old: str, new: str) -> None:
    path = project / "book" / "x.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for one in notebook.cells:
        one.source = one.source.replace(old, new)
    path.write_text(tool.render(notebook))


def test_chapters_run_once_and_give_the_same_bytes(project: Path, capsys) -> None:
    run = lambda **options: tool.run([], **{"force": False, "jobs": 1, "root": project} | options)  # noqa: E731
    assert run() == 0
    made = (project / "book" / "x.ipynb").read_bytes()
    assert b"0.333" in made
    assert run() == 0
    assert "up to date" in capsys.readouterr().out
    shutil.rmtree(project / "_build")  # a clean clone
    assert run() == 0
    assert (project / "book" / "x.ipynb").read_bytes() == made

    edit(project, "1 / 3", "1 / 4")  # an edit in Jupyter is not lost
    assert run() == 1
    assert "make carry" in capsys.readouterr().err
    assert tool.carry("book/x.ipynb", project) == 0
    assert "1 / 4" in (project / "chapters" / "x.md").read_text()
    assert run() == 0
    assert b"0.25" in (project / "book" / "x.ipynb").read_bytes()
    assert tool.carry("x", project) == 0
    assert tool.carry("absent", project) == 1


def save(path: Path) -> None:
    """What JupyterLab writes beyond what was typed: the kernel's description, marks on cells, a last empty cell."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec.display_name = "Python 3 (ipykernel)"
    notebook.metadata.language_info = NotebookNode(
        codemirror_mode={"name": "ipython", "version": 3},
        file_extension=".py",
        mimetype="text/x-python",
        name="python",
        nbconvert_exporter="python",
        pygments_lexer="ipython3",
        version="3.13.0",
    )
    for one in notebook.cells:
        one.metadata.update(editable=True, slideshow={"slide_type": ""}, trusted=True)
    checks.code(notebook)[0].metadata.update(collapsed=False, jupyter={"outputs_hidden": False}, execution={"x": "t"})
    notebook.cells.append(new_code_cell(""))
    nbformat.write(notebook, path)


@pytest.mark.parametrize("saved", [False, True])
def test_an_edit_of_a_word_changes_a_line(project: Path, saved: bool, capsys) -> None:
    chapter, path = project / "chapters" / "x.md", project / "book" / "x.ipynb"
    path.parent.mkdir()
    path.write_text(tool.render(sound()))
    if saved:
        save(path)
        assert tool.carry("x", project) == 0  # nothing was typed yet
        assert "says the same" in capsys.readouterr().out
        tool.guard(chapter, path)
    edit(project, "title", "heading")
    assert tool.carry("x", project) == 0
    assert chapter.read_text() == TEXT.replace("title", "heading")
    tool.guard(chapter, path)


def test_carrying_never_undoes_an_edit_of_the_chapter(project: Path, capsys) -> None:
    chapter, path = project / "chapters" / "x.md", project / "book" / "x.ipynb"
    path.parent.mkdir()
    path.write_text(tool.render(sound()))
    edit(project, "title", "heading")
    assert tool.carry("x", project) == 0
    edit(project, "heading", "headline")  # again, without make chapters between
    assert tool.carry("x", project) == 0
    chapter.write_text(chapter.read_text().replace("1 / 3", "1 / 7"))
    edit(project, "headline", "title")
    capsys.readouterr()
    assert tool.carry("x", project) == 1
    assert "x.md was edited after x.ipynb was made from it" in capsys.readouterr().err
    assert "1 / 7" in chapter.read_text()
    assert tool.carry("x", project, force=True) == 0
    assert chapter.read_text() == TEXT


def test_a_failing_chapter_leaves_its_notebook(project: Path, capsys) -> None:
    (project / "chapters" / "x.md").write_text(TEXT.replace("1 / 3", "1 / 0"))
    assert tool.run(["x"], force=False, jobs=1, root=project) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert not (project / "book" / "x.ipynb").exists()
    assert json.loads((project / "_build" / "chapters.json").read_text()) == {}
