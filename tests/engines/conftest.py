"""An empty store on each engine, by its URL alone.

``def test_it(url_of): url_of("postgresql")``
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from django_kvstore import get_kvstore
from servers.datastore import Datastore
from servers.mariadb import MariaDB
from servers.memcached import Memcached
from servers.postgresql import PostgreSQL
from servers.simpledb import SimpleDB
from servers.tyrant import TyrantStandIn

URLOf = Callable[[str], str]

ITERABLE = ["locmem", "sqlite", "postgresql", "mariadb", "tyrant", "sdb", "gae"]
ENGINES = [*ITERABLE, "memcached"]


@pytest.fixture(scope="session")
def databases(
    engine: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """Give ``databases(kind)``: the alias of a database of that kind, made known to Django."""
    pymysql.install_as_MySQLdb()
    name = f"engines_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    known: dict[str, str] = {}

    def entry(kind: str) -> dict[str, Any]:
        if kind == "sqlite":
            path: Path = tmp_path_factory.mktemp("engines") / "engines.sqlite3"
            # No test cuts the power, so no commit waits for the disk.
            options = {"init_command": "PRAGMA synchronous = OFF"}
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}
        server = engine({"postgresql": PostgreSQL, "mariadb": MariaDB}[kind])
        server.create_database(name)
        found: dict[str, Any] = server.django_database(name)
        return found

    def alias(kind: str) -> str:
        if kind not in known:
            known[kind] = f"engines_{kind}"
            settings.DATABASES[known[kind]] = entry(kind)
            connections.settings = connections.configure_settings(settings.DATABASES)
        return known[kind]

    yield alias
    for alias_ in known.values():
        connections[alias_].close()
        del connections[alias_], settings.DATABASES[alias_]
    connections.settings = connections.configure_settings(settings.DATABASES)


@pytest.fixture
def url_of(
    engine: Callable[..., Any],
    databases: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> URLOf:
    """Give ``url_of(engine)``: the URL of an empty store, provisioned; another one each time."""

    def url(kind: str) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        if kind in ("sqlite", "postgresql", "mariadb"):
            found = f"db://{name}?using={databases(kind)}"
        elif kind == "sdb":
            keys = "aws_access_key=key&aws_secret_access_key=hunter2&region=us-east-1"
            found = f"sdb://{name}?{keys}&endpoint_url={engine(SimpleDB).url}"
        elif kind == "gae":
            monkeypatch.setenv("DATASTORE_EMULATOR_HOST", engine(Datastore).address)
            found = f"gae://engines/{name}"
        elif kind == "tyrant":
            found = f"tyrant://{engine(TyrantStandIn).address}?namespace={name}"
        elif kind == "memcached":
            found = f"memcached://{engine(Memcached).address}?namespace={name}"
        else:
            found = f"locmem://{name}"
        get_kvstore(found).backend.provision()
        return found

    return url


@pytest.fixture
def configured(url_of: URLOf) -> Iterator[Callable[..., Any]]:
    """Give ``configured(default="sqlite")``: settings whose aliases are stores on those engines."""
    entered = []

    def configure(**kinds: str) -> dict[str, str]:
        stores = {alias: url_of(kind) for alias, kind in kinds.items()}
        change = override_settings(KEY_VALUE_STORES=stores)
        change.enable()
        entered.append(change)
        return stores

    yield configure
    for change in reversed(entered):
        change.disable()
