"""What every test needs: a configured Django, and the engines it asks for.

``def test_it(engine): server = engine(PostgreSQL)`` starts one server a run, or skips with what to
install; with ``KVSTORE_REQUIRE_ENGINES=1`` in the environment a skipped engine is a failure. With
``--quick`` no server is started at all.
"""

from __future__ import annotations

import functools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from django.conf import settings

from servers.server import Server
from servers.sharing import shared

# Machines differ, and a slow one is not a failure. `hatch run nightly` sets the variable.
hypothesis.settings.register_profile("usual", deadline=None, max_examples=200)
hypothesis.settings.register_profile("nightly", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("nightly" if os.environ.get("KVSTORE_NIGHTLY") == "1" else "usual")

REQUIRED = os.environ.get("KVSTORE_REQUIRE_ENGINES") == "1"

#: What became of each engine in this run, and in those of xdist's workers.
_report: dict[str, str] = {
    "locmem": "tested",
    "SQLite": f"tested, {sqlite3.sqlite_version}",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="skip the tests that start a server")


def pytest_configure(config: pytest.Config) -> None:
    """Configure Django before any test module is imported."""
    folder = Path(tempfile.mkdtemp(prefix="kvs-django-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    settings.configure(
        SECRET_KEY="no secret, but fifty characters long and of several kinds",
        USE_TZ=True,
        INSTALLED_APPS=["django_kvstore"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(folder / "default.db"),
                # No test cuts the power, so no commit waits for the disk.
                "OPTIONS": {"init_command": "PRAGMA synchronous = OFF"},
            }
        },
        KEY_VALUE_STORES={},
    )
    django.setup()


@pytest.hookimpl(optionalhook=True)  # xdist may be switched off
def pytest_xdist_auto_num_workers() -> int | None:
    """Run one worker more than there are processors.

    Tests wait for servers, for time limits and for entries to expire, while others can run. The
    variable PYTEST_XDIST_AUTO_NUM_WORKERS still says how many there are.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) + 1


EngineFactory = Callable[..., Any]


@pytest.fixture(scope="session")
def engine(
    tmp_path_factory: pytest.TempPathFactory, available: Callable[..., None]
) -> Iterator[EngineFactory]:
    """Give ``engine(ServerClass)``: one running server for the whole run, never to be killed.

    ``name`` tells apart several of one class; ``optional`` servers are skipped even where a
    skipped engine is a failure.
    """
    started: dict[str, Server] = {}
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent

    with ExitStack() as stack:

        def get(kind: type[Server], *, name: str = "", optional: bool = False) -> Server:
            label = name or kind.__name__.lower()
            if label not in started:
                server = kind()
                available(server, optional=optional)
                started[label] = stack.enter_context(shared(server, place, name=name))
            return started[label]

        yield get


def check_available(server: Server, *, optional: bool = False, quick: bool = False) -> None:
    """Note that the engine is tested; or skip, or fail, with what to install."""
    reason = "not in a quick run" if quick else server.available()
    _report[server.name] = f"NOT TESTED: {reason}" if reason else "tested"
    if reason and REQUIRED and not optional and not quick:
        pytest.fail(f"{server.name} is required here: {reason}")
    if reason:
        pytest.skip(f"{server.name}: {reason}")


@pytest.fixture(scope="session")
def available(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Give `check_available`, for tests that start, kill and restart a server of their own."""
    return functools.partial(check_available, quick=request.config.getoption("quick"))


class _WorkersReports:
    """Gathers what xdist's workers report; registered only where there are workers."""

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        _report.update(getattr(node, "workeroutput", {}).get("kvstore_engines", {}))


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("dsession"):
        session.config.pluginmanager.register(_WorkersReports())


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["kvstore_engines"] = dict(_report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the last lines what was tested on what."""
    terminalreporter.section("engines")
    width = max(map(len, _report))
    for name, outcome in sorted(_report.items(), key=lambda item: item[0].lower()):
        terminalreporter.line(f"{name:<{width}}  {outcome}")
