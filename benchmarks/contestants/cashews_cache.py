"""cashews: in memory, on the disk, or in Redis, by the URL it is set up with."""

from __future__ import annotations

from typing import Any

from cashews import Cache

from ..contestant import AsyncKeyValue


class Cashews(AsyncKeyValue):
    name = "cashews"
    distribution = "cashews"

    def __init__(self, url: str, *, note: str = "", **options: Any) -> None:
        self.note = "; ".join(filter(None, (AsyncKeyValue.note, note)))
        self._url = url
        self._options = options

    async def aopen(self) -> None:
        self._cache = cache = Cache()
        cache.setup(self._url, **self._options)
        await cache.init()
        self.bind(get=cache.get, set=cache.set, delete=cache.delete, incr=cache.incr)
        self.bind(clear=cache.clear, set_many=cache.set_many)

    async def aclose(self) -> None:
        await self._cache.close()

    async def add(self, key: str, value: Any) -> bool:
        return bool(await self._cache.set(key, value, exist=False))

    async def get_many(self, keys: list[str]) -> dict[str, Any]:
        found = await self._cache.get_many(*keys)
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    async def delete_many(self, keys: list[str]) -> None:
        await self._cache.delete_many(*keys)
