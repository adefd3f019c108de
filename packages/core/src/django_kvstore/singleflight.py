"""Compute a missing value once, however many callers want it, in however many processes.

``kvstore.get_or_set("report", build_report, ttl=600)``

The first caller locks the key. The lock is an item of its own in the engine, and it expires.
Callers in the same process wait for the first one without asking the engine; of each other process
one caller asks it now and then. What they do is written once, as a coroutine, for threads and for
tasks: `Blocking` and `Awaiting` say how to call, to compute and to wait.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from threading import Event
from typing import Any, Final, Protocol, TypeVar

from . import keys, records
from .backend import Backend, Write
from .coder import is_gone
from .errors import InvalidValue, KVStoreError
from .options import MISSING

T = TypeVar("T")

_GENERATES: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_LOCK_CODE: Final = ord(keys.LOCK)
#: Seconds between two looks, at first and at most.
_PAUSES: Final = (0.002, 0.1)


class Flight:
    """One caller who gets a missing value, while other callers of this process wait for it."""

    def __init__(self, place: tuple[int, str], lease: float) -> None:
        self.place = place
        self.over = Event()
        self._lease = lease
        self.renew()

    def renew(self) -> None:
        """Begin the lease; after it the others wait no longer."""
        self.ends = time.monotonic() + self._lease


#: Who is at it in this process, by the backend's identity and the lock.
_flights: dict[tuple[int, str], Flight] = {}
#: The computations that the caller's own code is part of. So is a task that such a computation has
#: started: nobody can know whether it waits for the task, which would then wait for it.
_inside: ContextVar[tuple[Flight, ...]] = ContextVar("django_kvstore_inside", default=())

# In a child process nobody is at it.
os.register_at_fork(after_in_child=_flights.clear)


class Face(Protocol):
    """How the steps are made: in this thread, or in the event loop."""

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call what asks the engine."""

    async def compute(self, default: Callable[[], Any]) -> Any:
        """Return what the application's callable makes."""

    async def pause(self, seconds: float) -> None:
        """Wait."""

    async def join(self, flight: Flight, seconds: float) -> bool:
        """Wait until the flight is over, at most `seconds`; return whether it is."""


class Blocking:
    """Make each step in this thread. No step suspends, so `finish` can run the coroutine."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    async def compute(self, default: Callable[[], Any]) -> Any:
        made = default()
        if inspect.isawaitable(made):
            if inspect.iscoroutine(made):
                made.close()  # else Python warns that nobody awaited it
            raise must_be_awaited(self._backend)
        return made

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 # no event loop runs this

    async def join(self, flight: Flight, seconds: float) -> bool:
        return flight.over.wait(seconds)


class Awaiting:
    """Call in a thread what asks the engine, and wait in the event loop without one.

    ``Awaiting(store._run)``, which runs a function in a thread that suits the backend.
    """

    def __init__(self, run: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self._run = run

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        result: T = await self._run(function, *args)
        return result

    async def compute(self, default: Callable[[], Any]) -> Any:
        made = default() if is_async(default) else await self._run(default)
        return await made if inspect.isawaitable(made) else made

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def join(self, flight: Flight, seconds: float) -> bool:
        # The flight may belong to a thread or to another event loop: only its flag is shared.
        pause, longest = _PAUSES
        end = time.monotonic() + seconds
        while not flight.over.is_set():
            left = end - time.monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, longest)
        return True


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of `Blocking` steps to its end; return its result."""
    try:
        coroutine.send(None)
    except StopIteration as over:
        result: T = over.value
        return result
    coroutine.close()
    raise RuntimeError("a step of a blocking call was suspended")


async def compute_once(
    face: Face,
    backend: Backend,
    lock: str,
    lease: float,
    *,
    look: Callable[[], Any],
    default: Callable[[], Any],
    keep: Callable[[Any], Any],
) -> Any:
    """Return what `look` finds, or else what `default` makes, unless another caller makes it.

    `lock` is the storage key of the lock, `lease` its expiry in seconds. `look` returns MISSING
    while there is no value; `keep` stores what `default` made, and returns what is stored.
    Raises `InvalidValue` if the call is part of the `default` that it waits for.
    """
    flight = Flight((id(backend), lock), lease)
    if any(flight.place == outer.place and not outer.over.is_set() for outer in _inside.get()):
        raise backend.error(
            InvalidValue,
            "the default for the key calls get_or_set for the key itself.",
            hint="Compute the value without the entry that it is for. A task that the default does "
            "not wait for needs a context of its own: context=contextvars.Context().",
        )

    async def compute() -> Any:
        flight.renew()
        with _within(flight):
            made = await face.compute(default)
        return await face.call(keep, made)

    try:
        if await face.call(backend.in_transaction):
            # Whoever has the lock may be waiting for what this transaction has locked, and nobody
            # would see a lock of ours until the transaction ends.
            return await compute()
        deadline = time.monotonic() + lease
        while (other := _flights.setdefault(flight.place, flight)) is not flight:
            if await face.join(other, min(other.ends, deadline) - time.monotonic()):
                value = await face.call(look)
                if value is not MISSING:
                    return value
            elif _flights.get(flight.place) is other:
                # It takes longer than the lease. From now on the lock in the engine decides, and
                # the others wait for this caller.
                _flights[flight.place] = flight
        return await _compete(face, _Lock(backend, lock, lease), look, compute)
    finally:
        if _flights.get(flight.place) is flight:
            del _flights[flight.place]
        flight.over.set()


