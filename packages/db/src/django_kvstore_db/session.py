"""A session: one store's statements on one of Django's connections.

``session.send(session.sql.get, (b"key",), first)`` is the first row, or raises a store's error.

Inside the caller's transaction everything belongs to it: no commit, no savepoint, no second try.
Outside of one every statement is a transaction of its own, and is sent again only when it is
certain that the first sending did nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, Final, TypeVar

from django.db import Error, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_kvstore.backend import Backend
from django_kvstore.errors import ValueTooLarge

from .recovery import BROKEN, Recovery, Seen, connect, discard, in_transaction, look_at
from .statement import Statement
from .table import Table

T = TypeVar("T")


# What to take of a cursor. Quicker, in a read of one cell, than operator's forms of the same.


def first(cursor: Any) -> Any:
    """Return the first row, None when there is none."""
    return cursor.fetchone()


def every(cursor: Any) -> list[Any]:
    """Return all rows."""
    return list(cursor.fetchall())


def changed(cursor: Any) -> int:
    """Return how many rows were written."""
    return int(cursor.rowcount)


_FREELY: Final = nullcontext()

#: Statements whose bytes come to less than this are within any server's limit.
SMALL: Final = 256 * 1024
#: What may stand in a statement for each parameter beside its bytes.
MARGIN: Final = 64
#: The bytes that MariaDB and MySQL write as two within a string.
ESCAPED: Final = b"\0\n\r\x1a\"'\\"


class Session:
    """One store's statements on one connection.

    `here` is `lookup.own` of its thread, and `way` what `direct.way_of` returned for it.
    """

    __slots__ = (
        "_cursor",
        "_driver",
        "_errors",
        "_way",
        "backend",
        "connection",
        "here",
        "sql",
        "table",
    )

    def __init__(
        self,
        backend: Backend,
        table: Table,
        connection: BaseDatabaseWrapper,
        here: dict[str, Any],
        way: Callable[[], Any],
    ) -> None:
        self.backend = backend
        self.table = table
        self.connection = connection
        self.here = here
        self.sql = table.dialect(connection)
        #: Django's errors, and those of the driver that are to become Django's.
        self._errors: Final = (Error, connection.Database.Error)  # type: ignore[attr-defined]
        self._way = way
        #: A cursor that has done its work, and whose it is: a new one is dear.
        self._driver: Any = None
        self._cursor: Any = None

    def send(
        self,
        statement: Statement,
        params: Sequence[Any],
        take: Callable[[Any], T],
        writes: bool = False,
    ) -> T:
        """Send one statement, and return what `take` makes of the cursor.

        This and `_by_django` are the only places where a store's statements meet a cursor.
        """
        try:
            driver = self._way()
            if type(driver) is sqlite3.Connection or (driver is not None and self.sql.any_driver):
                cursor = self._cursor
                if cursor is None or driver is not self._driver:
                    cursor, self._driver = driver.cursor(), driver
                # Nobody else's meanwhile: a signal's handler may come in between.
                self._cursor = None
                cursor.execute(statement.driver, params)
                taken = take(cursor)
                if self.sql.keeps_cursors and take is not every:
                    self._cursor = cursor
                else:  # which would hold all those rows
                    with suppress(*self._errors):  # as Django does
                        cursor.close()
                return taken
            return self._by_django(statement, params, take)
        except self._errors as error:
            return self._again(error, statement, params, take, writes)

    def write(
        self, statement: Statement, params: Sequence[Any], take: Callable[[Any], int] = changed
    ) -> int:
        """Write, and return how many rows there were, or what `take` makes of the cursor."""
        if self.sql.queues and not in_transaction(self.connection):
            with self.table.queue:
                return self.send(statement, params, take, True)
        return self.write_in_turn(statement, params, take)

    def write_in_turn(
        self, statement: Statement, params: Sequence[Any], take: Callable[[Any], int] = changed
    ) -> int:
        """As `write`, for whoever has the `turn` already."""
        if self.sql.packet_limit:
            self._check_size(params)
        return self.send(statement, params, take, True)

    def write_out(self, statement: Statement, params: Sequence[Any], take: Callable[[Any], T]) -> T:
        """Write, and return what `take` makes of the rows that come of it."""
        with self.turn():
            if self.sql.packet_limit:
                self._check_size(params)
            return self.send(statement, params, take, True)

    def tells(self) -> bool:
        """Say whether a statement that deletes is to say what it deleted."""
        if not self.sql.tells:
            return False
        # MariaDB can, and MySQL cannot. Django asks the server, once; when that is out of reach,
        # the statements that need not know are told so.
        with suppress(Error):
            return bool(self.connection.features.can_return_columns_from_insert)
        return False

    def turn(self) -> AbstractContextManager[object]:
        """Return what a writer holds meanwhile, so that it is one of this process at a time.

        Not in the caller's transaction, which may have the right to write already.
        """
        if self.sql.queues and not in_transaction(self.connection):
            return self.table.queue
        return _FREELY

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in the caller's transaction, or else in one of its own.

        It gets the session to work in, and may be run again after its transaction was undone.
        """
        if in_transaction(self.connection):
            return work(self)
        recovery: Recovery | None = None
        while True:
            inner = _Transacting(self)
            try:
                return inner.run(work)
            except Error as error:
                seen = inner.failed or look_at(self.connection, error)
                # Nothing is left of a transaction of ours, whatever Django could not tidy up.
                if in_transaction(self.connection):
                    discard(self.connection)
                if inner.passed_on is not None:
                    raise inner.passed_on from inner.passed_on.__cause__
                recovery = recovery or Recovery(self.backend, self.connection)
                recovery.settle(seen, writes=False, commits=inner.worked and inner.wrote)

    def _by_django(
        self, statement: Statement, params: Sequence[Any], take: Callable[[Any], T]
    ) -> T:
        connect(self.connection)
        with self.connection.cursor() as cursor:
            cursor.execute(statement.django, params)
            return take(cursor)

    def _again(
        self,
        error: Exception,
        statement: Statement,
        params: Sequence[Any],
        take: Callable[[Any], T],
        writes: bool,
    ) -> T:
        """Send the statement again, until it is answered or its error is to be told."""
        recovery = Recovery(self.backend, self.connection)
        while True:
            recovery.settle(look_at(self.connection, self._of_django(error)), writes=writes)
            try:
                return self._by_django(statement, params, take)
            except Error as another:
                error = another

    def _of_django(self, error: Exception) -> Error:
        """Return the error if it is Django's, or Django's for the driver's; raise any other."""
        try:
            with self.connection.wrap_database_errors:
                raise error
        except Error as told:
            return told

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
        assert self.sql.packet_limit is not None
        limit = limits[alias] = int(self.send(self.sql.packet_limit, (), first)[0])
        if 2 * size + margin > limit:
            size += sum(part.count(byte) for part in parts for byte in ESCAPED)
        if size + margin > limit:
            raise self.backend.error(
                ValueTooLarge,
                f"a statement of {size + margin} bytes is over the limit of the database "
                f"'{alias}', max_allowed_packet = {limit}.",
                hint="Raise max_allowed_packet on the server, to 16 MiB at least.",
            )


