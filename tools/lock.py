"""requirements.in -> requirements.txt: one file with hashes for Python 3.11 to 3.13."""

from __future__ import annotations

import os
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
    command = [
        uv,
        "pip",
        "compile",
        *OPTIONS,
        *upgrade,
        "requirements.in",
        "--output-file",
        "requirements.txt",
    ]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
