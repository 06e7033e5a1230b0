"""The README's code is run, and prints what the README says."""

from __future__ import annotations

import contextlib
import doctest
import io
import re

from conftest import ROOT

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def faults(text: str) -> list[str]:
    """Run ```python and ```pycon blocks in one session; a ```text block after one is what it prints."""
    names: dict[str, object] = {"__name__": "readme"}
    blocks = FENCED.findall(text)
    found = []
    for n, (kind, body) in enumerate(blocks):
        if kind not in ("python", "pycon"):
            continue
        out = io.StringIO()
        if ">>> " in body:
            flags = doctest.NORMALIZE_WHITESPACE
            example = doctest.DocTestParser().get_doctest(body, names, "README", None, 0)
            runner = doctest.DocTestRunner(optionflags=flags)
            if runner.run(example, out=out.write, clear_globs=False).failed:
                found.append(out.getvalue())
            names.update(example.globs)
            continue
        with contextlib.redirect_stdout(out):
            exec(compile(body, "README.md", "exec"), names)
        if n + 1 < len(blocks) and blocks[n + 1][0] == "text" and out.getvalue() != blocks[n + 1][1]:
            found.append(f"printed\n{out.getvalue()}")
    return found


def test_readme() -> None:
    assert faults((ROOT / "README.md").read_text()) == []


def test_a_planted_fault_is_found() -> None:
    sound = "```python\na = 1\nprint(a)\n```\n\n```text\n1\n```\n\n```pycon\n>>> a + 1\n2\n```\n"
    assert faults(sound) == []
    assert faults(sound.replace("text\n1", "text\n2"))
    assert faults(sound.replace("\n2\n", "\n3\n"))
