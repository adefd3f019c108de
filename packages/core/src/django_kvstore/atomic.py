"""Operations that happen in one step, exactly once, whoever else is at the entry.

Each is made of the backend's `compare_and_set` or `update`; an engine without one declares
``atomic = False``, and the calls raise `NotSupported`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from . import records
from .backend import Write
from .coder import is_gone, is_past
from .entries import EntryStore
from .equality import same
from .errors import InvalidValue, KVStoreError
from .options import DEFAULT_TTL, MISSING, TTL, read_seconds
from .singleflight import (
    Blocking,
    Face,
    compute_once,
    finish,
    is_async,
    is_generator,
    must_be_awaited,
)

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


class AtomicStore(EntryStore):
    """The second layer of `django_kvstore.Store`."""

    def add(self, key: str, value: Any, ttl: TTL = DEFAULT_TTL) -> bool:
        """Write the value if there is none yet; say whether it was written."""
        self._require_atomic()
        cell = self.coder.cell(key)
        expires = self.coder.expires(ttl)
        if expires is not None and is_past(expires):
            self.coder.payload(cell, value)
            return is_gone(cell, self.backend.get(cell))
        record = self.coder.encode(cell, value, expires)
        try:
            added = self.backend.add(cell, record, expires)
            if not added:
                absent = partial(self.coder.is_absent, cell)
                # What the engine shows can have expired all the same, by the expiry in its record.
                if self._may_look_present or absent(self.backend.get(cell)):
                    added = self._replace_if(cell, absent, Write(record, expires))
        except KVStoreError as error:
            self.coder.abandon(cell, record, error)
            raise
        if not added:
            self.coder.delete_parts(cell, record)
        return added

    def put(self, key: str, value: Any, ttl: TTL = DEFAULT_TTL) -> bool:
        """Write the value as `set` does; say whether the entry is new, in one step."""
        self._require_atomic()
        cell = self.coder.cell(key)
        expires = self.coder.expires(ttl)
        gone = is_past(expires)
        record = self.coder.encode(cell, value, None if gone else expires)
        write = Write(None) if gone else Write(record, expires)
        new = False
        replaced: bytes | None = None

        def change(record: bytes | None) -> Write | None:
            nonlocal new, replaced
            new, replaced = self.coder.is_absent(cell, record), record
            return None if gone and record is None else write

        try:
            self.backend.update(cell, change)
        except KVStoreError as error:
            self.coder.abandon(cell, record, error)
            raise
        self.coder.delete_parts(cell, replaced)
        return new

    def pop(self, key: str, default: Any = None) -> Any:
        """Delete the entry and return its value, or `default`; one caller gets it."""
        self._require_atomic()
        cell = self.coder.cell(key)
        value: Any = MISSING
        taken: bytes | None = None

        def change(record: bytes | None) -> Write | None:
            nonlocal value, taken
            value, taken = MISSING, record
            if record is None:
                return None
            # Before it is deleted: what cannot be read is told, and stays.
            value = self.coder.decode(cell, record)
            return Write(None)

        self.backend.update(cell, change)
        self.coder.delete_parts(cell, taken)
        return default if value is MISSING else value

    def incr(self, key: str, delta: int = 1, *, default: int = 0, ttl: TTL = DEFAULT_TTL) -> int:
        """Add `delta` to the integer and return the sum; where there is none, to `default`.

        Counts in signed 64 bits: an overflow, or a value that is no integer, raises
        `InvalidValue` and changes nothing. An existing entry keeps its expiry; `ttl` is for a
        new one.
        """
        self._require_atomic()
        cell = self.coder.cell(key)
        if type(delta) is not int:
            raise self._uncountable(delta, "delta", "Give an int.")
        if type(default) is not int:
            raise self._uncountable(default, "default", "Give an int.")
        fresh = self.coder.expires(ttl)
        total = 0
        replaced: bytes | None = None

        def change(record: bytes | None) -> Write | None:
            nonlocal total, replaced
            replaced = record
            number = MISSING if record is None else self.coder.decode(cell, record)
            if number is MISSING:
                number, expires = default, fresh
            else:
                assert record is not None
                expires = records.expiry(record)
                if type(number) is not int:
                    raise self._uncountable(
                        number,
                        "value there",
                        "The entry is unchanged. Set an int first, or count at another key.",
                    )
            total = number + delta
            if not _INT64_MIN <= total <= _INT64_MAX:
                raise self.backend.error(
                    InvalidValue,
                    "the sum is outside signed 64 bits.",
                    hint="The entry is unchanged. Set a smaller one first.",
                )
            if expires is not None and is_past(expires):
                return None if record is None else Write(None)
            return Write(self.coder.encode(cell, total, expires), expires)

        self.backend.update(cell, change)
        self.coder.delete_parts(cell, replaced)
        return total

    def decr(self, key: str, delta: int = 1, *, default: int = 0, ttl: TTL = DEFAULT_TTL) -> int:
        """Subtract `delta`; otherwise as `incr`."""
        if type(delta) is not int:
            raise self._uncountable(delta, "delta", "Give an int.")
        return self.incr(key, -delta, default=default, ttl=ttl)

    def compare_and_set(self, key: str, old: Any, new: Any, ttl: TTL = DEFAULT_TTL) -> bool:
        """Write `new` if the value is `old`; say whether it was written.

        Types are compared too, down to the innermost item: ``[1]`` is not ``[True]``. `MISSING` as
        `old` means "if there is none", as `new` "delete it".
        """
        self._require_atomic()
        if old is MISSING and new is not MISSING:
            return self.add(key, new, ttl)
        cell = self.coder.cell(key)
        expires = self.coder.expires(ttl)
        gone = new is MISSING or is_past(expires)
        write = Write(None) if gone else Write(self.coder.encode(cell, new, expires), expires)

        def holds(record: bytes | None) -> bool:
            value = MISSING if record is None else self.coder.decode(cell, record)
            if value is MISSING or old is MISSING:
                return value is old
            # What is stored of a value can be of another type, for example of a SafeString; and an
            # object may say that it does not equal its copy.
            return same(value, old) or same(value, self.coder.as_stored(cell, old))

        try:
            written = self._replace_if(cell, holds, write)
        except KVStoreError as error:
            if write.record is not None:
                self.coder.abandon(cell, write.record, error)
            raise
        if not written:
            self.coder.delete_parts(cell, write.record)
        return written

    def get_or_set(
        self,
        key: str,
        default: Any | Callable[[], Any],
        ttl: TTL = DEFAULT_TTL,
        *,
        lease: float | timedelta = 60.0,
    ) -> Any:
        """Return the value; where there is none, store `default`, or what it returns if callable.

        Of several callers at once, in any process, one calls it and the others wait for the
        value. If that one does not finish within `lease` seconds, which must be longer than the
        call takes, another takes over. Nobody waits in a transaction that the store belongs to:
        the caller who computes may be waiting for that transaction.

        Raises `InvalidValue` for a `default` that must be awaited or yields, as a generator does,
        before anything is sent; for one that calls `get_or_set` for the key itself; and for a
        `lease` that is not a number of seconds greater than zero, or a ``timedelta``. While the
        call runs, whatever it starts in its own context counts as part of it, tasks too, since
        it may be waiting for them. A task that it does not wait for can have another context:
        ``asyncio.create_task(…, context=contextvars.Context())``.
        """
        seconds = self._check_computing(default, ttl, lease)
        if callable(default) and is_async(default):
            raise must_be_awaited(self.backend)
        value = self._current(key, MISSING)
        if value is not MISSING:
            return value
        self._require_atomic()
        if not callable(default):
            return self._keep(key, ttl, default)
        return finish(self._compute(Blocking(self.backend), key, default, ttl, seconds))

    def _check_computing(self, default: object, ttl: TTL, lease: object) -> float:
        """Refuse bad arguments before anything is sent; return the seconds of the lease."""
        if inspect.isawaitable(default):
            if inspect.iscoroutine(default):
                default.close()  # else Python warns that nobody awaited it
            raise self.backend.error(
                InvalidValue,
                f"the default is a {type(default).__name__}, which can be awaited only once.",
                hint="Give aget_or_set the coroutine function without calling it.",
            )
        if is_generator(default):
            raise self.backend.error(
                InvalidValue,
                f"the default is a generator{' function' if callable(default) else ''}, and no "
                "generator can be stored.",
                hint="Give a function that returns the value, for example a list of what it "
                "yields.",
            )
        self.coder.expires(ttl)
        try:
            seconds = read_seconds(lease)
            if seconds <= 0:
                raise ValueError("greater than zero")
        except ValueError as error:
            raise self.backend.error(
                InvalidValue,
                f"the lease must be {error}.",
                hint="Give more seconds than the computation takes.",
            ) from None
        return seconds

    async def _compute(
        self, face: Face, key: str, default: Callable[[], Any], ttl: TTL, lease: float
    ) -> Any:
        return await compute_once(
            face,
            self.backend,
            self.coder.lock_cell(key),
            lease,
            look=partial(self._current, key, MISSING),
            default=default,
            keep=partial(self._keep, key, ttl),
        )

    def _keep(self, key: str, ttl: TTL, made: Any) -> Any:
        """Store the value unless there is one; return what is stored."""
        return made if self.add(key, made, ttl) else self._current(key, made)

    # Expiry.

    def touch(self, key: str, ttl: TTL = DEFAULT_TTL) -> bool:
        """Give the entry a new expiry; say whether there was one. Raises `CorruptValue`."""
        self._require_atomic()
        cell = self.coder.cell(key)
        expires = self.coder.expires(ttl)
        touched = False
        replaced: bytes | None = None
        written: bytes | None = None

        def change(record: bytes | None) -> Write | None:
            nonlocal touched, replaced, written
            if written is not None:  # by a try before this one, which came too late
                self.coder.abandon(cell, written)
            touched, replaced, written = False, None, None
            if record is None:
                return None
            found = self.coder.unpack(cell, record)
            touched = not is_past(found.expires)
            if not touched:
                return None
            if is_past(expires):
                touched = not self.coder.is_absent(cell, record)
                replaced = record
                return Write(None)
            if found.flags & records.IS_SPLIT:
                # Parts may have an expiry in the engine too: write them anew.
                value = self.coder.decode(cell, record)
                if value is MISSING:
                    touched = False
                    return None
                replaced, written = record, self.coder.encode(cell, value, expires)
                return Write(written, expires)
            flags = found.flags & ~records.HAS_EXPIRY
            packed = records.pack(
                cell, found.payload, code=found.code, flags=flags, expires=expires
            )
            return Write(packed, expires)

        try:
            self.backend.update(cell, change)
        except KVStoreError as error:
            if written is not None:
                self.coder.abandon(cell, written, error)
            raise
        self.coder.delete_parts(cell, replaced)
        return touched

    def persist(self, key: str) -> bool:
        """Let the entry live without expiry; say whether there was one. Raises `CorruptValue`."""
        return self.touch(key, None)

    # Changing cells.

    @property
    def _may_look_present(self) -> bool:
        """Whether the backend's `add` may be refused by an entry that no reader finds."""
        backend = self.backend
        return not backend.expires_itself or (backend.evicts and backend.cell_bytes is not None)

    def _require_atomic(self) -> None:
        if not self.backend.atomic:
            raise self.backend.unsupported("change an entry atomically", "atomic")

    def _uncountable(self, number: object, what: str, hint: str) -> InvalidValue:
        return self.backend.error(
            InvalidValue,
            f"the {what} is a {type(number).__name__}; only an int counts.",
            hint=hint,
        )

    def _replace_if(
        self, cell: str, condition: Callable[[bytes | None], bool], write: Write
    ) -> bool:
        written = False
        replaced: bytes | None = None

        def change(record: bytes | None) -> Write | None:
            nonlocal written, replaced
            written, replaced = condition(record), record
            nothing_to_do = record is None and write.record is None
            return write if written and not nothing_to_do else None

        self.backend.update(cell, change)
        if written:
            self.coder.delete_parts(cell, replaced)
        return written
