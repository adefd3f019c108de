"""The backend itself: which statement each operation sends, and how its answer is read.

``DBBackend`` is what ``db://kvstore?using=replica`` opens.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Any, Final, TypeVar

from django.core import checks
from django.db import Error, connections

from django_kvstore.backend import Backend, KeyPage, Page, Write
from django_kvstore.errors import Conflict
from django_kvstore.params import Param
from django_kvstore.url import StoreURL

from . import cells
from .forking import abandon
from .recovery import Recovery
from .session import Session
from .table import Table

T = TypeVar("T")

#: The most cells, and the most bytes of keys and records, in one statement.
CHUNK_CELLS: Final = 500
CHUNK_BYTES: Final = 3 * 1024 * 1024
#: For how long changes lock at once after one of them was found to compete with others.
CROWDED_SECONDS: Final = 1.0

#: For how long, on SQLite, losing to others is put up with.
PATIENCE_SECONDS: Final = 1.0


class DBBackend(Backend):
    """Entries in a table, reached by Django's own connections."""

    scheme = "db"
    params = (
        Param("using", str, None, "The database's alias in DATABASES; without it, routers decide."),
    )

    atomic = True
    iterable = True
    clearable = True
    expires_itself = True
    transactional = True
    thread_sensitive = True

    # A comparison sends two records. Escaping may double them, and MariaDB drops the connection
    # for a packet of more than 16 MiB.
    cell_bytes = CHUNK_BYTES

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self.table = Table(url, self.options["using"], alias)
        self._crowded_until = 0.0

    # Single cells.

    def get(self, key: str) -> bytes | None:
        return cells.get(self._reading(), key)

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        session = self._writing()
        session.write(session.sql.set, (key.encode(), expires, record))

    def delete(self, key: str) -> bool:
        session = self._writing()
        return session.write(session.sql.delete, (key.encode(), time.time())) > 0

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        return cells.add(self._writing(), key, record, expires)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return cells.swap(self._writing(), key, old, Write(new, expires))

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        session = self._writing()
        can_lock = bool(session.sql.for_update)
        # Comparing takes two statements, locking a transaction of two; so compare, until others
        # are seen to be about. On SQLite, whose waiters sleep and look, comparing mostly wins; but
        # one who has lost for a second may go on losing, and waits for the lock instead.
        lock = session.in_transaction() or (can_lock and time.monotonic() < self._crowded_until)
        begun, pause = time.monotonic(), 0.0005
        deadline = begun + self.contention_timeout
        while True:
            with session.turn():
                if (cells.change_locked if lock else cells.change)(session, key, change):
                    return
            if time.monotonic() > deadline:
                raise self.error(
                    Conflict,
                    f"others kept changing the entry for {self.contention_timeout:g} s.",
                    hint="Nothing was written; try again, or spread the load over more keys.",
                )
            if can_lock:
                lock, self._crowded_until = True, time.monotonic() + CROWDED_SECONDS
            elif not lock and time.monotonic() > begun + PATIENCE_SECONDS:
                lock = True
            elif not lock:
                # Full jitter: contenders that lost together do not come back together.
                time.sleep(random.uniform(0, pause))
                pause = min(pause * 2, 0.05)

    # Many cells.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        session = self._reading()
        found: dict[str, bytes] = {}
        for names in _chunks(dict.fromkeys(key.encode() for key in keys), len):
            statement = session.sql.get_many(len(names))
            for name, record in session.rows(statement, (*names, time.time())):
                found[bytes(name).decode()] = bytes(record)
        return found

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        session = self._writing()
        # All writers lock them in the order of keys, so that none waits for another in a circle.
        ordered = sorted((key.encode(), record) for key, record in cells.items())
        for chunk in _chunks(ordered, lambda cell: len(cell[0]) + len(cell[1])):
            params = [part for name, record in chunk for part in (name, expires, record)]
            session.write(session.sql.set_many(len(chunk)), params)

    def delete_many(self, keys: Sequence[str]) -> int:
        session = self._writing()
        total = 0
        for names in _chunks(sorted({key.encode() for key in keys}), len):
            total += session.write(session.sql.delete_many(len(names)), (*names, time.time()))
        return total

    # All cells of a prefix.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        session = self._reading()
        statement = session.sql.first_page if cursor is None else session.sql.next_page
        rows = session.rows(statement, _range(prefix, cursor, time.time(), limit))
        cells = [(bytes(name).decode(), bytes(record)) for name, record in rows]
        return Page(cells, cells[-1][0] if len(cells) == limit else None)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        session = self._reading()
        statement = session.sql.first_keys if cursor is None else session.sql.next_keys
        rows = session.rows(statement, _range(prefix, cursor, time.time(), limit))
        keys = [bytes(name).decode() for (name,) in rows]
        return KeyPage(keys, keys[-1] if len(keys) == limit else None)

    def count(self, prefix: str) -> int:
        session = self._reading()
        return int(session.row(session.sql.count, _range(prefix, None, time.time()))[0])

    def clear(self, prefix: str) -> int:
        # What has expired is not there any more, so it does not count.
        self.purge(prefix, time.time())
        session = self._writing()
        return session.write(session.sql.clear, _range(prefix, None))

    def purge(self, prefix: str, now: float) -> int:
        session = self._writing()
        total = 0
        while True:
            found = session.rows(session.sql.expired, (now, *_range(prefix, None, CHUNK_CELLS)))
            names = sorted(bytes(name) for (name,) in found)
            if not names:
                return total
            # The time again: what others wrote anew in between has not expired.
            purged = session.write(session.sql.purge(len(names)), (*names, now))
            total += purged
            if not purged or len(names) < CHUNK_CELLS:
                return total

    # The table. Connections are Django's own: it opens them where they are needed, one for each
    # thread, and closes them at the end of a request or when they are too old. So there is
    # nothing to do in `close` and `close_old`.

    def provision(self) -> bool:
        recovery: Recovery | None = None
        while True:
            try:
                return self.table.provision()
            except Error as error:
                recovery = recovery or Recovery(self, self.table.for_write())
                recovery.settle(error, writes=False)

    def provisions_on_migrate(self, using: str) -> bool:
        return self.table.for_write().alias == using

    def check(self, **kwargs: Any) -> Iterator[checks.CheckMessage]:
        if not kwargs:
            yield from self.table.check()
        for database in kwargs.get("databases") or ():
            # A database that is out of reach is not a matter of its tables.
            with contextlib.suppress(Error):
                yield from self.table.check_database(database, self.alias)

    def forked(self) -> None:
        self.table.queue = RLock()
        for connection in connections.all(initialized_only=True):
            if self.table.may_lie_in(connection.alias):
                abandon(connection)

    def _reading(self) -> Session:
        return Session(self, self.table, self.table.for_read())

    def _writing(self) -> Session:
        return Session(self, self.table, self.table.for_write())


def _range(prefix: str, cursor: str | None, *more: float) -> tuple[bytes | float, ...]:
    """Return the parameters of a walk: where it begins, before what it ends, and `more`."""
    begin = prefix.encode()
    # UTF-8 uses neither 0xFF nor 0xF5 to 0xFE: the last byte can always be one higher.
    end = begin[:-1] + bytes([begin[-1] + 1]) if begin else b"\xff"
    # A cursor that comes from elsewhere must not widen the walk.
    return (begin if cursor is None else max(begin, cursor.encode()), end, *more)


def _chunks(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Split the items for statements of up to `CHUNK_CELLS` cells and `CHUNK_BYTES` bytes."""
    chunk: list[T] = []
    room = CHUNK_BYTES
    for item in items:
        room -= size(item)
        if chunk and (room < 0 or len(chunk) == CHUNK_CELLS):
            yield chunk
            chunk, room = [], CHUNK_BYTES - size(item)
        chunk.append(item)
    if chunk:
        yield chunk
