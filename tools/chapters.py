"""Chapters as text and as notebooks: chapters/x.md -> executed book/x.ipynb, and edits in the notebook back.

The same text, library and packages give the same bytes: cell ids come from the cells' sources, nothing
carries a time, and metadata say no more than the kernel's name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HEADER = "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n"
LEXER = "ipython3"  # what a chapter's fences name
WRITTEN = ("tags", "mystnb")  # what of a cell's metadata people write; the rest is Jupyter's
TIMEOUT = 120


class Edited(Exception):
    """The notebook holds edits that its chapter does not."""


def sha(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


def written(cell: NotebookNode) -> dict[str, object]:
    return {key: value for key, value in cell.metadata.items() if key in WRITTEN}


def sources(notebook: NotebookNode) -> list[tuple[str, str, str]]:
    """What a person wrote: of each cell its kind, text and tags. Jupyter leaves an empty cell behind the last."""
    return [
        (cell.cell_type, cell.source.strip("\n"), json.dumps(written(cell), sort_keys=True))
        for cell in notebook.cells
        if cell.source.strip()
    ]


def fingerprint(notebook: NotebookNode) -> str:
    return sha(json.dumps(sources(notebook)).encode())[:16]


def parse(text: str) -> NotebookNode:
    """A chapter's text as a notebook, not yet run, with ids that depend on the cells' text alone."""
    notebook = jupytext.reads(text, fmt="md:myst")
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.source = cell.source.strip("\n")
        stem = sha(cell.cell_type.encode(), cell.source.encode())[:8]
        seen[stem] = seen.get(stem, 0) + 1
        cell.id = stem if seen[stem] == 1 else f"{stem}-{seen[stem]}"
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(KERNEL),
        language_info=NotebookNode(name="python"),
        elboproof=NotebookNode(source=fingerprint(notebook)),
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """A notebook as a chapter's text, without outputs."""
    bare = nbformat.from_dict(notebook)
    bare.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), jupytext=NotebookNode())
    bare.metadata.jupytext.update(notebook_metadata_filter="-all", default_lexer=LEXER)
    bare.cells = [cell for cell in bare.cells if cell.source.strip()]
    for cell in bare.cells:
        cell.metadata = NotebookNode(written(cell))
    body = jupytext.writes(bare, fmt="md:myst")
    body = re.sub(r"\A---\n.*?\n---\n+", "", body, flags=re.DOTALL)
    return HEADER + body.lstrip("\n")


def merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs with neighbouring pieces of one stream joined: how a kernel cuts them is chance."""
    whole: list[NotebookNode] = []
    for output in outputs:
        last = whole[-1] if whole else None
        if output.output_type == "stream" and last is not None and last.get("name") == output.name:
            last.text += output.text
        else:
            output.pop("transient", None)
            whole.append(output)
    return whole


def execute(chapter: Path, target: Path) -> float:
    """Run a chapter where Jupyter would run it, and write its notebook; the seconds it took."""
    start = time.perf_counter()
    notebook = parse(chapter.read_text())
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(target.parent)}},
    )
    meta = nbformat.from_dict(notebook.metadata)
    client.execute()
    notebook.metadata = meta
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            cell.outputs = merged(cell.outputs)
    nbformat.validate(notebook)
    target.write_text(render(notebook))
    return time.perf_counter() - start


def render(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def attempt(chapter: Path, target: Path) -> tuple[str, float, str]:
    try:
        return chapter.stem, execute(chapter, target), ""
    except (CellExecutionError, CellTimeoutError, RuntimeError) as error:  # the last: a kernel that died
        return chapter.stem, 0.0, str(error)


def attempts(chapters: list[Path], targets: list[Path], jobs: int) -> Iterator[tuple[str, float, str]]:
    """Every attempt, in order, `jobs` at a time."""
    if jobs == 1 or len(chapters) < 2:
        yield from map(attempt, chapters, targets)
        return
    with ProcessPoolExecutor(min(jobs, len(chapters)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(attempt, chapters, targets)


def libraries() -> str:
    """What an output depends on besides its chapter: library, packages, this file, the Python."""
    files = sorted((ROOT / "src" / "elboproof").rglob("*.py"))
    return sha(
        *(path.read_bytes() for path in files),
        (ROOT / "requirements.txt").read_bytes(),
        Path(__file__).read_bytes(),
        sys.version.encode(),
    )


def guard(chapter: Path, target: Path) -> None:
    """Refuse to write over edits that were made in Jupyter."""
    if not target.is_file():
        return
    notebook = nbformat.read(target, as_version=4)
    made = notebook.metadata.get("elboproof", {}).get("source")
    now = fingerprint(notebook)
    if now != made and now != fingerprint(parse(chapter.read_text())):
        raise Edited(
            f"{target.name} was edited after it was made from {chapter.name}.\n"
            f"  keep the edits:  make carry NB=book/{target.name}\n"
            f"  drop them:       make chapters NB={target.stem} FORCE=1"
        )


def recorded(root: Path) -> dict[str, str]:
    record = root / "_build" / "chapters.json"
    return json.loads(record.read_text()) if record.is_file() else {}


def write_record(root: Path, stamps: dict[str, str]) -> None:
    record = root / "_build" / "chapters.json"
    record.parent.mkdir(exist_ok=True)
    record.write_text(json.dumps(stamps, indent=1, sort_keys=True) + "\n")


def run(names: list[str], *, force: bool, jobs: int, root: Path = ROOT) -> int:
    """Execute every chapter whose text, library or notebook changed; 1 if one fails."""
    stamps = recorded(root)
    wanted = {Path(name).stem for name in names}
    chapters = sorted((root / "chapters").glob("*.md"))
    if unknown := wanted - {path.stem for path in chapters}:
        print("no such chapter: " + ", ".join(sorted(unknown)), file=sys.stderr)
        return 1
    base = libraries()

    def stamp(chapter: Path) -> str:
        target = root / "book" / f"{chapter.stem}.ipynb"
        return sha(base.encode(), chapter.read_bytes(), target.read_bytes() if target.is_file() else b"")

    todo: list[Path] = []
    failed = False
    for chapter in chapters:
        if wanted and chapter.stem not in wanted:
            continue
        if not force and stamps.get(chapter.stem) == stamp(chapter):
            continue
        try:
            if not force:
                guard(chapter, root / "book" / f"{chapter.stem}.ipynb")
        except Edited as error:
            print(error, file=sys.stderr)
            failed = True
        else:
            todo.append(chapter)
    (root / "book").mkdir(exist_ok=True)
    targets = [root / "book" / f"{chapter.stem}.ipynb" for chapter in todo]
    for chapter, (name, seconds, error) in zip(todo, attempts(todo, targets, jobs), strict=True):
        if error:
            failed = True
            stamps.pop(name, None)
            print(f"{name}: failed\n{error}", file=sys.stderr)
        else:
            stamps[name] = stamp(chapter)
            print(f"{name}: executed in {seconds:.1f} s", flush=True)
    write_record(root, stamps)
    if not todo and not failed:
        print("every chapter is up to date")
    return int(failed)


def carry(name: str, root: Path = ROOT, *, force: bool = False) -> int:
    """Write an edited notebook's cells back to its chapter, where they differ; never over edits of the chapter."""
    path = root / "book" / f"{Path(name).stem}.ipynb"
    if not path.is_file():
        print(f"no notebook {name!r}; say for example: make carry NB=book/jensen.ipynb", file=sys.stderr)
        return 1
    chapter = root / "chapters" / f"{path.stem}.md"
    notebook = nbformat.read(path, as_version=4)
    text = to_text(notebook)
    stamps, key = recorded(root), f"{path.stem}, carried"
    if chapter.is_file():
        before = fingerprint(parse(chapter.read_text()))
        if before == fingerprint(parse(text)):
            print(f"chapters/{chapter.name} says the same already")
            return 0
        made = notebook.metadata.get("elboproof", {}).get("source", before)
        if before not in (made, stamps.get(key)) and not force:
            print(
                f"chapters/{chapter.name} was edited after {path.name} was made from it.\n"
                f"  the notebook's text instead:  make carry NB=book/{path.name} FORCE=1\n"
                f"  the chapter's text instead:   make chapters NB={path.stem} FORCE=1",
                file=sys.stderr,
            )
            return 1
    chapter.write_text(text)
    write_record(root, stamps | {key: fingerprint(parse(text))})
    print(f"chapters/{chapter.name} written; now: make chapters NB={path.stem}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run")
    verb.add_argument("names", nargs="*")
    verb.add_argument("--force", action="store_true")
    verb.add_argument("--jobs", type=int, default=2)
    verb = verbs.add_parser("carry")
    verb.add_argument("name", nargs="?", default="")
    verb.add_argument("--force", action="store_true")
    options = parser.parse_args()
    if options.verb == "carry":
        return carry(options.name, force=options.force)
    return run(options.names, force=options.force, jobs=options.jobs)


if __name__ == "__main__":
    sys.exit(main())
