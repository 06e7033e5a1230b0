"""How long the prover takes: each source equation, every counterexample, and the import, in fresh processes.

    .venv/bin/python benchmarks/decide.py

Per equation the median over five fresh processes, after the import and one warm-up claim, cross-examination included;
then the medians and maxima over equations. The import is compared with SymPy's own, in alternation.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import time

PROCESSES, IMPORTS = 5, 9

DECIDE = """
import json, time
from elboproof.ledger import LEDGER, D, p, q, theta
from elboproof.mutants import mutants, roles
from elboproof import Eq, KL, Refuted, log, prove

prove(Eq(KL(q(theta), p(theta)), log(p(theta))))  # the warm-up claim
times = {}
for key, entry in LEDGER.items():
    start = time.perf_counter()
    for claim in entry.claims:
        prove(claim)
    times[key] = time.perf_counter() - start
found = []
for entry in LEDGER.values():
    for claim in entry.claims:
        for mutant in mutants(claim, roles(claim, p, theta, D, q)):
            if mutant.claim is not None:
                start = time.perf_counter()
                verdict = prove(mutant.claim)
                if isinstance(verdict, Refuted):
                    found.append(time.perf_counter() - start)
print(json.dumps([times, found]))
"""


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def wall(code: str) -> float:
    start = time.perf_counter()
    run(code)
    return time.perf_counter() - start


def main() -> None:
    if importlib.util.find_spec("elboproof") is None:
        raise SystemExit("expected elboproof in this Python, found none: .venv/bin/python benchmarks/decide.py")
    runs = [json.loads(run(DECIDE)) for _ in range(PROCESSES)]
    equations = {key: statistics.median(times[key] for times, _ in runs) for key in runs[0][0]}
    refutations = sorted(statistics.median(one) for one in zip(*(found for _, found in runs), strict=True))
    ours, theirs = [], []
    for _ in range(IMPORTS):
        theirs.append(wall("import sympy"))
        ours.append(wall("import elboproof"))
    slowest = max(equations, key=lambda key: equations[key])
    print(f"equations decided   {len(equations)}")
    print(f"  median            {1e3 * statistics.median(equations.values()):.1f} ms")
    print(f"  slowest, ({slowest})    {1e3 * equations[slowest]:.1f} ms")
    print(f"counterexamples     {len(refutations)}")
    print(f"  median            {1e3 * statistics.median(refutations):.1f} ms")
    print(f"  95th percentile   {1e3 * refutations[int(0.95 * len(refutations))]:.1f} ms")
    print(f"  slowest           {1e3 * refutations[-1]:.1f} ms")
    print(f"import elboproof    {statistics.median(ours) / statistics.median(theirs):.3f} times import sympy")


if __name__ == "__main__":
    main()
