"""A contestant: something that keeps values by keys, or turns values into bytes and back.

``class Dict(KeyValue): name = "dict"; role = "floor"``, and the methods it has.

What a contestant cannot do it does not define, and is not asked. One whose interface is asyncio's
defines coroutines and is run in an event loop of its own: a whole turn in one go, so that starting
the loop costs it nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

Role = Literal["ours", "floor", "peer"]
Columns = tuple[Sequence[Any], ...]

#: How many threads, or tasks of an event loop, are at a contestant at once.
CROWD = 8


def absent(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a method of the base class that a contestant may have or not."""
    method._absent = True  # type: ignore[attr-defined]
    return method


class Contestant:
    """What the harness needs to know of any of them."""

    name: str
    role: Role = "peer"
    #: What a reader of the table should know.
    note: str = ""
    #: The distribution whose release is told.
    distribution: str = ""

    def open(self) -> None:
        """Connect, and make what is needed before the first call."""

    def close(self) -> None:
        """Give everything back."""

    def offers(self, method: str) -> bool:
        """Say whether it has the method."""
        found = getattr(self, method, None)
        return found is not None and not getattr(found, "_absent", False)

    def bind(self, **methods: Callable[..., Any]) -> None:
        """Take methods of the thing itself for those of this object: that spares a call of ours."""
        vars(self).update(methods)

    def do(self, method: str, *arguments: Any) -> Any:
        """Call a method once, untimed, and return what it returns."""
        return getattr(self, method)(*arguments)

    def repeat(self, method: str, columns: Columns) -> None:
        """Call a method once for each row of the columns; nothing costs less than map()."""
        deque(map(getattr(self, method), *columns), 0)

    @absent
    def requests(self) -> Any:
        """Return how many requests have been made so far."""


class Codec(Contestant):
    """What turns values into bytes and back."""

    def dumps(self, value: Any) -> bytes:
        raise NotImplementedError

    def loads(self, data: bytes) -> Any:
        raise NotImplementedError

    def both(self, value: Any) -> Any:
        return self.loads(self.dumps(value))


class KeyValue(Contestant):
    """What keeps values by keys. `get` returns None for a miss."""

    _pool: ThreadPoolExecutor | None = None

    def clear(self) -> Any:
        """Leave nothing."""
        raise NotImplementedError

    def get(self, key: str) -> Any:
        raise NotImplementedError

    def set(self, key: str, value: Any) -> Any:
        raise NotImplementedError

    def forget(self, keys: Sequence[str]) -> None:
        """Delete what a turn has left behind, untimed."""
        self.repeat("delete", (keys,))

    @absent
    def delete(self, key: str) -> Any: ...

    @absent
    def add(self, key: str, value: Any) -> Any:
        """Write where there is nothing; say whether it was written."""

    @absent
    def incr(self, key: str) -> Any:
        """Add one to a counter, from nothing too, and return the sum."""

    @absent
    def get_many(self, keys: list[str]) -> Any:
        """Return a dict of what is there."""

    @absent
    def set_many(self, values: dict[str, Any]) -> Any: ...

    @absent
    def delete_many(self, keys: list[str]) -> Any: ...

    @absent
    def load(self, values: dict[str, Any]) -> Any:
        """Write very many in whatever way is best; `set_many` in pages where that is not said."""

    @absent
    def walk(self) -> Any:
        """Read every key and value, and return how many there were."""

    @absent
    def walk_keys(self) -> Any:
        """Read every key, and return how many there were."""

    def crowd(self, jobs: Sequence[Columns]) -> None:
        """Do the jobs at once, one in each thread; see `mix`."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(jobs))
        # Each thread must have one job, since connections belong to threads.
        barrier = threading.Barrier(len(jobs), timeout=60)

        def job(keys: Sequence[str], values: Sequence[Any]) -> None:
            who = self.of_thread()
            barrier.wait()
            mix(who.get, who.set, keys, values)

        for future in [self._pool.submit(job, *columns) for columns in jobs]:
            future.result()

    def close_crowd(self) -> None:
        """End the threads, each after giving back what was its own."""
        if self._pool is None:
            return
        barrier = threading.Barrier(CROWD, timeout=60)

        def job() -> None:
            barrier.wait()
            self.close_thread()

        for future in [self._pool.submit(job) for _ in range(CROWD)]:
            future.result()
        self._pool.shutdown()
        self._pool = None

    def of_thread(self) -> KeyValue:
        """Return who does the work in the thread that calls: itself where threads may share it."""
        return self

    def close_thread(self) -> None:
        """Give back what belongs to the thread that calls it."""


class AsyncKeyValue(KeyValue):
    """One whose methods are coroutines."""

    note = "asyncio, in an event loop of its own"

    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.aopen())

    def close(self) -> None:
        self.loop.run_until_complete(self.aclose())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    async def aopen(self) -> None: ...

    async def aclose(self) -> None: ...

    def do(self, method: str, *arguments: Any) -> Any:
        return self.loop.run_until_complete(getattr(self, method)(*arguments))

    def repeat(self, method: str, columns: Columns) -> None:
        call = getattr(self, method)
        self.loop.run_until_complete(_await_each(call, zip(*columns, strict=True)))

    def crowd(self, jobs: Sequence[Columns]) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self._mix(*columns) for columns in jobs))

        self.loop.run_until_complete(all_of_them())

    async def _mix(self, keys: Sequence[str], values: Sequence[Any]) -> None:
        for number, key in enumerate(keys):
            if number % 10:
                await self.get(key)
            else:
                await self.set(key, values[number])


async def _await_each(
    call: Callable[..., Coroutine[Any, Any, Any]], rows: Iterable[tuple[Any, ...]]
) -> None:
    for row in rows:
        await call(*row)


def mix(
    get: Callable[[str], Any],
    set: Callable[[str, Any], Any],
    keys: Sequence[str],
    values: Sequence[Any],
) -> None:
    """Read nine times for every write."""
    for number, key in enumerate(keys):
        if number % 10:
            get(key)
        else:
            set(key, values[number])


def pages(values: dict[str, Any], size: int = 1000) -> Iterator[dict[str, Any]]:
    """Yield the entries in dicts of at most so many."""
    items = list(values.items())
    for start in range(0, len(items), size):
        yield dict(items[start : start + size])
