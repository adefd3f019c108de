"""A session: one store's statements on one of Django's connections.

``session.row(session.sql.get, (b"key", now))`` is the first row of the answer, or a store's error.

Inside the caller's transaction everything belongs to it: no commit, no savepoint, no second try.
Outside of one every statement is a transaction of its own, and is sent again only when it is
certain that the first sending did nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import attrgetter, methodcaller
from typing import Any, Final, TypeVar

from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_kvstore.backend import Backend
from django_kvstore.errors import ValueTooLarge

from .recovery import Recovery, in_transaction
from .table import Table

T = TypeVar("T")

_all: Final[Callable[[Any], list[Any]]] = methodcaller("fetchall")
_one: Final[Callable[[Any], Any]] = methodcaller("fetchone")
_changed: Final[Callable[[Any], int]] = attrgetter("rowcount")

_FREELY: Final = nullcontext()

#: Statements whose bytes come to less than this are within any server's limit.
SMALL: Final = 256 * 1024
#: What may stand in a statement for each parameter beside its bytes.
MARGIN: Final = 64
#: The bytes that MariaDB and MySQL write as two within a string.
ESCAPED: Final = b"\0\n\r\x1a\"'\\"


def execute(
    connection: BaseDatabaseWrapper, statement: str, params: Sequence[Any], take: Callable[[Any], T]
) -> T:
    """Send one statement: the only place where a store's statements meet a cursor."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return take(cursor)


class Session:
    """One store's statements on one connection; made anew for each operation."""

    __slots__ = ("_failed", "_transacting", "backend", "connection", "sql", "table")

    def __init__(self, backend: Backend, table: Table, connection: BaseDatabaseWrapper) -> None:
        self.backend = backend
        self.table = table
        self.connection = connection
        self.sql = table.dialect(connection)
        self._transacting = False
        self._failed: Error | None = None

    def row(self, statement: str, params: Sequence[Any]) -> Any:
        """Read the first row; None when there is none."""
        return self._run(statement, params, _one, writes=False)

    def rows(self, statement: str, params: Sequence[Any]) -> list[Any]:
        """Read every row."""
        return self._run(statement, params, _all, writes=False)

    def write(
        self, statement: str, params: Sequence[Any], take: Callable[[Any], int] = _changed
    ) -> int:
        """Write, and return how many rows there were, or what `take` makes of the cursor."""
        if self.sql.packet_limit:
            self._check_size(params)
        with self.turn():
            return self._run(statement, params, take, writes=True)

    def turn(self) -> AbstractContextManager[object]:
        """Return what a writer holds meanwhile, so that it is one of this process at a time.

        Not in the caller's transaction, which may have the right to write already.
        """
        return self.table.queue if self.sql.queues and not self.in_transaction() else _FREELY

    def in_transaction(self) -> bool:
        """Say whether a transaction of the caller's is open."""
        return in_transaction(self.connection)

    def transact(self, work: Callable[[], T]) -> T:
        """Run `work` in the caller's transaction, or else in one of its own.

        It may be run again after its own transaction was undone.
        """
        if self.in_transaction():
            return work()
        recovery: Recovery | None = None
        while True:
            worked = False
            self._transacting, self._failed = True, None
            try:
                with transaction.atomic(using=self.connection.alias):
                    result = work()
                    worked = True
                return result
            except Error as error:
                if not worked and self._failed is None and self.connection.connection is not None:
                    raise  # `work` did something else with a database.
                recovery = recovery or Recovery(self.backend, self.connection)
                recovery.settle(self._failed or error, writes=worked, commits=worked)
            finally:
                self._transacting = False

    def _run(
        self, statement: str, params: Sequence[Any], take: Callable[[Any], T], *, writes: bool
    ) -> T:
        recovery: Recovery | None = None
        while True:
            try:
                return execute(self.connection, statement, params, take)
            except Error as error:
                if self._transacting:
                    self._failed = error
                    raise  # `transact` knows more about it.
                recovery = recovery or Recovery(self.backend, self.connection)
                recovery.settle(error, writes=writes)

    def _check_size(self, params: Sequence[Any]) -> None:
        """Refuse what the server would answer by dropping the connection, transaction and all.

        The limit is asked for when a statement may be over the one last known.
        """
        parts = [part for part in params if isinstance(part, bytes)]
        size = sum(map(len, parts))
        if size < SMALL:
            return
        margin = MARGIN * (len(params) + 1)
        alias, limits = self.connection.alias, self.table.packet_limits
        if 2 * size + margin <= limits.get(alias, 0):
            return
        limit = limits[alias] = int(self.row(self.sql.packet_limit, ())[0])
        if 2 * size + margin > limit:
            size += sum(part.count(byte) for part in parts for byte in ESCAPED)
        if size + margin > limit:
            raise self.backend.error(
                ValueTooLarge,
                f"a statement of {size + margin} bytes is over the limit of the database "
                f"'{alias}', max_allowed_packet = {limit}.",
                hint="Raise max_allowed_packet on the server, to 16 MiB at least.",
            )
