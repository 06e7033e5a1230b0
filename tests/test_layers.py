"""Imports run one way, and the symbolic side needs no NumPy: read from the source, and tried in a fresh process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "elboproof"

# Each line may import from the lines above it; within a line, from what stands to its left.
LAYERS = """
errors
variables terms foreign divergences claims language
integers linear structure normal expand words textform
values tables exact
walks signs conditions forms squares gaps refute rules
prove derive
show unreadable reserved parse
report
reading examples live
"""
ORDER = {name: position for position, name in enumerate(LAYERS.split())}
# The numeric side, likewise; these may also import errors and the language.
NUMBERS = """
distributions estimate vectors datasets
gaussians products conjugate
models means rates regression latent linear_vae mixtures counts
quadratics
quadrature montecarlo lattice gradients shells
enclosures conjugate_bounds exact_laws logistic_bounds gaussian_bounds noisy_bounds certify
progress network vae decoded
numeric
measured
"""
STEPS = {name: position for position, name in enumerate(NUMBERS.split())}
HEAVY = {"numpy", "scipy", "matplotlib", "flint"}
DRAWN = {"figures", "mosaic", "live_figure", "trained_figures", "interactive"}
NUMERIC = {*STEPS, *DRAWN, "workbench", "audit", "families"}


def imported(tree: ast.AST) -> tuple[set[str], set[str]]:
    """The package's own modules and the outside packages that a module imports anywhere, functions included."""
    own, outside = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            own |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            outside.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Import):
            outside |= {alias.name.split(".")[0] for alias in node.names}
    return own, outside


def violations(paths: list[Path]) -> list[str]:
    found = []
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    for path in paths:
        own, outside = imported(ast.parse(path.read_text()))
        own &= modules
        name = path.stem
        if name in ORDER:
            found += [f"{name} imports {o}" for o in sorted(own) if ORDER.get(o, 99) >= ORDER[name]]
        if name in STEPS:
            found += [f"{name} imports {o}" for o in sorted(own - ORDER.keys()) if STEPS.get(o, 99) >= STEPS[name]]
        if name not in NUMERIC:
            found += [f"{name} imports {o}" for o in sorted(outside & HEAVY)]
        if name in ORDER or name == "__init__":
            found += [f"{name} imports {o}" for o in sorted(own & NUMERIC)]
    return found


def test_imports_run_one_way():
    assert violations(sorted(PACKAGE.glob("*.py"))) == []


def test_every_layer_is_there():
    assert {name for name in [*ORDER, *STEPS] if not (PACKAGE / f"{name}.py").is_file()} == set()


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("normal", "from .prove import prove"),
        ("errors", "from . import language"),
        ("exact", "import numpy as np"),
        ("prove", "def later():\n    from scipy import special"),
        ("rules", "from .models import Model"),
        ("gaussians", "from .montecarlo import elbo"),
        ("vectors", "from .regression import LinearRegression"),
    ],
)
def test_a_planted_violation_is_found(module, line, tmp_path):
    planted = tmp_path / f"{module}.py"
    planted.write_text((PACKAGE / planted.name).read_text() + f"\n{line}\n")
    assert violations([planted])


def test_a_proof_loads_no_numpy():
    code = (
        "import sys, sympy\n"
        "already = set(sys.modules)\n"  # SymPy itself takes python-flint for its integers where it is installed
        "from elboproof import *\n"
        "x, = [variables('x')]\n"
        "p, q = densities('p q')\n"
        "print(prove(Ge(KL(q(x), p(x)), 0)), prove(Eq(KL(q(x), p(x)), KL(p(x), q(x))))._repr_mimebundle_().keys())\n"
        f"print(sorted({HEAVY!r} & (sys.modules.keys() - already)))\n"
    )
    path = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=path, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
