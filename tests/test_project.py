"""The project's files: locked, complete, and saying the same as each other."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def unlocked(asked: str, locked: str) -> list[str]:
    """Requirements without a locked version, locked versions without a hash, addresses in the lock."""
    found = {normal(m[1]): m[2] for m in re.finditer(r"^([\w.-]+)==(\S+)(?:.*)$", locked, re.MULTILINE)}
    faults = []
    for line in asked.splitlines():
        name = re.match(r"[\w.-]+", line)
        if name and normal(name[0]) not in found:
            faults.append(f"{name[0]} is not locked")
    for block in re.split(r"\n(?=[\w])", locked):
        if re.match(r"[\w.-]+==", block) and "--hash=sha256:" not in block:
            faults.append(f"{block.splitlines()[0]} has no hash")
    faults += re.findall(r"^\s*--(?!hash).*|.*://.*", locked, re.MULTILINE)
    return faults


def test_requirements_are_locked() -> None:
    asked, locked = ((ROOT / f"requirements.{end}").read_text() for end in ("in", "txt"))
    assert unlocked(asked, locked) == []
    assert unlocked(asked + "absent\n", locked)
    assert unlocked(asked, "absent==1.0\n" + locked)
    peers = [(ROOT / f"requirements-peers.{end}").read_text() for end in ("in", "txt")]
    assert unlocked(*peers) == []
    assert not {normal(n) for n in re.findall(r"^([\w.-]+)==", locked, re.MULTILINE)} & {
        normal(n) for n in re.findall(r"^([\w.-]+)==", peers[1], re.MULTILINE)
    }  # they are installed together
    assert unlocked(asked, "--index-url https://elsewhere.example/\n" + locked)


def test_what_comes_from_npm_is_locked() -> None:
    lock = (ROOT / "tools" / "npm" / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in lock
    assert "resolved" not in lock
    assert {"node_modules/mathjax", "node_modules/pyodide"} <= set(json.loads(lock)["packages"])


HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("deb", "debian", "org"), ("archive", "ubuntu", "com"), ("security", "debian", "org"),
    )
]  # fmt: skip


def registries(files: dict[str, str]) -> list[str]:
    return [f"{name} names {host}" for name, text in files.items() for host in HOSTS if host in text.lower()]


def committed() -> dict[str, str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return {str(p.relative_to(ROOT)): p.read_text(errors="replace") for p in paths if p.is_file()}


def test_no_file_names_a_registry() -> None:
    assert registries(committed()) == []
    assert registries({"x": "https://" + HOSTS[0] + "/simple"})


def test_only_two_dependencies() -> None:
    assert {re.match(r"\w+", one)[0] for one in PROJECT["dependencies"]} == {"sympy", "lark"}  # type: ignore[index]
    assert PROJECT["requires-python"] == ">=3.11"
    assert PROJECT["scripts"] == {"elboproof": "elboproof.__main__:main"}
    assert set(PROJECT["optional-dependencies"]) == {"numeric", "book"}


def test_one_version_everywhere() -> None:
    version = PROJECT["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
    package = ROOT / "src" / "elboproof" / "__init__.py"
    stated = re.search(r'__version__ = "(.*)"', package.read_text()) if package.is_file() else None
    assert stated is None or stated[1] == version


TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE")
FILES = (*TEXTS, ".pre-commit-config.yaml", ".ci/run")


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_there(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_both_licences() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "MIT License" in text
    assert "creativecommons.org/licenses/by/4.0" in text


def test_ci_runs_make_test() -> None:
    assert re.search(r"^make test", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    flows = {p.stem: yaml.safe_load(p.read_text()) for p in (ROOT / ".github" / "workflows").glob("*.yml")}
    assert set(flows) == {"test", "publish"}
    for flow in flows.values():
        steps = [step.get("run") for job in flow["jobs"].values() for step in job["steps"]]
        assert "make test" in steps
    assert flows["test"]["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]


def test_make_lists_its_commands() -> None:
    shown = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in ("book", "chapters", "carry", "test", "lint", "serve", "lock", "clean"):
        assert f"make {name}" in shown


def test_a_port_that_is_taken() -> None:
    serving = [sys.executable, "tools/book.py", "--serve", "--port"]
    run = lambda port: subprocess.run([*serving, port], cwd=ROOT, capture_output=True, text=True, timeout=20)  # noqa: E731
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(str(port))
    assert (done.returncode, done.stderr) == (1, f"port {port} is taken: make serve PORT={port + 1}\n")
    done = run("99999")
    assert done.returncode == 1
    assert re.fullmatch(r"cannot serve at port 99999 \(.*\): make serve PORT=8001\n", done.stderr)
    told = subprocess.run(["make", "-n", "serve", "PORT=8001"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tools/book.py --serve --port 8001\n" in told.stdout


@pytest.mark.parametrize("name", ["decide", "families"])
def test_a_benchmark_names_the_python_it_needs(name: str) -> None:
    bare = [sys.executable, "-I", "-S", f"benchmarks/{name}.py"]
    done = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, timeout=20)
    ask = f".venv/bin/python benchmarks/{name}.py"
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.endswith(f"found none: {ask}\n")
    assert ask in (ROOT / "benchmarks" / f"{name}.py").read_text().split('"""')[1]


def test_the_pages_are_notebooks_that_are_not_run() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert config["execute"]["execute_notebooks"] == "off"
    assert config["only_build_toc_files"] is True


def lacking(chapters: Path) -> list[str]:
    return [p.name for p in sorted(chapters.glob("*.md")) if "name: python3" not in p.read_text()[:200]]


def test_chapters_name_the_kernel(tmp_path: Path) -> None:
    assert lacking(ROOT / "chapters") == []
    (tmp_path / "x.md").write_text("# No head\n")
    assert lacking(tmp_path) == ["x.md"]
