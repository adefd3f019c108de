"""Measures what the documentation says was learnt on the way, one line for each fact.

``hatch run bench:facts``

Times are minima, which other programs disturb the least.
"""

from __future__ import annotations

import base64
import pickle
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ormsgpack
import psycopg
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, connections

from servers.postgresql import PostgreSQL

from .contestants.django_cache import cache_settings
from .contestants.sqlite_driver import PRAGMAS
from .databases import sqlite_entry
from .stage import Missing, Stage
from .workload import document

Fact = tuple[str, float]


def least(call: Callable[[], Any], *, calls: int = 200, turns: int = 25) -> float:
    """Return the seconds of one call, of the quickest turn."""
    found = []
    for _ in range(turns):
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        found.append((time.perf_counter() - begun) / calls)
    return min(found)


def ladder() -> Iterator[Fact]:
    """From the bare module up to what Django's documentation writes, one step after the other."""
    with connection.cursor() as made:
        made.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB)")
        made.execute("INSERT INTO rows VALUES ('k', %s)", [b"x" * 200])
    django, bare = "SELECT value FROM rows WHERE key = %s", "SELECT value FROM rows WHERE key = ?"
    plain = connection.connection
    kept = connection.cursor()
    inner = kept.cursor

    def anew() -> Any:
        cursor = connection.cursor()
        cursor.execute(django, ("k",))
        return cursor.fetchone()

    def within() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(django, ("k",))
            return cursor.fetchone()

    def by_alias() -> Any:
        with connections["default"].cursor() as cursor:
            cursor.execute(django, ("k",))
            return cursor.fetchone()

    yield "the module itself", least(lambda: plain.execute(bare, ("k",)).fetchone())
    yield (
        "Django's inner cursor, which rewrites %s",
        least(lambda: inner.execute(django, ("k",)).fetchone()),
    )
    yield "its wrapper, kept", least(lambda: (kept.execute(django, ("k",)), kept.fetchone()))
    yield "a new cursor", least(anew)
    yield "in a with", least(within)
    yield "and connections[alias]", least(by_alias)


