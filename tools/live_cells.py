"""Which cells of a page can run in the reader's browser, which has no NumPy: decided by the names they use."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "elboproof"
PRESENT = {"elboproof", "sympy", "mpmath", "lark", *sys.stdlib_module_names}
WORKBENCH = "elboproof.workbench"


@cache
def numeric_names() -> frozenset[str]:
    """The workbench's names that stand for nothing without NumPy."""
    for node in ast.parse((PACKAGE / "workbench.py").read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["NUMERIC"]:
            return frozenset(ast.literal_eval(node.value))
    raise LookupError("elboproof.workbench has no NUMERIC")


@cache
def absent(module: str) -> bool:
    """Whether a module cannot be imported in the browser."""
    top, *rest = module.split(".")
    if top not in PRESENT:
        return True
    path = PACKAGE.joinpath(*rest).with_suffix(".py")
    if top != "elboproof" or not rest or module == WORKBENCH or not path.is_file():
        return False
    for node in ast.parse(path.read_text()).body:  # what is imported in a function is not needed to load the module
        if isinstance(node, ast.Import) and any(absent(alias.name) for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            base = f"elboproof.{node.module}" if node.module else "elboproof"
            names = [base] if node.module else [f"elboproof.{alias.name}" for alias in node.names]
            if any(absent(name) for name in (names if node.level else [node.module or ""])):
                return True
    return False


class _Cell(ast.NodeVisitor):
    """The names that a cell reads before it gives them itself, the names it gives, and what it imports."""

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.given: set[str] = set()
        self.numeric: set[str] = set()  # names that it imports and that need NumPy
        self.present: set[str] = set()  # names that it imports and that do not

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.given.add(node.id)
        elif node.id not in self.given:
            self.read.add(node.id)

    def _in_order(self, *parts: ast.AST | list[Any] | None) -> None:
        for part in parts:
            for node in part if isinstance(part, list) else [part]:
                if node is not None:
                    self.visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._in_order(node.value, list(node.targets))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._in_order(node.value)
        if isinstance(node.target, ast.Name) and node.target.id not in self.given:
            self.read.add(node.target.id)
        self._in_order(node.target)

    def visit_For(self, node: ast.For) -> None:
        self._in_order(node.iter, node.target, node.body, node.orelse)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._in_order(node.iter, node.target, node.ifs)

    def _comprehension(self, node: Any) -> None:
        before = set(self.given)
        self._in_order(node.generators, *(getattr(node, part, None) for part in ("key", "value", "elt")))
        self.given = before

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _function(self, node: Any) -> None:
        self._in_order(node.args.defaults, getattr(node, "decorator_list", None))
        before = set(self.given)
        arguments = node.args
        self.given |= {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        self.given |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
        self._in_order(node.body)
        self.given = before | ({node.name} if hasattr(node, "name") else set())

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.generic_visit(node)
        self.given.add(node.name)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            (self.numeric if absent(alias.name) else self.present).add(name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            name = alias.asname or alias.name
            if module == WORKBENCH and name == "*":
                self.numeric |= numeric_names()
            elif module == WORKBENCH:
                (self.numeric if alias.name in numeric_names() else self.present).add(name)
            else:
                missing = absent(module) or absent(f"{module}.{alias.name}")
                (self.numeric if missing else self.present).add(name)


def needing(cells: list[str]) -> list[list[str]]:
    """For each cell of a page the names in it that need NumPy; none where the browser can run it.

    What a cell that needs NumPy gives, needs NumPy too, until another cell gives it anew. Importing the whole
    workbench needs nothing, since the browser has a stand-in for each name of the numeric side.
    """
    tainted: set[str] = set()
    out = []
    for source in cells:
        cell = _Cell()
        cell.visit(ast.parse(source))
        whole = f"from {WORKBENCH} import *" in source
        needs = (cell.read & (tainted | cell.numeric)) - cell.present
        needs |= cell.numeric - (numeric_names() if whole else set())
        out.append(sorted(needs))
        if needs:  # it is not run, so nothing that it gives is there
            tainted |= cell.given | cell.present
        else:
            tainted -= cell.given | cell.present
        tainted |= cell.numeric
    return out
