"""The floor of a database: its bare driver, a text for each call made beforehand.

``class SQLiteDriver(SQLDriver)`` says how to connect, and what its SQL is.
"""

from __future__ import annotations

import copy
import threading
from typing import Any, ClassVar

from ormsgpack import packb, unpackb

from ..contestant import KeyValue, Role


class SQLDriver(KeyValue):
    """One connection and one cursor, in autocommit; in a crowd, one of these in each thread."""

    role: Role = "floor"
    note = "with ormsgpack"

    mark: ClassVar[str] = "%s"
    #: The columns' types: a key, a value.
    types: ClassVar[tuple[str, str]]
    overwrite: ClassVar[str] = "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    leave: ClassVar[str] = "ON CONFLICT (key) DO NOTHING"

    def __init__(self) -> None:
        self._threads = threading.local()
        key, mark = self.quote("key"), self.mark
        self._get = f"SELECT value FROM cells WHERE {key} = {mark}"
        self._delete = f"DELETE FROM cells WHERE {key} = {mark}"
        self._insert = f"INSERT INTO cells ({key}, value) VALUES "
        self._row = f"({mark}, {mark})"
        self._set = f"{self._insert}{self._row} {self.overwrite}"
        self._add = f"{self._insert}{self._row} {self.leave}"
        self._swap = f"UPDATE cells SET value = {mark} WHERE {key} = {mark} AND value = {mark}"
        self._texts: dict[tuple[str, int], str] = {}

    def quote(self, name: str) -> str:
        return name

    def connect(self) -> Any:
        """Return a new connection in autocommit."""
        raise NotImplementedError

    def open(self) -> None:
        self._connect()
        key, value = self.types
        name = self.quote("key")
        self._execute(f"CREATE TABLE cells ({name} {key} PRIMARY KEY, value {value} NOT NULL)")

    def _connect(self) -> None:
        self._connection = self.connect()
        self._cursor = self._connection.cursor()
        self._execute = self._cursor.execute
        self._one = self._cursor.fetchone

    def close(self) -> None:
        self._connection.close()

    def of_thread(self) -> SQLDriver:
        try:
            return self._threads.member  # type: ignore[no-any-return]
        except AttributeError:
            member = self._threads.member = copy.copy(self)
            member._connect()
            return member

    def close_thread(self) -> None:
        self.of_thread().close()

    def clear(self) -> None:
        self._execute("DELETE FROM cells")

    def get(self, key: str) -> Any:
        self._execute(self._get, (key,))
        row = self._one()
        return None if row is None else unpackb(row[0])

    def set(self, key: str, value: Any) -> None:
        self._execute(self._set, (key, packb(value)))

    def delete(self, key: str) -> bool:
        self._execute(self._delete, (key,))
        return bool(self._cursor.rowcount)

    def add(self, key: str, value: Any) -> bool:
        self._execute(self._add, (key, packb(value)))
        return bool(self._cursor.rowcount)

    def incr(self, key: str) -> int:
        # By comparing, so that a counter is a value like the others, and can be read like them.
        while True:
            self._execute(self._get, (key,))
            row = self._one()
            if row is None:
                if self.add(key, 1):
                    return 1
                continue
            total: int = unpackb(row[0]) + 1
            self._execute(self._swap, (packb(total), key, row[0]))
            if self._cursor.rowcount:
                return total

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        key = self.quote("key")
        self._execute(self._of(f"SELECT {key}, value FROM cells WHERE {key} IN", keys), keys)
        return {name: unpackb(data) for name, data in self._cursor.fetchall()}

    def set_many(self, values: dict[str, Any]) -> None:
        given: list[Any] = []
        for key, value in values.items():
            given += (key, packb(value))
        text = self._texts.get(("set", len(values)))
        if text is None:
            rows = ", ".join([self._row] * len(values))
            text = self._texts["set", len(values)] = f"{self._insert}{rows} {self.overwrite}"
        self._execute(text, given)

    def delete_many(self, keys: list[str]) -> int:
        self._execute(self._of(f"DELETE FROM cells WHERE {self.quote('key')} IN", keys), keys)
        return int(self._cursor.rowcount)

    def _of(self, begin: str, keys: list[str]) -> str:
        text = self._texts.get((begin, len(keys)))
        if text is None:
            text = f"{begin} ({', '.join([self.mark] * len(keys))})"
            self._texts[begin, len(keys)] = text
        return text

    def walk(self) -> int:
        self._execute(f"SELECT {self.quote('key')}, value FROM cells")
        return sum(1 for _ in ((key, unpackb(data)) for key, data in self._cursor))

    def walk_keys(self) -> int:
        self._execute(f"SELECT {self.quote('key')} FROM cells")
        return sum(1 for _ in self._cursor)
