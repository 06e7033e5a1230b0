"""The command line: ``elboproof prove "log p(D) >= ELBO(q(theta), p(D,theta))"``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

PROVED, REFUTED, UNDECIDED, UNREADABLE, FAULT = range(5)
CODES = {"proved": PROVED, "refuted": REFUTED, "undecided": UNDECIDED, "unreadable": UNREADABLE, "fault": FAULT}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UNREADABLE, f"{self.prog}: {message}\n")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Lists the commands without a line for the list itself."""

    def _format_action(self, action: argparse.Action) -> str:
        text = super()._format_action(action)
        return text.partition("\n")[2] if isinstance(action, argparse._SubParsersAction) else text


def _arguments(argv: list[str]) -> argparse.Namespace:
    from . import __version__
    from .guide import GUIDE

    parser = _Parser(
        prog="elboproof",
        description="Prove or refute statements about the ELBO and the KL divergence.",
        epilog="elboproof prove --help shows how a claim is written, with examples",
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"elboproof {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="prove", title="commands")
    prove = commands.add_parser(
        "prove",
        help="prove or refute one claim, or each line of a file",
        description="Prove a claim for all densities, or refute it with a counterexample in exact arithmetic.",
        epilog=GUIDE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    prove.add_argument("claim", nargs="?", metavar="CLAIM", help="a claim in the text form")
    prove.add_argument("--where", action="append", default=[], metavar="FACTORS", help="declare a factorisation")
    prove.add_argument("--json", action="store_true", help="print a JSON object, with --file one for each claim")
    prove.add_argument("--file", metavar="FILE", help="a claim a line (- for standard input; # begins a comment)")
    # A claim may begin with a minus, which argparse takes for an option unless there is a space.
    parsed = parser.parse_args([" " + arg if re.match(r"-[^-].*[=<>≥≤]", arg) else arg for arg in argv])
    if (parsed.claim is None) == (parsed.file is None):
        prove.error("expected either a claim or --file")
    if parsed.file is not None and parsed.where:
        prove.error("expected --where with one claim only: in a file, write CLAIM ; where FACTORS on its line")
    return parsed


def decide(source: str, where: list[str]) -> tuple[str, str, dict[str, Any]]:
    """The outcome of one claim: its name in CODES, its text, and its JSON object."""
    from .parse import parse_claim
    from .prove import prove
    from .report import as_dict, as_text
    from .unreadable import Unreadable

    try:
        verdict = prove(parse_claim(source, where))
        made = as_dict(verdict)
        return made["verdict"], as_text(verdict), made
    except Unreadable as error:
        found = {"reason": error.message, "position": error.start}
        return "unreadable", f"Not readable: {error}", _nothing(error.source) | found
    except Exception as error:
        reason = f"elboproof failed on this claim, please report it: {type(error).__name__}: {error}"
        return "fault", f"{reason}\n  {source}", _nothing(source) | {"reason": reason}


def _nothing(source: str) -> dict[str, Any]:
    return {"verdict": None, "claim": source, "steps": [], "conditions": [], "counterexample": None}


# -- output -----------------------------------------------------------------------------------------------------------


def _one(source: str, where: list[str], as_json: bool) -> int:
    outcome, text, made = decide(source, where)
    if as_json:
        print(json.dumps(made))
    if CODES[outcome] >= UNREADABLE:
        print(text, file=sys.stderr)
    elif not as_json:
        print(text)
    return CODES[outcome]


def _claims(file: TextIO) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(file, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _many(path: str, as_json: bool) -> int:
    try:
        with open(sys.stdin.fileno() if path == "-" else path, encoding="utf-8-sig", errors="replace") as file:
            claims = list(_claims(file))
    except OSError as error:
        print(f"elboproof: cannot read {path}: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    counts: Counter[str] = Counter()
    bar = _Bar(len(claims))
    for done, (number, source) in enumerate(claims):
        bar.show(done)
        outcome, text, made = decide(source, [])
        counts[outcome] += 1
        bar.clear()
        print(json.dumps(made) if as_json else f"{path}:{number}: {text}", flush=bar.on)
        if as_json and CODES[outcome] >= UNREADABLE:
            print(f"{path}:{number}: {text}", file=sys.stderr)
    if not as_json:
        print(f"{len(claims)} claims: " + (", ".join(f"{counts[o]} {o}" for o in CODES if counts[o]) or "none"))
    return max((CODES[outcome] for outcome in counts), default=PROVED)


class _Bar:
    """A progress bar on standard error, on a terminal only."""

    WIDTH = 30

    def __init__(self, total: int):
        self.total, self.on = total, total > 1 and sys.stderr.isatty()

    def show(self, done: int) -> None:
        if self.on:
            filled = self.WIDTH * done // self.total
            bar = "#" * filled + "-" * (self.WIDTH - filled)
            print(f"\r[{bar}] {done}/{self.total}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self.on:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show θ still gets its verdict
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        if arguments.file is not None:
            return _many(arguments.file, arguments.json)
        return _one(arguments.claim, arguments.where, arguments.json)
    except BrokenPipeError:  # the reader of the output left, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULT
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
