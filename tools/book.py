"""Build the book into _build/html, when something it is made from has changed; never execute a notebook."""

from __future__ import annotations

import argparse
import errno
import functools
import hashlib
import http.server
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
STAMP = ROOT / "_build" / "book.stamp"
PARTS = ("_config.yml", "_toc.yml", "requirements.txt", "book", "tools", "src/elboproof")


def inputs() -> list[Path]:
    """Every file the pages are made from."""
    found: list[Path] = []
    for part in PARTS:
        path = ROOT / part
        found += [path] if path.is_file() else (p for p in path.rglob("*") if p.is_file())
    skip = {"__pycache__", ".ipynb_checkpoints"}
    return sorted(p for p in found if not skip.intersection(p.parts))


def digest() -> str:
    """What went in (by content) and what came out (by name, size and time)."""
    total = hashlib.sha256(sys.version.encode())
    for path in inputs():
        total.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    for path in sorted(HTML.rglob("*")) if HTML.is_dir() else ():
        stat = path.stat()
        if path.is_file():
            total.update(f"{path.relative_to(HTML)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return total.hexdigest()


def build() -> int:
    """A whole build from nothing: a warning is not forgotten, a side bar is not stale."""
    STAMP.unlink(missing_ok=True)
    for old in (HTML, HTML.parent / ".doctrees"):
        shutil.rmtree(old, ignore_errors=True)
    tool = Path(sys.executable).parent / "jupyter-book"
    options = ["--path-output", ".", "-W", "-n", "--keep-going", "--quiet"]
    start = time.perf_counter()
    code = subprocess.run(
        [sys.executable, tool, "build", ".", *options], cwd=ROOT
    ).returncode  # also where .venv was moved
    if code == 0:
        print(f"built in {time.perf_counter() - start:.1f} s")
        STAMP.write_text(digest())
    return code


def serve(port: int) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(HTML))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = f"port {port} is taken" if taken else f"cannot serve at port {port} ({error})"
        raise SystemExit(f"{reason}: make serve PORT={port + 1 if taken and port < 65535 else 8001}") from None
    with server:
        print(f"the book is at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="serve what is built")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    if options.serve:
        serve(options.port)
        return 0
    if not (STAMP.is_file() and STAMP.read_text() == digest()):
        code = build()
        if code:
            print("the book has faults, listed above", file=sys.stderr)
            return code
    print(f"open {HTML / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
