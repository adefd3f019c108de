"""Reads may go to a copy of the database that is behind; calls that write do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.db import connections
from django.test import override_settings

from django_kvstore import Store, models
from django_kvstore_db.sql import DIALECTS
from django_kvstore_testing.base import Base
from django_kvstore_testing.replicas import Replicas

TABLE = "replicated"


class Router:
    """Reads from one database and writes to another."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "db_copy"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "db_main"


class Alternating(Router):
    """Reads from the copy and from the database that takes the writes, in turn."""

    calls = 0

    def db_for_read(self, model: Any, **hints: Any) -> str:
        type(self).calls += 1
        return "db_copy" if self.calls % 2 else "db_main"


def copy_of(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the entry in DATABASES of a second, empty database of that kind."""
    name = f"{entry['NAME']}_copy"
    if kind == "postgresql":
        with connections["db_main"].cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
    elif kind == "mariadb":
        with connections["db_main"].cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE DATABASE `{name}`")
    return {**entry, "NAME": name}


def hasty(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the entry so that SQLite does not wait for the disk: nothing here outlives a crash."""
    if kind != "sqlite":
        return entry
    return {**entry, "OPTIONS": {"init_command": "PRAGMA synchronous = OFF"}}


def catch_up() -> None:
    """Make the copy's table what the other one is."""
    main, copy = connections["db_main"], connections["db_copy"]
    dialect = DIALECTS[main.vendor](TABLE)
    table = dialect.quote(TABLE)
    columns = ", ".join(map(dialect.quote, ("key", "expires", "value")))
    with main.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table}")
        rows = cursor.fetchall()
    with copy.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
        if rows:
            insert = f"INSERT INTO {table} ({columns}) VALUES (%s, %s, %s)"
            cursor.executemany(insert, rows)


@pytest.fixture(scope="class", params=["sqlite", "postgresql", "mariadb"])
def replicated(request: pytest.FixtureRequest, known_database: Any) -> Iterator[None]:
    """Make the store's table in one database of a kind, and in another that is its copy."""
    entry = hasty(request.getfixturevalue(request.param), request.param)
    with known_database("db_main", entry):
        copy = copy_of(entry, request.param)
        with known_database("db_copy", copy):
            for alias in ("db_main", "db_copy"):
                connection = connections[alias]
                dialect = DIALECTS[connection.vendor](TABLE)
                with connection.cursor() as cursor:
                    cursor.execute(f"DROP TABLE IF EXISTS {dialect.quote(TABLE)}")
                    for statement in dialect.create():
                        cursor.execute(statement, ())
            yield


@pytest.mark.usefixtures("replicated")
class OnReplicas(Base):
    """Checks on a store that reads where the router says."""

    router: ClassVar[type[Router]]

    @pytest.fixture
    def store_url(self) -> Iterator[str]:
        with override_settings(DATABASE_ROUTERS=[self.router()]):
            yield f"db://{TABLE}"

    def catch_up(self) -> None:
        catch_up()


class TestReadsFromACopy(OnReplicas, Replicas):
    router = Router

    def test_the_copy_is_behind_and_is_read(self, store: Store) -> None:
        store.set("key", "old")
        self.catch_up()
        store.set("key", "new")
        assert store.get("key") == "old"
        assert store.get_many(["key"]) == {"key": "old"}
        assert dict(store.items()) == {"key": "old"}
        store.delete("key")
        assert store.exists("key")
        assert list(store.keys()) == ["key"]
        assert store.count() == 1


class TestReadsFromEither(OnReplicas, Replicas):
    router = Alternating


class TestModels(OnReplicas):
    router = Router

    def test_get_or_create_ends_and_returns_what_is_stored(self, store_url: str) -> None:
        with override_settings(KEY_VALUE_STORES={"replicated": store_url}):

            class Visit(models.Model):
                page = models.CharField(pk=True)
                number = models.IntegerField(default=0)

                class Meta:
                    store = "replicated"

            Visit.delete_many(["home"])
            self.catch_up()
            first, created = Visit.get_or_create("home", {"number": 1})
            assert (first.number, created) == (1, True)
            again, created = Visit.get_or_create("home", {"number": 2})
            assert (again.number, created) == (1, False)
            self.catch_up()
            Visit.delete_many(["home"])
            third, created = Visit.get_or_create("home", {"number": 3})
            assert (third.number, created) == (3, True)
