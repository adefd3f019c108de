"""The floor of SQLite: the standard library's module, a prepared text for each call."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from ormsgpack import packb, unpackb

from ..contestant import KeyValue, Role
from ..workload import MANY

PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"

_GET = "SELECT value FROM cells WHERE key = ?"
_SET = (
    "INSERT INTO cells (key, value) VALUES {rows} "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_ADD = "INSERT INTO cells (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_INCR = (
    "INSERT INTO counters (key, number) VALUES (?, 1) "
    "ON CONFLICT (key) DO UPDATE SET number = number + 1 RETURNING number"
)
_MARKS = ", ".join("?" * MANY)


class SQLiteDriver(KeyValue):
    name = "sqlite3"
    role: Role = "floor"
    note = "with ormsgpack"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "floor.db"
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        connection.executescript(PRAGMAS)
        self._local.execute = connection.execute
        self._local.connection = connection
        return connection

    def open(self) -> None:
        connection = self._connect()
        connection.execute("CREATE TABLE cells (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
        connection.execute("CREATE TABLE counters (key TEXT PRIMARY KEY, number INTEGER NOT NULL)")

    def close(self) -> None:
        self.close_thread()

    def close_thread(self) -> None:
        self._local.connection.close()

    @property
    def _execute(self) -> Any:
        try:
            return self._local.execute
        except AttributeError:
            return self._connect().execute

    def clear(self) -> None:
        self._execute("DELETE FROM cells")
        self._execute("DELETE FROM counters")

    def get(self, key: str) -> Any:
        row = self._execute(_GET, (key,)).fetchone()
        return None if row is None else unpackb(row[0])

    def set(self, key: str, value: Any) -> None:
        self._execute(_SET_ONE, (key, packb(value)))

    def delete(self, key: str) -> bool:
        return bool(self._execute("DELETE FROM cells WHERE key = ?", (key,)).rowcount)

    def add(self, key: str, value: Any) -> bool:
        return bool(self._execute(_ADD, (key, packb(value))).rowcount)

    def incr(self, key: str) -> int:
        ((number,),) = self._execute(_INCR, (key,)).fetchall()
        return int(number)

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        marks = _MARKS if len(keys) == MANY else ", ".join("?" * len(keys))
        rows = self._execute(f"SELECT key, value FROM cells WHERE key IN ({marks})", keys)
        return {key: unpackb(data) for key, data in rows}

    def set_many(self, values: dict[str, Any]) -> None:
        given: list[Any] = []
        for key, value in values.items():
            given += (key, packb(value))
        self._execute(_SET.format(rows=", ".join(["(?, ?)"] * len(values))), given)

    def delete_many(self, keys: list[str]) -> int:
        marks = _MARKS if len(keys) == MANY else ", ".join("?" * len(keys))
        return int(self._execute(f"DELETE FROM cells WHERE key IN ({marks})", keys).rowcount)

    def walk(self) -> int:
        rows = self._execute("SELECT key, value FROM cells")
        return sum(1 for _ in ((key, unpackb(data)) for key, data in rows))

    def walk_keys(self) -> int:
        return sum(1 for _ in self._execute("SELECT key FROM cells"))


_SET_ONE = _SET.format(rows="(?, ?)")
