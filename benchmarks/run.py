"""Every benchmark that the book shows, in one run: .venv/bin/python benchmarks/run.py [--help]

``make bench`` runs it with the peers (`.venv-peers`) and writes benchmarks/results.json, which the book's page reads.
Without torch, JAX and NumPyro their rows are left out, and nothing is written unless --out says where.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import timing

HERE = Path(__file__).resolve().parent
PEERS = ("torch", "jax", "numpyro")


def spell(seconds: float) -> str:
    return f"{1e6 * seconds:.3g} µs" if seconds < 1e-3 else f"{1e3 * seconds:.3g} ms"


def show(found: dict[str, Any]) -> str:
    lines = [f"\n{found['title']} ({found['rounds']} rounds)"]
    for row in found["rows"]:
        lines.append(f"  {row['name']:36} {spell(row['seconds']):>10}   {row['over ours']:8.3g} x  {row['note']}")
    for mark in found["marks"]:
        word = {True: "met", False: "MISSED", None: "not measured"}[mark["met"]]
        value = "" if mark["found"] is None else f" ({mark['found']:.3g} of at most {mark['limit']:.3g})"
        lines.append(f"  mark: {mark['text']}: {word}{value}")
    return "\n".join(lines)


def vae(found: dict[str, Any], rounds: int) -> list[dict[str, Any]]:
    """The tables of vae.py, one an activation, in the form of the others."""
    marks = (("torch", "at most a quarter of torch's time", 0.25), ("JAX jit", "at most JAX's time, jit", 1.0))
    tables = []
    for kind in dict.fromkeys(row["activation"] for row in found["rows"]):
        own = {row["who"]: row for row in found["rows"] if row["activation"] == kind}
        rows = [
            {
                "name": who,
                "kind": "ours" if who == timing.OURS else "plain",
                "note": f"ELBO {row['ELBO']:.1f}",
                "seconds": row["ms"] / 1e3,
                "over ours": float(f"{1 / row['our time / theirs']:.3g}"),
            }
            for who, row in own.items()
        ]
        aims = []
        for who, text, limit in marks:
            ratio = own[who]["our time / theirs"] if who in own else None
            aims.append(
                {"text": text, "found": ratio, "limit": limit, "met": None if ratio is None else ratio <= limit}
            )
        table = {"key": f"vae-{kind}", "title": f"{found['title']}, {kind}", "note": "", "rounds": rounds}
        tables.append({**table, "rows": rows, "marks": aims})
    return tables


def run_vae(rounds: int) -> list[dict[str, Any]]:
    """The variational autoencoder's own benchmark, in a process of its own, on processor time."""
    command = [sys.executable, str(HERE / "vae.py"), "--json", "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return vae(json.loads(done.stdout), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time, for a busy machine")
    parser.add_argument("--only", help="the tables whose key contains this; writes nothing")
    parser.add_argument("--scale", type=float, default=1.0, help="of the time for each table; 0.1 for a first look")
    parser.add_argument("--out", type=Path, help="where to write the results")
    options = parser.parse_args()
    if options.cpu:
        timing.clock = time.process_time
    import divergence
    import enclosing
    import growth
    import sampling

    makers = [*sampling.tables(), *divergence.tables(), *enclosing.tables()]
    tables = []
    for make in makers:
        table = make()
        if options.only and options.only not in table.key:
            continue
        table.budget *= options.scale
        tables.append(table.run())
        print(show(tables[-1]), flush=True)
    if not options.only or options.only == "vae":
        for found in run_vae(max(5, round(7 * options.scale))):
            tables.append(found)
            print(show(found), flush=True)
    slopes = []
    if not options.only or options.only == "growth":
        print("\ngrowth")
        for one in growth.sizes():
            slopes.append(one.run())
            print(f"  {one.title:28} {' '.join(spell(s) for s in slopes[-1]['seconds'])}", flush=True)
    if options.only:
        return
    missing = [name for name in PEERS if timing.peer(name) is None]
    out = options.out or (None if missing else HERE / "results.json")
    if out is None:
        print(f"not installed: {', '.join(missing)}; nothing written (make bench installs them)")
        return
    results = {"machine": timing.machine(), "tables": tables, "growth": slopes}
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(f"\nwritten: {out.name}")


if __name__ == "__main__":
    main()
