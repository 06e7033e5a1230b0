"""How long closed forms take: evidence, ELBO, KL and their identity simplified to 0, a family, in fresh processes.

    .venv/bin/python benchmarks/families.py

SymPy caches, so each of the runs is a process of its own; the best of three counts, after the import.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

TIMED = """
import time
from elboproof.families import FAMILIES, closed_form, simplified
from elboproof.language import ELBO, KL, densities, log, variables
theta, D = variables("theta D")
p, q = densities("p q")
closed_form(log(p(D)), FAMILIES["gamma-poisson"](a=2))
for make in FAMILIES.values():
    start = time.perf_counter()
    family = make()
    terms = log(p(D)), ELBO(q(theta), p(D, theta)), KL(q(theta), p(theta | D))
    evidence, bound, gap = (closed_form(term, family) for term in terms)
    assert simplified(evidence - bound - gap) == 0
    print(time.perf_counter() - start)
"""
RUNS = 3


def main() -> None:
    if importlib.util.find_spec("elboproof") is None:
        raise SystemExit("expected elboproof in this Python, found none: .venv/bin/python benchmarks/families.py")
    runs = []
    for _ in range(RUNS):
        out = subprocess.run([sys.executable, "-c", TIMED], capture_output=True, text=True, check=True)
        runs.append([float(line) for line in out.stdout.split()])
    for number, times in enumerate(zip(*runs, strict=True), 1):
        print(f"family {number}: {min(times):.2f} s")


if __name__ == "__main__":
    main()
