"""`make fuzz`: random and mutated lines end in a verdict or a clear error, never a traceback, each within a second.

python tests/fuzz.py [LINES] [SEED]
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from elboproof.parse import parse_claim
from elboproof.prove import prove
from elboproof.report import as_dict, as_text
from elboproof.unreadable import Unreadable

SECONDS = 1.0
CORPUS = [
    "log p(D) = ELBO(q(theta), p(D,theta)) + KL(q(theta) || p(theta|D))",
    "log int p(D|theta) p(theta) dtheta >= E_{q(theta)}[log(p(D,theta)/q(theta))]",
    "E_{p(x) q(z|x)}[log(p(x|z) p(z)/q(z|x))] <= E_{p(x)}[log p(x)]",
    "I_q(x; z | y) = 0 ; where q(x,y,z) = q(x) q(y|x) q(z|y)",
    "-H(q(θ)) + CE(q(θ), p(θ)) = KL(q(θ) ‖ p(θ))",
    "log E_{q(z)}[p(x,z)/q(z)] >= 1/2 E_{q(z)}[f(z)] - 2 I_p(x; z)",
    "ELBO(q(z1,z2), p(x,z1,z2)) <= log p(x) ; where q(z1,z2) = q(z1) q(z2)",
    "E_{q(x)}[(x - E_{q(x)}[x])^2] = E_{q(x)}[x^2] - (E_{q(x)}[x])^2",
    "log(p(x)/q(x)) <= p(x)/q(x) - 1",
    "∫ ∫ p_φ(x_0,x′) dx_0 dx′ = 1",
]
WORDS = [
    "log",
    "int",
    "E_{",
    "KL(",
    "H(",
    "CE(",
    "ELBO(",
    "I_q(",
    "p(",
    "q(",
    "f(",
    "p(x)",
    "q(z|x)",
    "p(x,z)",
    "p(z)",
    "dx",
    "dz",
    "x",
    "z",
    "y",
    "theta",
    "=",
    ">=",
    "<=",
    "+",
    "-",
    "*",
    "/",
    "^",
    "^2",
    "^-1",
    "(",
    ")",
    "[",
    "]",
    "}",
    "|",
    "||",
    ";",
    ",",
    ";",
    "where",
    "0",
    "1",
    "2",
    "1/2",
    "0.5",
    "θ",
    "≥",
    "‖",
    "∫",
    "∣",
    "′",
    "ⅆ",
    "E_{q(z)}[",
    "E_{p(x)}[",
    "log(",
    "KL(q(z)||p(z))",
    "H(q(z))",
]
CHARS = "pqxyzdfEHIKLθφ0123456789 ()[]{}|,;=<>+-*/^_'\\.\"\t\n\0é∑💥\u202e\ud800"
SIGNS = ("=", ">=", "<=")


def term(rng: random.Random, depth: int) -> str:
    """A term that is mostly well-formed."""
    pick = rng.choice
    names = rng.sample(["x", "y", "z", "w"], rng.randint(1, 3))
    cut = rng.randint(1, len(names))
    density = f"{pick('ppqqr')}({','.join(names[:cut])}" + (f"|{','.join(names[cut:])}" if names[cut:] else "") + ")"
    z = pick("xyz")
    if depth <= 0:
        leaves = [density, density, f"log {density}", f"KL(q({z}) || p({z}))", f"H({density})", f"CE(q({z}), p({z}))"]
        leaves += [f"ELBO(q({z}), p(w,{z}))", "I_p(x; y | z)", f"f({z})", z, pick(["0", "1", "2", "1/2", "-3"])]
        return pick(leaves)
    one, two = term(rng, depth - 1), term(rng, depth - rng.randint(1, 2))
    made = [f"{one} + {two}", f"{one} - {two}", f"({one}) ({two})", f"({one})/({two})", f"({one})^{rng.randint(-3, 4)}"]
    made += [f"log({one})", f"E_{{{density}}}[{one}]", f"E_{{q({z})}}[log({one})]", f"int ({one}) d{z}", f"1/2 ({one})"]
    return pick(made)


def mutated(rng: random.Random, line: str) -> str:
    for _ in range(rng.randint(1, 3)):
        i = rng.randrange(len(line) + 1)
        j = min(len(line), i + rng.choice((1, 1, 2, 5, 12)))
        other = rng.choice(CORPUS)
        k = rng.randrange(len(other))
        new = rng.choice(
            ("", rng.choice(CHARS), rng.choice(WORDS), line[i:j] * 2, other[k : k + rng.randint(1, 20)], line[i:j] * 40)
        )
        line = line[:i] + new + line[j if rng.random() < 0.7 else i :]
    return line


def line_of(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        left, right = (term(rng, rng.choice((0, 0, 1, 1, 1, 2, 2, 3))) for _ in SIGNS[:2])
        return f"{left} {rng.choice(SIGNS)} {right}"
    if kind < 0.8:
        return mutated(rng, rng.choice(CORPUS))
    if kind < 0.95:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 16)))
    return "".join(rng.choice(CHARS) for _ in range(rng.choice((3, 10, 40, 5000))))


def outcome(line: str) -> str:
    """The verdict on a line, or "unreadable"; anything else escapes."""
    try:
        claim = parse_claim(line)
    except Unreadable as error:
        return _clear(error)
    verdict = prove(claim)
    as_text(verdict)
    json.dumps(as_dict(verdict))
    return type(verdict).__name__.lower()


def _clear(error: Unreadable) -> str:
    assert error.message.startswith("expected "), error.message
    assert "found" in error.message, error.message
    assert 0 <= error.start <= len(error.source)
    assert "^" in str(error).splitlines()[-1]
    return "unreadable"


def run(lines: int, seed: int, seconds: float = SECONDS) -> tuple[Counter[str], list[str], float]:
    """Outcomes, failures and the longest time of `lines` lines."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    faults, longest = [], 0.0
    for _ in range(lines):
        line = line_of(rng)
        began = time.process_time()
        try:
            counts[outcome(line)] += 1
        except Exception as error:
            counts["fault"] += 1
            faults.append(f"{type(error).__name__}: {str(error)[:300]}\n    {line!r}")
        took = time.process_time() - began
        longest = max(longest, took)
        if took > seconds:
            faults.append(f"took {took:.1f} s\n    {line!r}")
    return counts, faults, longest


def main(lines: int = 100_000, seed: int = 0) -> int:
    parts = max(1, lines // 1000)
    total: Counter[str] = Counter()
    found: list[str] = []
    longest = 0.0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        seeds = range(seed * 1_000_000, seed * 1_000_000 + parts)
        for done, (counts, faults, took) in enumerate(pool.map(run, repeat(lines // parts), seeds), 1):
            total += counts
            found += faults
            longest = max(longest, took)
            for fault in faults:
                print(fault, flush=True)
            if sys.stderr.isatty():
                print(f"\r{done}/{parts}", end="\r", file=sys.stderr, flush=True)
    print(f"{sum(total.values())} lines: " + ", ".join(f"{count} {name}" for name, count in total.most_common()))
    print(f"longest {longest:.2f} s; {len(found)} faults")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
