"""diskcache: SQLite files of its own, with its own transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diskcache import Cache

from ..contestant import KeyValue


class DiskCache(KeyValue):
    name = "diskcache"
    distribution = "diskcache"
    note = "with pickle"

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder / "diskcache")

    def open(self) -> None:
        self._cache = cache = Cache(self._folder, eviction_policy="none", size_limit=2**40)
        self.bind(get=cache.get, set=cache.set, delete=cache.delete, add=cache.add)
        self.bind(incr=cache.incr, clear=cache.clear)

    def close(self) -> None:
        self._cache.close()

    def close_thread(self) -> None:
        self._cache.close()

    def set_many(self, values: dict[str, Any]) -> None:
        with self._cache.transact():
            for key, value in values.items():
                self._cache.set(key, value)

    def delete_many(self, keys: list[str]) -> None:
        with self._cache.transact():
            for key in keys:
                self._cache.delete(key)

    def walk_keys(self) -> int:
        return sum(1 for _ in self._cache)