class _Transacting(Session):
    """The session within a transaction of its own: what has failed then is that."""

    __slots__ = ("failed", "passed_on", "worked", "wrote")

    def __init__(self, outer: Session) -> None:
        super().__init__(outer.backend, outer.table, outer.connection, outer.here, outer._way)
        #: The error of a statement of ours, and any other of the work's.
        self.failed: Seen | None = None
        self.passed_on: BaseException | None = None
        #: Whether all was done but the end of the transaction, and whether anything was written.
        self.worked = self.wrote = False

    def run(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction, and note how far it came."""
        connect(self.connection)
        with transaction.atomic(using=self.connection.alias):
            try:
                result = work(self)
            except BaseException as error:
                if self.failed is None or error is not self.failed.error:
                    self.passed_on = error
                raise
            self.worked = True
        return result

    def send(
        self,
        statement: Statement,
        params: Sequence[Any],
        take: Callable[[Any], T],
        writes: bool = False,
    ) -> T:
        self.wrote |= writes
        return super().send(statement, params, take, writes)

    def _again(self, error: Exception, *args: Any, **kwargs: Any) -> Any:
        self.failed = look_at(self.connection, self._of_django(error))
        if self.failed.failure in BROKEN:
            # Now, so that Django has nothing to roll back at the end, and does not connect anew.
            discard(self.connection)
        raise self.failed.error  # `transact` knows more about it.
