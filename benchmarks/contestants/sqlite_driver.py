"""The floor of SQLite: the standard library's own module."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .sql_driver import SQLDriver

PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"


class SQLiteDriver(SQLDriver):
    name = "sqlite3"
    mark = "?"
    types = ("TEXT", "BLOB")

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / "floor.db"

    def connect(self) -> sqlite3.Connection:
        # No transaction of the module's own: each statement is one.
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        connection.executescript(PRAGMAS)
        return connection
