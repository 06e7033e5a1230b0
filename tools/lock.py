"""requirements.in -> requirements.txt, and requirements-peers.in likewise: hashes, for Python 3.11 to 3.13."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One version of each package for all Pythons: figures are compared byte by byte.
OPTIONS = [
    *("--universal", "--fork-strategy", "fewest", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet"),
]


def main() -> int:
    uv = shutil.which("uv")
    if uv is None:
        home = ROOT / "_build" / "uv"
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", "uv"], check=True)
        uv = str(home / "bin" / "uv")
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    for name, more in (("requirements", []), ("requirements-peers", ["--constraint", "requirements.txt"])):
        command = [uv, "pip", "compile", *OPTIONS, *upgrade, *more, f"{name}.in", "--output-file", f"{name}.txt"]
        if code := subprocess.run(command, cwd=ROOT).returncode:
            return code
    peers = ROOT / "requirements-peers.txt"
    asked = (ROOT / "requirements-peers.in").read_text()
    peers.write_text(beside((ROOT / "requirements.txt").read_text(), peers.read_text(), asked))
    return 0


def blocks(text: str) -> dict[str, str]:
    """The packages of a lock by name, each with its hashes."""
    return {m[1]: block for block in re.split(r"\n(?=\w)", text) if (m := re.match(r"([\w.-]+)==", block))}


def beside(base: str, lock: str, asked: str) -> str:
    """A lock to be installed together with another: without its packages, with the builds that `asked` adds."""
    kept = [block.rstrip("\n") for package, block in blocks(lock).items() if package not in blocks(base)]
    added = re.findall(r"^# (\S+==.+) (--hash=sha256:\w+)$", asked, re.MULTILINE)
    return "\n".join(kept + [f"{build} \\\n    {digest}" for build, digest in added]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
