"""What nbval lets pass: each check gives a list of faults of one notebook, empty when there are none."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median
from typing import Any

import nbformat

import chapters as tool

SHOWN = {"text/plain", "text/html", "text/latex", "text/markdown", "image/svg+xml"}
MARKS = re.compile(r"#\s*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)", re.IGNORECASE)
# The chapters that keep to the contract of length.
CONTRACT = (
    "evidence",
    "divergence",
    "multiply-and-divide",
    "jensen",
    "add-and-subtract",
    "computable",
    "joint-expansion",
    "support",
    "wrong-steps",
    "real-evidence",
    "gradients",
    "linear-vae",
    "vae",
    "counts",
)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[tuple[int, Any]]:
    return [(n, output) for n, cell in enumerate(code(notebook), 1) for output in cell.outputs]


def not_run(notebook: Any) -> list[str]:
    """Cells that were not run, or not from top to bottom in a fresh kernel."""
    return [
        f"code cell {n} has the execution count {cell.execution_count}"
        for n, cell in enumerate(code(notebook), 1)
        if cell.execution_count != n
    ]


def empty_cells(notebook: Any) -> list[str]:
    return [f"cell {n} is empty" for n, cell in enumerate(notebook.cells, 1) if not cell.source.strip()]


def stderr(notebook: Any) -> list[str]:
    return [
        f"code cell {n} wrote to stderr"
        for n, output in outputs(notebook)
        if output.output_type == "stream" and output.name != "stdout"
    ]


def errors(notebook: Any) -> list[str]:
    return [f"code cell {n} ended in an error" for n, output in outputs(notebook) if output.output_type == "error"]


def not_compared(notebook: Any) -> list[str]:
    """Outputs that nbval never compares (raster images, widgets), or that no page shows."""
    faults = []
    for n, output in outputs(notebook):
        kinds = set(output.get("data", {}))
        faults += [f"code cell {n} shows {kind}" for kind in sorted(kinds - SHOWN)]
        text = "".join(str(value) for value in output.get("data", {}).values())
        if re.search(r"data:image/(?!svg)", text):
            faults.append(f"code cell {n} holds a raster image")
    return faults


def exempt(notebook: Any) -> list[str]:
    """Cells that ask nbval to look away."""
    faults = []
    for n, cell in enumerate(code(notebook), 1):
        tags = cell.metadata.get("tags", [])
        bad = [tag for tag in tags if tag.lower().replace("_", "-").startswith("nbval") or tag == "raises-exception"]
        bad += MARKS.findall(cell.source)
        faults += [f"code cell {n} is exempt: {mark}" for mark in bad]
        if "remove" in " ".join(tags):
            faults.append(f"code cell {n} is not on the page: {tags}")
    return faults


def machine(notebook: Any) -> list[str]:
    """Outputs that name an address in memory or a place on one machine."""
    return [
        f"code cell {n} prints {found[0]}"
        for n, output in outputs(notebook)
        if (found := re.search(r" at 0x[0-9a-f]{6,}|/(?:home|root|tmp|Users)/\w+", str(output)))
    ]


def metadata(notebook: Any) -> list[str]:
    """Metadata that would differ from one machine to another."""
    faults = []
    if notebook.metadata.get("kernelspec") != tool.KERNEL:
        faults.append("the kernel is not plain python3")
    if dict(notebook.metadata.get("language_info", {})) != {"name": "python"}:
        faults.append("language_info says more than python")
    faults += [
        f"cell {n} carries {key}"
        for n, cell in enumerate(notebook.cells, 1)
        for key in set(cell.metadata) - {"tags", "mystnb"}
    ]
    return faults


CHECKS = {
    "run": not_run,
    "empty": empty_cells,
    "stderr": stderr,
    "errors": errors,
    "compared": not_compared,
    "exempt": exempt,
    "machine": machine,
    "metadata": metadata,
}


def contract(notebook: Any) -> list[str]:
    """A chapter has 15 to 40 cells before its exercises, its code cells a median of at most 6 lines, and prose."""
    faults = []
    ends = [n for n, cell in enumerate(notebook.cells) if "## Exercises" in cell.source.splitlines()]
    count = min(ends, default=len(notebook.cells))
    if not 15 <= count <= 40:
        faults.append(f"{count} cells before the exercises")
    lengths = [len(cell.source.splitlines()) for cell in code(notebook)]
    if not lengths:
        faults.append("no code")
    elif median(lengths) > 6:
        faults.append(f"code cells have a median of {median(lengths):g} lines")
    if len(lengths) == len(notebook.cells):
        faults.append("no prose")
    return faults


def out_of_date(path: Path, chapters: Path) -> list[str]:
    """A notebook without its chapter, or whose cells are not its chapter's."""
    chapter = chapters / f"{path.stem}.md"
    if not chapter.is_file():
        return [f"{path.name} has no chapters/{chapter.name}"]
    made, meant = nbformat.read(path, as_version=4), tool.parse(chapter.read_text())
    if tool.sources(made) != tool.sources(meant) or made.metadata != meant.metadata:
        return [f"{path.name} is out of date with chapters/{chapter.name}: make chapters"]
    if [cell.id for cell in made.cells] != [cell.id for cell in meant.cells]:
        return [f"{path.name} has other cell ids than its chapter: make chapters"]
    return []


def sanitized(files: dict[str, str]) -> list[str]:
    """Files that ask nbval to rewrite outputs before it compares them, or to be lax."""
    return [
        f"{name}: {word}"
        for name, text in files.items()
        for word in re.findall(r"(?:nbval-)?sanitize[-_]with|nbval[-_]lax|nbval[-_]sanitize", text)
    ]
