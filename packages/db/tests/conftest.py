"""The databases that the tests of ``db`` run on: SQLite always, PostgreSQL and MariaDB if there.

``def test_it(database, open_backend): open_backend().set("n:key", b"record", None)``
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connections
from django.db.backends import utils
from django.db.backends.base.base import BaseDatabaseWrapper

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_db import DBBackend
from django_kvstore_db.sql import DIALECTS
from servers.mariadb import MariaDB
from servers.postgresql import PostgreSQL

T = TypeVar("T")
OpenBackend: TypeAlias = Callable[..., DBBackend]
KnownDatabase: TypeAlias = Callable[
    [str, dict[str, Any]], AbstractContextManager[BaseDatabaseWrapper]
]
Elsewhere: TypeAlias = Callable[[Callable[[], T]], T]

# For db_faults; and spawned processes get this path, too, and with it the engine.
sys.path.append(str(Path(__file__).parent))


@contextmanager
def known(alias: str, entry: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """Let Django know of one more database for a while."""
    # Copied, because Django fills in what is not said, also inside.
    settings.DATABASES[alias] = {**entry, "OPTIONS": dict(entry.get("OPTIONS", {}))}
    connections.settings = connections.configure_settings(settings.DATABASES)
    connection = connections[alias]
    try:
        yield connection
    finally:
        connection.close()
        if connection.connection is not None:  # Django does not close what is in memory
            connection.connection.close()
        del connections[alias], settings.DATABASES[alias]
        connections.settings = connections.configure_settings(settings.DATABASES)


@pytest.fixture(scope="session")
def known_database() -> KnownDatabase:
    """Lets Django know of one more database for a while."""
    return known


@pytest.fixture(scope="session")
def postgresql(engine: Callable[..., Any]) -> dict[str, Any]:
    """The entry for DATABASES of a PostgreSQL."""
    return database_of(engine(PostgreSQL))


@pytest.fixture(scope="session")
def mariadb(engine: Callable[..., Any]) -> dict[str, Any]:
    """The entry for DATABASES of a MariaDB."""
    return {**database_of(engine(MariaDB)), "ENGINE": "pymysql_engine"}


def database_of(server: PostgreSQL | MariaDB) -> dict[str, Any]:
    name = f"db_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    server.create_database(name)
    return server.django_database(name)


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The entry for DATABASES of an SQLite file in WAL mode."""
    return sqlite_file(tmp_path_factory.mktemp("sqlite") / "db.sqlite3")


def sqlite_file(path: Path) -> dict[str, Any]:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    # No test cuts the power, so no commit waits for the disk.
    options = {"init_command": "PRAGMA synchronous = OFF"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to each kind of database in turn."""
    yield from open_database(request.param, request)


@pytest.fixture
def mysql(request: pytest.FixtureRequest) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to MariaDB, for a test that is about it alone."""
    yield from open_database("mariadb", request)


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to PostgreSQL, for a test that is about it alone."""
    yield from open_database("postgresql", request)


@pytest.fixture
def file(request: pytest.FixtureRequest) -> Iterator[BaseDatabaseWrapper]:
    """Django's connection to SQLite, for a test that is about it alone."""
    yield from open_database("sqlite", request)


@pytest.fixture(params=["postgres", "mysql"])
def server(request):
    """Django's connection to each database that is a server."""
    return request.getfixturevalue(request.param)


def open_database(kind: str, request: pytest.FixtureRequest) -> Iterator[BaseDatabaseWrapper]:
    with known(f"db_{kind}", request.getfixturevalue(kind)) as connection:
        yield connection
        connection.close()  # whatever state the test left it in
        drop_tables(connection)


def drop_tables(connection: BaseDatabaseWrapper) -> None:
    dialect = DIALECTS[connection.vendor]
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE {dialect(name).quote(name)}", ())


@pytest.fixture
def open_backend() -> OpenBackend:
    """Opens a store's backend, its table made."""

    def open_one(
        using: str | None, table: str = "kvstore", *, provision: bool = True, **given: str
    ) -> DBBackend:
        query = urlencode({"using": using, **given} if using else given)
        url = StoreURL.parse(f"db://{quote(table, safe='')}?{query}")
        params = read_params(DBBackend.params, url.params, where="the URL")
        backend = DBBackend("kept", url, params)
        if provision:
            backend.provision()
        return backend

    return open_one


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The cursors that Django has made, for whatever statement."""
    cursors: list[object] = []
    initialize = utils.CursorWrapper.__init__

    def note(self: Any, cursor: Any, db: Any) -> None:
        cursors.append(cursor)
        initialize(self, cursor, db)

    monkeypatch.setattr(utils.CursorWrapper, "__init__", note)
    return cursors


@pytest.fixture
def backend(database: BaseDatabaseWrapper, open_backend: OpenBackend) -> DBBackend:
    """A store's backend with the cell of db_operations."""
    backend = open_backend(database.alias)
    backend.set("n:key", b"record", None)
    return backend


@pytest.fixture
def elsewhere() -> Elsewhere:
    """Runs a function on a thread of its own, and so on connections of its own."""

    def run(function: Callable[[], T]) -> T:
        results: list[T] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                results.append(function())
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test is to see it
                errors.append(error)
            finally:
                connections.close_all()

        # A daemon, so that one which waits for ever fails the test and not the whole run.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(timeout=60)
        assert not thread.is_alive(), "it waits for something that does not come"
        if errors:
            raise errors[0]
        return results[0]

    return run


@pytest.fixture
def other_database() -> Iterator[Callable[[str, dict[str, Any]], BaseDatabaseWrapper]]:
    """Lets Django know of one more database until the test ends."""
    with ExitStack() as stack:
        yield lambda alias, entry: stack.enter_context(known(alias, entry))
