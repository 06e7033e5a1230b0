"""One thread for every library, functions timed in turns, and the tables that this fills.

Import this first: threads are pinned when a library starts. Each case of a table is called once and its answer checked
before anything is timed. Then, in every round, each case has its turn (as many calls as take a few milliseconds), so
that what else the machine does falls on all alike. Ratios are medians over rounds of the ratio within a round.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

OURS = "elboproof"
ATTEMPTS = 3  # at a check: a correct standard error of 5 deviations fails one seed in 1.7 million
clock: Callable[[], float] = time.perf_counter


def peer(name: str) -> Any:
    """The module, or None where it is not installed: its rows are then left out."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def jax64() -> Any:
    """JAX in float64, or None."""
    jax = peer("jax")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
    return jax


@dataclass
class Case:
    """``kind`` is ours, plain (as its users write it), algebra (given our formulas), or limit (a bare operation)."""

    name: str
    kind: str
    call: Callable[[], Any]
    checked: bool = True  # call returns the answer
    note: str = ""
    times: list[float] = field(default_factory=list)


@dataclass
class Mark:
    """What was aimed at: the time of one case over that of another, at most ``limit``."""

    text: str
    above: str
    below: str
    limit: float


@dataclass
class Table:
    key: str
    title: str
    truth: float
    tolerance: float
    cases: list[Case]
    marks: list[Mark] = field(default_factory=list)
    note: str = ""
    budget: float = 8.0  # seconds

    def check(self) -> None:
        """Each case's answer against the truth. Raises ValueError where none of a few calls is within the tolerance."""
        for case in self.cases:
            found: list[float] = []
            while case.checked and not any(abs(x - self.truth) <= self.tolerance for x in found):
                if len(found) < ATTEMPTS:
                    found.append(float(case.call()))
                    continue
                raise ValueError(
                    f"{self.key}, {case.name}: expected {self.truth} within {self.tolerance}, found {found}"
                )

    def run(self) -> dict[str, Any]:
        self.check()
        turns = {case.name: _turn(case.call) for case in self.cases}
        size = sum(count * seconds for count, seconds in turns.values())
        rounds = min(300, max(5, math.ceil(self.budget / size)))
        for _ in range(rounds):
            for case in self.cases:
                count = turns[case.name][0]
                start = clock()
                for _ in range(count):
                    case.call()
                case.times.append((clock() - start) / count)
        rows = [
            {
                "name": case.name,
                "kind": case.kind,
                "note": case.note,
                "seconds": _rounded(statistics.median(case.times)),
                "over ours": _rounded(self.ratio(case.name, OURS)),
            }
            for case in self.cases
        ]
        marks = [self.mark(mark) for mark in self.marks]
        return {"key": self.key, "title": self.title, "note": self.note, "rounds": rounds, "rows": rows, "marks": marks}

    def ratio(self, above: str, below: str) -> float:
        times = {case.name: case.times for case in self.cases}
        return statistics.median(a / b for a, b in zip(times[above], times[below], strict=True))

    def mark(self, mark: Mark) -> dict[str, Any]:
        there = {case.name for case in self.cases} >= {mark.above, mark.below}
        found = _rounded(self.ratio(mark.above, mark.below)) if there else None
        return {
            "text": mark.text,
            "found": found,
            "limit": mark.limit,
            "met": None if found is None else found <= mark.limit,
        }


def _turn(call: Callable[[], Any], least: float = 5e-3) -> tuple[int, float]:
    """How many calls make a turn, and the seconds of one."""
    seconds = math.inf
    for _ in range(3):
        start = clock()
        call()
        seconds = min(seconds, max(clock() - start, 1e-7))
        if seconds > 0.05:
            break
    return max(1, math.ceil(least / seconds)), seconds


def _rounded(x: float) -> float:
    return float(f"{x:.3g}")


@dataclass
class Sizes:
    """How the time grows with a size: calls made for each, and the exponent expected, in words and as an interval."""

    title: str
    make: Callable[[int], Callable[[], Any]]
    sizes: list[int]
    expected: str
    least: float
    most: float

    def run(self, rounds: int = 7) -> dict[str, Any]:
        calls = [self.make(size) for size in self.sizes]
        turns = [_turn(call)[0] for call in calls]
        times: list[list[float]] = [[] for _ in calls]
        for _ in range(rounds):
            for call, count, into in zip(calls, turns, times, strict=True):
                start = clock()
                for _ in range(count):
                    call()
                into.append((clock() - start) / count)
        seconds = [_rounded(statistics.median(one)) for one in times]
        return {
            "title": self.title,
            "sizes": self.sizes,
            "seconds": seconds,
            "expected": self.expected,
            "least": self.least,
            "most": self.most,
        }


def machine() -> dict[str, str]:
    """What it ran on. No name of a host."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [line.split(":", 1) for line in info.read_text().splitlines() if ":" in line]
        model = next((value.strip() for name, value in lines if name.strip() == "model name"), model)
    packages = ("numpy", "scipy", "python-flint", "mpmath", "torch", "jax", "numpyro")
    versions = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": model,
        "instructions": best_instructions(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **versions,
    }


def best_instructions() -> str:
    """The widest vector instructions that NumPy uses here."""
    features = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    found = [name for name in ("AVX512_SKX", "AVX512F", "AVX2", "SVE", "ASIMD", "AVX") if features.get(name)]
    return found[0] if found else "none"


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
