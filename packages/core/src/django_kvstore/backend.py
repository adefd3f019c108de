"""What an engine offers: the base class of every backend.

``class DictBackend(Backend): …`` with `get`, `set` and `delete` is a whole backend.

A backend sees cells: a ``str`` name of up to `max_key_bytes` bytes of UTF-8, and ``bytes``. Keys,
serializing, expiry, splitting and errors' wording are the business of `django_kvstore.store`.
One more method, `compare_and_set`, gives every atomic operation; one more, `scan`, gives
iteration, count and clearing. Every other method may be overridden for speed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from traceback import walk_stack
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, cast

from django.apps import apps

from . import callers, records
from .errors import Conflict, KVStoreError, NotSupported, OutcomeUnknown, Refused, Unavailable
from .keys import MAX_KEY_BYTES
from .params import Param, ParamValues, secret_names
from .redaction import Redactor

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

    from .url import StoreURL

E = TypeVar("E", bound=KVStoreError)
X = TypeVar("X", bound=BaseException)


class Write(NamedTuple):
    """What `Backend.update` is to write: a record and its expiry, or None to delete the cell."""

    record: bytes | None
    expires: float | None = None


class Page(NamedTuple):
    """Cells in the engine's own order, and the cursor of the next page: None when this is the last.

    A page may be empty and still have a next one. A cursor is any text the backend can resume
    from, also in another process.
    """

    cells: list[tuple[str, bytes]]
    cursor: str | None


class KeyPage(NamedTuple):
    """As `Page`, the names of cells alone."""

    keys: list[str]
    cursor: str | None


class Backend:
    """One engine behind one alias; thread-safe, and doing no I/O when it is made.

    `params` are the engine's own, read and defaulted as `Backend.params` declares. Raise errors
    through `error`, so that they name the alias and scheme. An outage raises `Unavailable` or
    `Timeout`; a write whose answer was lost raises `OutcomeUnknown` and is not sent again.
    """

    #: The name in the URL, as in ``scheme://``.
    scheme: ClassVar[str] = ""
    #: What the URL and OPTIONS may say besides what every store takes.
    params: ClassVar[tuple[Param, ...]] = ()

    #: `compare_and_set` is there, and with it add, incr, pop, get_or_set and their like.
    atomic: ClassVar[bool] = False
    #: `scan` is there, and with it keys, items, count and purge.
    iterable: ClassVar[bool] = False
    #: `clear` is there: by `scan`, or in a way of its own for a whole namespace only.
    clearable: ClassVar[bool] = False
    #: Entries outlive the engine's restart.
    durable: ClassVar[bool] = True
    #: Other processes see the same entries.
    shared: ClassVar[bool] = True
    #: The engine may drop entries by itself when it runs short of room.
    evicts: ClassVar[bool] = False
    #: The engine hides expired cells by itself: a cell it shows has not expired.
    expires_itself: ClassVar[bool] = False
    #: Writes belong to the caller's database transaction and are undone with it.
    transactional: ClassVar[bool] = False
    #: Async calls must run on the thread that Django keeps for database connections.
    thread_sensitive: ClassVar[bool] = False

    #: The longest cell name taken, in bytes of UTF-8. One byte more than a user's key: its mark.
    max_key_bytes: ClassVar[int] = MAX_KEY_BYTES + 1
    #: The longest record one cell holds, in bytes; longer ones are split. None: as long as any.
    cell_bytes: ClassVar[int | None] = None
    #: The longest serialized value, in bytes, in one cell or split.
    max_value_bytes: ClassVar[int] = 64 * 1024 * 1024
    #: For how long, in seconds, an atomic operation goes on after losing to others.
    contention_timeout: ClassVar[float] = 30.0

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        self.alias = alias
        self.url = url
        self.options = ParamValues(params, secret_names(self.params))

    @property
    def reader(self) -> Backend:
        """The backend that serves calls which only read, such as `Store.get`; mostly this one.

        An engine with replicas returns one here that reads from them, so its answers may be
        behind. Every other call comes to this backend, whose reads must see every write that was
        acknowledged: a call that writes reads only from where it writes.
        """
        return self

    # The three that every engine has.

    def get(self, key: str) -> bytes | None:
        """Return the cell's record, or None when there is no such cell."""
        raise NotImplementedError

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        """Write the cell whatever it held; `expires` is seconds since 1970, None for ever.

        `expires` is in the record too: an engine that cannot expire cells ignores it.
        """
        raise NotImplementedError

    def delete(self, key: str) -> bool:
        """Delete the cell; say whether there was one."""
        raise NotImplementedError

    # The one that makes every atomic operation.

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        """Write `new` if the cell holds exactly `old`, in one step; say whether it was written.

        None stands for "no cell": as `old` the cell must be absent, as `new` it is deleted; the
        two are never both None.
        Where `expires_itself`, an expired cell is absent.
        """
        raise self.unsupported("change an entry atomically", "atomic")

    # The one that makes iteration.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        """Return up to `limit` cells whose name starts with `prefix`, and the next cursor.

        A cell that nobody touches during a walk appears in it exactly once.
        """
        raise self.unsupported("list its keys", "iterable")

    # For speed: each has a plain form in terms of the above.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the records of those cells that are there."""
        get = self.get
        return {key: record for key in keys if (record := get(key)) is not None}

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        """Write every cell; when it fails half-way, each is wholly old or wholly new."""

        def steps() -> Iterator[int]:
            for key, record in cells.items():
                self.set(key, record, expires)
                yield 1

        self.in_turn(steps())

    def delete_many(self, keys: Sequence[str]) -> int:
        """Delete the cells; return how many there were."""
        return self.in_turn(map(self.delete, keys))

    def take(self, key: str) -> bytes | None:
        """Delete the cell; return the record that it held, None when there was no cell.

        It is for an engine whose records expire or are split. Of one that had not expired, and is
        no head of a split value, any part will do, be it empty.
        """
        record = self.get(key)
        if record is None:
            return None
        if self.atomic and records.is_over(key, record, time.time()):
            # Just this expired record, and nothing that somebody has written since.
            self.compare_and_set(key, record, None, None)
            return record
        return record if self.delete(key) else None

    def take_many(self, keys: Sequence[str]) -> tuple[int, dict[str, bytes]]:
        """Delete the cells; return how many there were, and the records that `take` must return."""
        found = self.get_many(keys)
        return self.delete_many(list(found)) if found else 0, found

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        """Write the cell if it is absent; say whether it was written."""
        return self.compare_and_set(key, None, record, expires)

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        """Replace the cell by what `change` makes of its record, atomically.

        `change` may be called several times, each time with what is there then; when it returns
        None the cell is left alone. Raises `Conflict` after `contention_timeout`.
        """
        for _ in self.tries():
            old = self.get(key)
            write = change(old)
            if write is None or self.compare_and_set(key, old, write.record, write.expires):
                return

    def in_turn(self, steps: Iterable[int | None]) -> int:
        """Go through the steps of one write, as ``map(self.delete, keys)``; return their sum.

        A step is done when it is asked for, and says how many entries it was, None where that is
        not known. When one, or looking for the next, fails after another, the write is done in
        part: `Unavailable`, `Refused` or `Conflict`, which say that nothing was, are raised as
        `OutcomeUnknown`.
        """
        total, begun = 0, False
        try:
            for step in steps:
                begun = True
                total += step or 0
        except (Unavailable, Refused, Conflict) as problem:
            # Of a transaction that was undone for another's sake nothing is left.
            if not begun or (self.transactional and isinstance(problem, Conflict)):
                raise
            number = f" ({total} entries)" if total else ""
            raise self.error(
                OutcomeUnknown,
                f"{problem.reason} Part of the work had been done before that{number}.",
                hint="Each entry is as it was or as it was to be: read first, then decide.",
            ) from (problem.__cause__ or problem)
        return total

    def tries(self, pause: float = 0.0005, longest: float = 0.05) -> Iterator[None]:
        """Yield for each try at changing what others keep changing too; for `update`.

        Waits up to `pause` seconds after the first, twice as long after each, up to `longest`.
        Raises `Conflict` after `contention_timeout`.
        """
        yield
        deadline = time.monotonic() + self.contention_timeout
        while True:
            # Full jitter: contenders that lost together do not come back together.
            time.sleep(random.uniform(0, pause))
            pause = min(pause * 2, longest)
            yield
            if time.monotonic() > deadline:
                raise self.error(
                    Conflict,
                    f"others kept changing the entry for {self.contention_timeout:g} s.",
                    hint="It is as they left it; try again, or spread the load over more keys.",
                )

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        """As `scan`, the names alone of the cells that have not expired."""
        cells, following = self.scan(prefix, cursor, limit)
        is_over, now = records.is_over, time.time()
        return KeyPage([key for key, record in cells if not is_over(key, record, now)], following)

    def count(self, prefix: str) -> int:
        """Return how many cells, not expired, have names that start with `prefix`."""
        total, cursor = 0, None
        while True:
            keys, cursor = self.scan_keys(prefix, cursor, 1000)
            total += len(keys)
            if cursor is None:
                return total

    def clear(self, prefix: str) -> int | None:
        """Delete the cells whose name starts with `prefix`.

        Returns how many of them had not expired, None if unknown.
        """

        def pages() -> Iterator[int]:
            cursor = None
            while True:
                cells, cursor = self.scan(prefix, cursor, 250)
                now = time.time()
                expired = [key for key, record in cells if records.is_over(key, record, now)]
                if expired:
                    self.delete_many(expired)
                    yield 0
                gone = set(expired)
                yield self.delete_many([key for key, _ in cells if key not in gone])
                if cursor is None:
                    return

        return self.in_turn(pages())

    def purge(self, prefix: str, now: float) -> int:
        """Delete the cells of `prefix` that had expired by `now`; return how many."""
        total, cursor = 0, None
        while True:
            cells, cursor = self.scan(prefix, cursor, 250)
            for key, record in cells:
                if records.is_over(key, record, now):
                    total += self.compare_and_set(key, record, None, None)
            if cursor is None:
                return total

    # The engine's life.

    def ping(self) -> None:
        """Ask the engine for a sign of life; raises `Unavailable` or `Timeout`."""
        self.get(":")

    def provision(self) -> bool:
        """Create what the engine needs before its first use; say whether there was need."""
        return False

    def provisions_on_migrate(self, using: str) -> bool:
        """Say whether ``migrate --database=using`` is to provision this store."""
        return False

    def check(self, **kwargs: Any) -> Iterable[CheckMessage]:
        """Return system-check messages; must not fail where the engine is out of reach."""
        return ()

    def close(self) -> None:
        """Give back every connection; the next call opens what it needs."""

    def close_old(self) -> None:
        """Give back the connections that are not worth keeping, at the end of each request."""

    def forked(self) -> None:
        """Forget, without closing, what must not be shared with the parent process."""

    def in_transaction(self) -> bool:
        """Say whether a write now would belong to a transaction that the caller has open.

        Only where `transactional`. Nobody is made to wait for others then.
        """
        return False

    # Errors.

    def error(self, kind: type[E], reason: str, *, hint: str = "") -> E:
        """Make an error that names this store; raise it ``from`` the client's own.

        Every secret that the settings give this store is hidden in its text.
        """
        redact = self._redact
        return kind(redact(reason), alias=self.alias, scheme=self.scheme, hint=redact(hint))

    def cause(self, error: X) -> X:
        """Return a client's error without secrets of this store, to raise one of ours from it.

        Where the settings have secrets, the client's functions may have them in their variables,
        which Django's pages about errors show: the error and those behind it lose their tracebacks.
        An error that the store's caller is handling stays as it is.
        """
        redact, each = self._redact, cast("BaseException | None", error)
        trace = error.__traceback__
        # An error's traceback begins in the frame that has caught it.
        callers = [frame for frame, _ in walk_stack(trace.tb_frame.f_back)] if trace else []
        seen: set[int] = set()  # errors may be each other's cause
        while each is not None and redact and id(each) not in seen:
            trace = each.__traceback__
            if trace is not None and trace.tb_frame in callers:
                break
            seen.add(id(each))
            each.__traceback__ = None
            each.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in each.args)
            if isinstance(each, OSError) and isinstance(each.filename, str):
                each.filename = redact(each.filename)
            each = each.__cause__ or each.__context__
        return error

    def unsupported(self, what: str, flag: str) -> NotSupported:
        """Make the error for an operation that the engine declares away by `flag`."""
        return self.error(
            NotSupported,
            f"the engine cannot {what}.",
            hint=f"Choose a backend whose '{flag}' is true; the capability matrix lists them.",
        )

    def provision_hint(self, command: str, *, database: str = "") -> str:
        """Return the hint for an error about what is missing and `provision` creates.

        `command` is a full sentence that names the command of ``manage.py``. While a migration runs
        or Django starts that command cannot help, and the hint says what does. `database` is the
        alias of the Django database in which it is missing, if it is in one.
        """
        migrated = callers.migrated_database()
        operation = f"ProvisionStore('{self.alias}'), from django_kvstore.migrations,"
        if migrated is not None and database not in ("", migrated):
            return (
                f"This is a migration of the database '{migrated}': return from the function of "
                f"its RunPython unless schema_editor.connection.alias is '{database}', and put "
                f"{operation} before it."
            )
        if migrated is not None:
            return f"Put {operation} before the operation that uses the store."
        if apps.apps_ready and not apps.is_installed("django_kvstore"):
            command = f"Add 'django_kvstore' to INSTALLED_APPS. {command}"
        if callers.django_is_starting():
            return (
                "The store is used while Django starts: at the import of a module, or in "
                f"AppConfig.ready(). Use it in a function instead, when it is needed. {command}"
            )
        return command

    @cached_property
    def _redact(self) -> Redactor:
        return Redactor(self.url, self.params, self.options)

    @property
    def address(self) -> str:
        """The store's URL without secrets."""
        return self.url.redacted(secret_names(self.params))

    @property
    def place(self) -> Hashable:
        """Where the cells are: the same for two stores that share them, whatever else differs.

        A check compares it. Override it where parameters, such as a timeout, make no difference.
        """
        options = sorted((name, str(value)) for name, value in self.options.items())
        return (self.scheme, self.url.hosts, self.url.path, *options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.alias}' {self.address}>"
