"""aiocache: in memory, in memcached, or in Redis, by its class."""

from __future__ import annotations

from typing import Any

from ..contestant import AsyncKeyValue


class AioCache(AsyncKeyValue):
    name = "aiocache"
    distribution = "aiocache"

    def __init__(self, kind: type[Any], *, note: str = "", **options: Any) -> None:
        self._kind = kind
        self._options = options
        self.note = "; ".join(filter(None, (AsyncKeyValue.note, note)))

    async def aopen(self) -> None:
        cache = self._cache = self._kind(**self._options)
        self.bind(get=cache.get, set=cache.set, delete=cache.delete, clear=cache.clear)
        self.bind(incr=cache.increment)

    async def aclose(self) -> None:
        await self._cache.close()

    async def add(self, key: str, value: Any) -> bool:
        try:
            await self._cache.add(key, value)
        except ValueError:
            return False
        return True

    async def get_many(self, keys: list[str]) -> dict[str, Any]:
        found = await self._cache.multi_get(keys)
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    async def set_many(self, values: dict[str, Any]) -> None:
        await self._cache.multi_set(list(values.items()))