def tables(folder: Path) -> Iterator[Fact]:
    """Reading 10 KB from a table with and without row ids, and writing rows one by one and not."""
    line = sqlite3.connect(folder / "facts.db", isolation_level=None)
    line.executescript(PRAGMAS)
    for name, end in (("with", ""), ("without", " WITHOUT ROWID")):
        line.execute(f"CREATE TABLE {name}_rowid (key TEXT PRIMARY KEY, value BLOB){end}")
        rows = ((f"user:{n:06}", bytes([n % 251]) * 10_000) for n in range(5000))
        line.executemany(f"INSERT INTO {name}_rowid VALUES (?, ?)", rows)
        keys = iter([f"user:{n * 7919 % 5000:06}" for n in range(100_000)])
        text = f"SELECT value FROM {name}_rowid WHERE key = ?"
        yield (
            f"SQLite, reading 10 KB {name} row ids",
            least(lambda text=text, keys=keys: line.execute(text, (next(keys),)).fetchone()),  # type: ignore[misc]
        )
    line.execute("CREATE TABLE upserts (key TEXT PRIMARY KEY, value BLOB)")
    number = iter(range(10**9))
    for rows_at_once in (1, 10, 100, 250, 1000):
        marks = ", ".join(["(?, ?)"] * rows_at_once)
        text = (
            f"INSERT INTO upserts VALUES {marks} "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )

        def upsert(text: str = text, rows_at_once: int = rows_at_once) -> None:
            given: list[Any] = []
            for n in range(rows_at_once):
                given += (f"user:{n:06}", next(number).to_bytes(8, "big") * 25)
            line.execute(text, given)

        each = least(upsert, calls=max(1, 200 // rows_at_once)) / rows_at_once
        yield f"SQLite, a row of an upsert of {rows_at_once}", each
    line.close()


def counted_cache() -> Iterator[Fact]:
    """DatabaseCache counts its table at each write."""
    call_command("createcachetable", verbosity=0)
    cache = caches["database"]
    number = iter(range(10**9))
    held = 0
    for rows in (1_000, 10_000, 100_000):
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO facts_cache VALUES (%s, %s, '9999-12-31 23:59:59')",
                [(f":1:fill:{n}", "gAVLAS4=") for n in range(held, rows)],
            )
        held = rows
        seconds = least(lambda: cache.set("key", next(number)), calls=20, turns=15)
        yield f"DatabaseCache.set with {rows:,} rows", seconds


def serializing() -> Iterator[Fact]:
    """What 10 KB cost before any engine is asked."""
    value = document(10_000, 1)
    pickled, packed = pickle.dumps(value), ormsgpack.packb(value)
    text = base64.b64encode(pickled)
    yield "10 KB, pickle both ways", least(lambda: pickle.loads(pickle.dumps(value)))
    yield "10 KB, base64 both ways", least(lambda: base64.b64decode(base64.b64encode(pickled)))
    yield "10 KB, ormsgpack both ways", least(lambda: ormsgpack.unpackb(ormsgpack.packb(value)))
    assert base64.b64decode(text) == pickled
    assert ormsgpack.unpackb(packed) == value


def postgresql(stage: Stage) -> Iterator[Fact]:
    """Ways to write a hundred rows, and whether a statement is prepared that one asks for."""
    server = stage.server(PostgreSQL())
    place: dict[str, Any] = {"host": server.host, "port": server.port, "user": "postgres"}
    line: Any = psycopg.connect(
        **place, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.ClientCursor
    )
    cursor = line.cursor()
    cursor.execute("CREATE TABLE cells (key bytea PRIMARY KEY, value bytea)")
    end = " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    number = iter(range(10**9))

    def rows() -> list[tuple[bytes, bytes]]:
        return [(b"user:%06d" % n, next(number).to_bytes(8, "big") * 25) for n in range(100)]

    many = f"INSERT INTO cells VALUES {', '.join(['(%s, %s)'] * 100)}{end}"
    one = f"INSERT INTO cells VALUES (%s, %s){end}"
    nested = f"INSERT INTO cells SELECT * FROM unnest(%s::bytea[], %s::bytea[]){end}"
    yield (
        "PostgreSQL, 100 rows in VALUES",
        least(lambda: cursor.execute(many, [each for row in rows() for each in row]), calls=5),
    )
    yield (
        "PostgreSQL, 100 rows by executemany",
        least(lambda: cursor.executemany(one, rows()), calls=5),
    )
    yield (
        "PostgreSQL, 100 rows by unnest",
        least(lambda: cursor.execute(nested, list(map(list, zip(*rows(), strict=True)))), calls=5),
    )
    for threshold in (None, 5):
        other: Any = psycopg.connect(**place, autocommit=True, prepare_threshold=threshold)
        for _ in range(20):
            other.execute("SELECT value FROM cells WHERE key = %s", (b"x",), prepare=True)
        (found,) = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        print(f"psycopg, prepare=True, prepare_threshold={threshold}: {found} statements prepared")
        other.close()
    line.close()


def main() -> None:
    with Stage() as stage:
        stage.configure(
            DATABASES={"default": sqlite_entry(stage.folder / "django.db", PRAGMAS)},
            CACHES={
                "default": cache_settings("dummy.DummyCache"),
                "database": cache_settings("db.DatabaseCache", "facts_cache"),
            },
        )
        for facts in (ladder(), tables(stage.folder), counted_cache(), serializing()):
            for text, seconds in facts:
                print(f"{text}: {seconds * 1e6:.1f} µs", flush=True)
        connections.close_all()
        try:
            for text, seconds in postgresql(stage):
                print(f"{text}: {seconds * 1e6:.1f} µs", flush=True)
        except Missing as missing:
            print(missing)


if __name__ == "__main__":
    main()
