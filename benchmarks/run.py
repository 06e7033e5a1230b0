"""Every benchmark that the book shows, in one run: python benchmarks/run.py [--help]

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


def vae() -> dict[str, Any] | None:
    """The variational autoencoder's own benchmark, in a process of its own, if it is there."""
    script = HERE / "vae.py"
    if not script.is_file():
        return None
    done = subprocess.run([sys.executable, str(script), "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        timing.progress(f"vae.py failed:\n{done.stderr}")
        return None
    return json.loads(done.stdout)


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
    results = {"machine": timing.machine(), "tables": tables, "growth": slopes, "vae": vae()}
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(f"\nwritten: {out.name}")


if __name__ == "__main__":
    main()
