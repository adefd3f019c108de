"""py-key-value, whichever of its stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..contestant import AsyncKeyValue

_COLLECTION = "benchmark"


class PyKeyValue(AsyncKeyValue):
    """It takes dicts alone, and neither adds nor counts."""

    name = "py-key-value"
    distribution = "py-key-value-aio"

    def __init__(
        self,
        make: Callable[[], Any],
        clear: Callable[[], Any] | None = None,
        *,
        listed: bool = True,
    ) -> None:
        self._make = make
        self._clear = clear
        self._listed = listed

    async def aopen(self) -> None:
        store = self._store = self._make()
        await store.setup()
        self.bind(get=store.get, set=store.put, delete=store.delete)

    async def aclose(self) -> None:
        if hasattr(self._store, "close"):
            await self._store.close()

    async def get_many(self, keys: list[str]) -> dict[str, Any]:
        found = await self._store.get_many(keys)
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    async def set_many(self, values: dict[str, Any]) -> None:
        await self._store.put_many(list(values), list(values.values()))

    async def delete_many(self, keys: list[str]) -> None:
        await self._store.delete_many(keys)

    async def clear(self) -> None:
        if self._clear is not None:
            self._clear()
            return
        if not self._listed:
            await self._store.destroy()
            return
        # In memory, its own destroy() leaves the collection unusable.
        while keys := await self._store.keys(limit=1000):
            await self._store.delete_many(keys)
