"""Each mistake made once in a run: ``def test_it(made): made(mistake).message``."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pymysql
import pytest

from django_kvstore import get_kvstore

from .acting import configured, everything, make, message
from .bare import Bare
from .mistake import Mistake
from .place import Place


class Made(NamedTuple):
    """What was raised, as the page shows it, and all that a log would have."""

    message: str
    everything: str


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-page", action="store_true", help="write docs/messages.md anew")


@pytest.fixture(scope="session")
def place(engine: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Give the servers behind the page's ports."""
    pymysql.install_as_MySQLdb()
    with Place(engine, tmp_path_factory.mktemp("installed")) as place:
        yield place


@pytest.fixture(scope="session")
def made(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mistake], Made | None]:
    """Give ``made(mistake)``: what came of it."""
    known: dict[Mistake, Made | None] = {}
    bare: dict[tuple[str, ...], Bare] = {}

    def once(mistake: Mistake) -> Made | None:
        if mistake not in known:
            settings = place.real(mistake.settings)
            if mistake.installed is not None:
                if mistake.installed not in bare:
                    folder: Path = tmp_path_factory.mktemp("bare")
                    bare[mistake.installed] = Bare(mistake.installed, folder)
                raised = bare[mistake.installed].make(settings, mistake.scene, mistake.call)
                known[mistake] = None if raised is None else Made(*raised)
            else:
                known[mistake] = here(mistake, settings)
        return known[mistake]

    def here(mistake: Mistake, settings: str) -> Made | None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path_factory.mktemp("shop"))
            for name in ("DATASTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
                patch.delenv(name, raising=False)
            sessions = get_kvstore("db://sessions")
            sessions.backend.provision()
            try:
                with configured(settings, place.real(mistake.shell)):
                    error = make(mistake.scene, mistake.call, {"place": place})
            finally:
                sessions.clear()
                place.tidy_up()
                gc.collect()  # classes of models, lest other tests' checks find them
        if error is None:
            return None
        return Made(place.shown(message(error)), place.shown(everything(error)))

    return once
