"""What several test files share: where things are, and a browser."""

from __future__ import annotations

import functools
import http.server
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
_CHEAP = (Phase.explicit, Phase.generate)  # shrinking an exact claim may take minutes: ask for it by the deep profile
settings.register_profile(
    "quick", derandomize=True, max_examples=20, deadline=None, phases=_CHEAP, suppress_health_check=_SLOW
)
settings.register_profile("deep", max_examples=3000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host can be reached
]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def html() -> Path:
    """The built site."""
    built = ROOT / "_build" / "html"
    if not (built / "index.html").is_file():
        pytest.fail("there is no site in _build/html: make book")
    return built


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder at an address of this machine."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    import chromium

    path = chromium.found()
    if path is None:
        message = f"{chromium.ABSENT}, so no page was opened"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(html: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site, not at the root of its server."""
    root = tmp_path_factory.mktemp("server")
    (root / "some" / "where").mkdir(parents=True)
    (root / "some" / "where" / "deep").symlink_to(html)
    with served(root) as where:
        yield f"{where}/some/where/deep"


@pytest.fixture(scope="session")
def session(browser: Any) -> Iterator[Any]:
    """Pages that share what they have fetched."""
    import browser_checks

    context = browser_checks.session(browser)
    yield context
    context.close()


HEAVY = (
    *("test_live", "test_pages", "test_live_python", "test_interactive", "test_laws", "ledger", "test_cli"),
    *("test_figures", "test_reach"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long first, so that two workers end together; `make test` keeps this order."""
    place = {name: i for i, name in enumerate(HEAVY)}
    items.sort(key=lambda item: place.get(item.path.stem, len(HEAVY)))
