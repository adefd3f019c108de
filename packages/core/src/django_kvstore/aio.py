"""The async forms: every method again with an ``a`` before its name.

``await kvstore.aget("greeting")`` and ``async for key in kvstore.akeys("user:"): …``

As in Django they run the sync method in a thread, so the event loop is never blocked: on the one
thread kept for database connections where the backend needs it, else on any of the pool.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from asgiref.sync import sync_to_async

from .entries import Entry
from .iteration import Entries, Export, IterableStore
from .options import DEFAULT_TTL, MISSING, TTL
from .singleflight import Awaiting

T = TypeVar("T")


class AsyncStore(IterableStore):
    """The fourth layer of `django_kvstore.Store`; see the sync methods for what each does."""

    async def _run(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        run = sync_to_async(method, thread_sensitive=self.backend.thread_sensitive)
        return await run(*args, **kwargs)

    async def aget(self, key: str, default: Any = None) -> Any:
        """As `get`."""
        return await self._run(self.get, key, default)

    async def aset(self, key: str, value: Any, ttl: TTL = DEFAULT_TTL) -> None:
        """As `set`."""
        await self._run(self.set, key, value, ttl)

    async def adelete(self, key: str) -> bool:
        """As `delete`."""
        return await self._run(self.delete, key)

    async def aexists(self, key: str) -> bool:
        """As `exists`."""
        return await self._run(self.exists, key)

    async def ahas_key(self, key: str) -> bool:
        """As `has_key`."""
        return await self._run(self.has_key, key)

    async def aget_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """As `get_many`."""
        return await self._run(self.get_many, keys)

    async def aset_many(self, values: Mapping[str, Any], ttl: TTL = DEFAULT_TTL) -> None:
        """As `set_many`."""
        await self._run(self.set_many, values, ttl)

    async def adelete_many(self, keys: Iterable[str]) -> int:
        """As `delete_many`."""
        return await self._run(self.delete_many, keys)

    async def aget_entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """As `get_entries`."""
        return await self._run(self.get_entries, keys)

    async def arestore(self, entries: Iterable[Entry]) -> None:
        """As `restore`."""
        await self._run(self.restore, entries)

    async def aadd(self, key: str, value: Any, ttl: TTL = DEFAULT_TTL) -> bool:
        """As `add`."""
        return await self._run(self.add, key, value, ttl)

    async def aput(self, key: str, value: Any, ttl: TTL = DEFAULT_TTL) -> bool:
        """As `put`."""
        return await self._run(self.put, key, value, ttl)

    async def apop(self, key: str, default: Any = None) -> Any:
        """As `pop`."""
        return await self._run(self.pop, key, default)

    async def aincr(
        self, key: str, delta: int = 1, *, default: int = 0, ttl: TTL = DEFAULT_TTL
    ) -> int:
        """As `incr`."""
        return await self._run(self.incr, key, delta, default=default, ttl=ttl)

    async def adecr(
        self, key: str, delta: int = 1, *, default: int = 0, ttl: TTL = DEFAULT_TTL
    ) -> int:
        """As `decr`."""
        return await self._run(self.decr, key, delta, default=default, ttl=ttl)

    async def acompare_and_set(self, key: str, old: Any, new: Any, ttl: TTL = DEFAULT_TTL) -> bool:
        """As `compare_and_set`."""
        return await self._run(self.compare_and_set, key, old, new, ttl)

    async def aget_or_set(
        self,
        key: str,
        default: Any | Callable[[], Any],
        ttl: TTL = DEFAULT_TTL,
        *,
        lease: float | timedelta = 60.0,
    ) -> Any:
        """As `get_or_set`; a coroutine function as `default` is awaited.

        So is what a plain function returns, if it can be. The plain function itself runs in a
        thread. Who waits for another caller's value waits in the event loop, and holds no thread.
        """
        seconds = self._check_computing(default, ttl, lease)
        value = await self._run(self._current, key, MISSING)
        if value is not MISSING:
            return value
        self._require_atomic()
        if not callable(default):
            return await self._run(self._keep, key, ttl, default)
        return await self._compute(Awaiting(self._run), key, default, ttl, seconds)

    async def attl(self, key: str) -> float | None:
        """As `ttl`."""
        return await self._run(self.ttl, key)

    async def atouch(self, key: str, ttl: TTL = DEFAULT_TTL) -> bool:
        """As `touch`."""
        return await self._run(self.touch, key, ttl)

    async def apersist(self, key: str) -> bool:
        """As `persist`."""
        return await self._run(self.persist, key)

    async def akeys(self, prefix: str = "") -> AsyncIterator[str]:
        """As `keys`, one page in the thread at a time."""
        cursor = None
        while True:
            keys, cursor = await self._run(self._scan_keys, prefix, cursor)
            for key in keys:
                yield key
            if cursor is None:
                return

    async def aitems(self, prefix: str = "") -> AsyncIterator[tuple[str, Any]]:
        """As `items`, one page in the thread at a time."""
        cursor = None
        while True:
            entries, cursor = await self._run(self.scan, prefix, cursor)
            for entry in entries:
                yield entry
            if cursor is None:
                return

    async def ascan(self, prefix: str = "", cursor: str | None = None, limit: int = 250) -> Entries:
        """As `scan`."""
        return await self._run(self.scan, prefix, cursor, limit)

    async def aexport(
        self, prefix: str = "", cursor: str | None = None, limit: int = 250
    ) -> Export:
        """As `export`."""
        return await self._run(self.export, prefix, cursor, limit)

    async def acount(self, prefix: str = "") -> int:
        """As `count`."""
        return await self._run(self.count, prefix)

    async def aclear(self, prefix: str = "") -> int | None:
        """As `clear`."""
        return await self._run(self.clear, prefix)

    async def apurge(self) -> int:
        """As `purge`."""
        return await self._run(self.purge)

    async def aping(self) -> float:
        """As `ping`."""
        return await self._run(self.ping)

    async def aclose(self) -> None:
        """As `close`."""
        await self._run(self.close)
