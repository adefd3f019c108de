"""The backend itself: which statement each operation sends, and how its answer is read.

``DBBackend`` is what ``db://kvstore?using=replica`` opens.
"""

from __future__ import annotations

import contextlib
import copy
import random
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Any, Final

from django.core import checks
from django.db import Error, connections, router

from django_kvstore.backend import Backend, KeyPage, Page, Write
from django_kvstore.errors import Conflict
from django_kvstore.params import Param, boolean
from django_kvstore.url import StoreURL

from . import cells
from .chunks import CHUNK_BYTES, CHUNK_CELLS, chunks, slices
from .forking import abandon
from .recovery import MIGRATE, Recovery, in_transaction, look_at
from .session import Session, every, first
from .sessions import Sessions
from .table import DENIED, Table

#: For how long changes lock at once after one of them was found to compete with others.
CROWDED_SECONDS: Final = 1.0

#: For how long, on SQLite, losing to others is put up with.
PATIENCE_SECONDS: Final = 1.0


class DBBackend(Backend):
    """Entries in a table, reached by Django's own connections."""

    scheme = "db"
    params = (
        Param("using", str, None, "The database's alias in DATABASES; without it, routers decide."),
        Param(
            "direct",
            boolean,
            True,
            "Whether the driver is called directly where Django would only pass on a statement.",
        ),
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
        self._sessions = Sessions(self, self.table, direct=self.options.get("direct", True))
        self._crowded_until = 0.0
        #: Whether reads, too, go to the database that takes the writes.
        self._exact = True
        self._replica = copy.copy(self)
        self._replica._exact = False

    @property
    def reader(self) -> Backend:
        """This backend, or one that reads from where routers send those who read."""
        return self._replica if router.routers and not self.table.using else self

    # Single cells.

    def get(self, key: str) -> bytes | None:
        # As `cells.read` does, in fewer steps: nothing is called as often.
        session = self._sessions.open(writes=self._exact)
        sql = session.sql
        row = session.send(sql.get, (sql.name(key),), first)
        return None if row is None else cells.live(row)

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        cells.set(self._sessions.open(writes=True), key, record, expires)

    def delete(self, key: str) -> bool:
        return cells.delete(self._sessions.open(writes=True), key)

    def take(self, key: str) -> bytes | None:
        return cells.take(self._sessions.open(writes=True), key)

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        return cells.add(self._sessions.open(writes=True), key, record, expires)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return cells.swap(self._sessions.open(writes=True), key, old, Write(new, expires))

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        session = self._sessions.open(writes=True)
        # Comparing takes two statements, locking a transaction of two; so compare, until others
        # are seen to be about.
        lock = in_transaction(session.connection) or (
            session.sql.can_lock and time.monotonic() < self._crowded_until
        )
        with session.turn():
            settled = (cells.change_locked if lock else cells.change)(session, key, change)
        if not settled:
            self._contend(session, key, change)

    def _contend(
        self, session: Session, key: str, change: Callable[[bytes | None], Write | None]
    ) -> None:
        """Update a cell that somebody else has changed meanwhile."""
        # On SQLite, whose waiters sleep and look, comparing mostly wins; but one who has lost for
        # a second may go on losing, and waits for the lock instead.
        lock = in_transaction(session.connection) or session.sql.can_lock
        begun, pause = time.monotonic(), 0.0005
        while True:
            if session.sql.can_lock:
                self._crowded_until = time.monotonic() + CROWDED_SECONDS
            elif not lock:
                # Full jitter: contenders that lost together do not come back together.
                time.sleep(random.uniform(0, pause))
                pause = min(pause * 2, 0.05)
                lock = time.monotonic() > begun + PATIENCE_SECONDS
            with session.turn():
                if (cells.change_locked if lock else cells.change)(session, key, change):
                    return
            if time.monotonic() > begun + self.contention_timeout:
                raise self.error(
                    Conflict,
                    f"others kept changing the entry for {self.contention_timeout:g} s.",
                    hint="Nothing was written; try again, or spread the load over more keys.",
                )

    # Many cells.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        session = self._sessions.open(writes=self._exact)
        found: dict[str, bytes] = {}
        for some in slices(keys):
            found.update(cells.get_many(session, some))
        return found

    def set_many(self, records: Mapping[str, bytes], expires: float | None) -> None:
        session = self._sessions.open(writes=True)
        # All writers lock them in the order of keys, so that none waits for another in a circle.
        self.in_turn(
            cells.set_many(session, keys, records, expires)
            for keys in chunks(sorted(records), records)
        )

    def delete_many(self, keys: Sequence[str]) -> int:
        session = self._sessions.open(writes=True)
        some = slices(sorted(set(keys)))
        return self.in_turn(cells.delete_many(session, each) for each in some)

    def take_many(self, keys: Sequence[str]) -> tuple[int, dict[str, bytes]]:
        session = self._sessions.open(writes=True)
        heads: dict[str, bytes] = {}

        def take(some: Sequence[str]) -> int:
            deleted, found = cells.take_many(session, some)
            heads.update(found)
            return deleted

        some = slices(sorted(set(keys)))
        return self.in_turn(take(each) for each in some), heads

    # All cells of a prefix.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        session = self._sessions.open(writes=self._exact)
        statement = session.sql.first_page if cursor is None else session.sql.next_page
        rows = session.send(statement, _range(prefix, cursor, time.time(), limit), every)
        cells = [(session.sql.text(name), bytes(record)) for name, record in rows]
        return Page(cells, cells[-1][0] if len(cells) == limit else None)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        session = self._sessions.open(writes=self._exact)
        statement = session.sql.first_keys if cursor is None else session.sql.next_keys
        rows = session.send(statement, _range(prefix, cursor, time.time(), limit), every)
        keys = [session.sql.text(name) for (name,) in rows]
        return KeyPage(keys, keys[-1] if len(keys) == limit else None)

    def count(self, prefix: str) -> int:
        session = self._sessions.open(writes=self._exact)
        return int(session.send(session.sql.count, _range(prefix, None, time.time()), first)[0])

    def clear(self, prefix: str) -> int:
        # What has expired is not there any more, so it does not count.
        self.purge(prefix, time.time())
        session = self._sessions.open(writes=True)
        return session.write(session.sql.clear, _range(prefix, None))

    def purge(self, prefix: str, now: float) -> int:
        session = self._sessions.open(writes=True)
        sql = session.sql
        total = 0
        while True:
            found = session.send(sql.expired, (now, *_range(prefix, None, CHUNK_CELLS)), every)
            names = [sql.name(key) for key in sorted(sql.text(name) for (name,) in found)]
            if not names:
                return total
            # The time again: what others wrote anew in between has not expired.
            purged = session.write(sql.purge(len(names)), (*names, now))
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
                connection = self.table.for_write()
                recovery = recovery or Recovery(self, connection)
                recovery.settle(look_at(connection, error), writes=False)

    def provisions_on_migrate(self, using: str) -> bool:
        return self.table.for_write().alias == using and not self.table.denied_by(using)

    def provision_hint(self, command: str, *, database: str = "") -> str:
        denied = self.table.denied_by(database) if database else ""
        if denied:
            return DENIED.format(router=denied)
        return super().provision_hint(command, database=database)

    @property
    def place(self) -> Hashable:
        return (self.scheme, *self.table.place())

    def check(self, **kwargs: Any) -> Iterator[checks.CheckMessage]:
        if not kwargs:
            yield from self.table.check()
        for database in kwargs.get("databases") or ():
            # A database that is out of reach is not a matter of its tables.
            with contextlib.suppress(Error):
                command = MIGRATE.format(alias=self.alias, database=database)
                hint = self.provision_hint(command, database=database)
                yield from self.table.check_database(database, hint)

    def in_transaction(self) -> bool:
        return in_transaction(self._sessions.open(writes=True).connection)

    def forked(self) -> None:
        self.table.queue = RLock()
        for connection in connections.all(initialized_only=True):
            if self.table.may_lie_in(connection.alias):
                abandon(connection)


def _range(prefix: str, cursor: str | None, *more: float) -> tuple[bytes | float, ...]:
    """Return the parameters of a walk: where it begins, before what it ends, and `more`."""
    begin = prefix.encode()
    # UTF-8 uses neither 0xFF nor 0xF5 to 0xFE: the last byte can always be one higher.
    end = begin[:-1] + bytes([begin[-1] + 1]) if begin else b"\xff"
    # A cursor that comes from elsewhere must not widen the walk.
    return (begin if cursor is None else max(begin, cursor.encode()), end, *more)