async def _compete(
    face: Face,
    lock: _Lock,
    look: Callable[[], Any],
    compute: Callable[[], Coroutine[Any, Any, Any]],
) -> Any:
    """Compute with the lock, or return the value that somebody who has it makes."""
    pause, longest = _PAUSES
    while True:
        if await face.call(lock.acquire):
            try:
                # The one who had the lock before may have just finished.
                value = await face.call(look)
                return await compute() if value is MISSING else value
            finally:
                await face.call(lock.release)
        await face.pause(random.uniform(pause / 2, pause))
        pause = min(pause * 2, longest)
        value = await face.call(look)
        if value is not MISSING:
            return value


class _Lock:
    """The lock of one key in the engine, as one caller wants it.

    A record of the lock that stays the same for a whole lease is not waited for any longer,
    whatever its own expiry says: the one who wrote it is dead, or never was one of us.
    """

    def __init__(self, backend: Backend, name: str, lease: float) -> None:
        self._backend = backend
        self._name = name
        self._lease = lease
        self._token: bytes | None = None
        self._seen: bytes | None = None
        self._waits_until = 0.0

    def acquire(self) -> bool:
        """Take the lock if it is free or its lease is over; return whether it is ours now."""
        expires = time.time() + self._lease
        token = records.pack(self._name, secrets.token_bytes(16), code=_LOCK_CODE, expires=expires)
        # The others look before they write: the lock is mostly not free.
        taken = self._seen is None and self._backend.add(self._name, token, expires)

        def change(record: bytes | None) -> Write | None:
            nonlocal taken
            taken = self._is_free(record)
            return Write(token, expires) if taken else None

        if not taken:
            self._backend.update(self._name, change)
        self._token = token if taken else None
        return taken

    def _is_free(self, record: bytes | None) -> bool:
        # A damaged lock proves that nobody can give it back.
        if (
            record is None
            or is_gone(self._name, record)
            or not records.is_whole(self._name, record)
        ):
            return True
        if record != self._seen:
            self._seen, self._waits_until = record, time.monotonic() + self._lease
        return time.monotonic() >= self._waits_until

    def release(self) -> None:
        """Free the lock, unless another caller has taken it over."""
        # The value is stored, or an error is on its way to the caller. What becomes of the lock
        # must hide neither of them; its lease ends it.
        with suppress(KVStoreError):
            self._backend.compare_and_set(self._name, self._token, None, None)


@contextmanager
def _within(flight: Flight) -> Iterator[None]:
    token = _inside.set((*_inside.get(), flight))
    try:
        yield
    finally:
        _inside.reset(token)


def is_async(default: Callable[[], Any]) -> bool:
    """Return whether the callable is known to return a coroutine before it is called."""
    return any(map(inspect.iscoroutinefunction, _called(default)))


def is_generator(default: Any) -> bool:
    """Return whether `default` is a generator, or is known to return one before it is called."""
    if inspect.isgenerator(default) or inspect.isasyncgen(default):
        return True
    codes = (getattr(each, "__code__", None) for each in _called(default))
    flags = next((code.co_flags for code in codes if code is not None), 0)
    return bool(flags & _GENERATES) and not flags & inspect.CO_ITERABLE_COROUTINE


def _called(default: Any) -> tuple[Any, Any]:
    """Return the function behind partials, and what its class defines for a call."""
    while isinstance(default, partial):
        default = default.func
    return default, getattr(type(default), "__call__", None)  # noqa: B004 # it may be defined


def must_be_awaited(backend: Backend) -> InvalidValue:
    """Return the error for a default whose value must be awaited and cannot be."""
    return backend.error(
        InvalidValue,
        "the default's value must be awaited, and get_or_set cannot.",
        hint="Call 'await aget_or_set(...)', or give a plain function.",
    )
