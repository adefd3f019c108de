"""Backends of every shape that the core must cope with, each sound.

``Store(open_backend(Bare), StoreOptions())``
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar, TypeVar

from django_kvstore import Backend, Page, StoreURL
from django_kvstore_locmem import LocMemBackend

B = TypeVar("B", bound=Backend)


def open_backend(kind: type[B], place: str) -> B:
    """Make a backend of that class, whose entries are those of `place`."""
    return kind("contract", StoreURL.parse(f"{kind.scheme}://{place}"), {})


class SmallCells(LocMemBackend):
    """Its cells hold two kilobytes, so most values are split."""

    cell_bytes = 2048


class Evicting(SmallCells):
    """It may drop a part of a value at any time."""

    evicts = True


class Dictionary(Backend):
    """Cells in a dict, one for each place."""

    scheme = "dictionary"
    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False

    places: ClassVar[dict[str, dict[str, bytes]]] = {}

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        place = f"{type(self).scheme}/{url.location}"
        self.cells = self.places.setdefault(place, {})


class Bare(Dictionary):
    """Nothing but the three methods."""

    scheme = "bare"

    def get(self, key: str) -> bytes | None:
        return self.cells.get(key)

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self.cells[key] = record

    def delete(self, key: str) -> bool:
        return self.cells.pop(key, None) is not None


class BareAtomic(Bare):
    """The three methods and `compare_and_set`."""

    scheme = "bareatomic"
    atomic = True

    _lock: ClassVar[Lock] = Lock()

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        with self._lock:
            super().set(key, record, expires)

    def delete(self, key: str) -> bool:
        with self._lock:
            return super().delete(key)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        with self._lock:
            if self.cells.get(key) != old:
                return False
            if new is None:
                del self.cells[key]
            else:
                self.cells[key] = new
            return True

    def forked(self) -> None:
        type(self)._lock = Lock()


class BareIterable(Bare):
    """The three methods and `scan`, which is all that clearing needs too."""

    scheme = "bareiterable"
    iterable = True
    clearable = True

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        names = sorted(n for n in list(self.cells) if n.startswith(prefix) and n > (cursor or ""))
        found = [(name, self.cells[name]) for name in names[:limit] if name in self.cells]
        return Page(found, names[limit - 1] if len(names) > limit else None)


class Expiring(BareAtomic):
    """It hides expired cells by itself, as memcached does, and clears by whole namespaces."""

    scheme = "expiring"
    expires_itself = True
    clearable = True

    times: ClassVar[dict[str, float | None]] = {}

    def _note(self, key: str, expires: float | None) -> None:
        self.times[self.url.location + key] = expires

    def _sweep(self, key: str) -> None:
        expires = self.times.get(self.url.location + key)
        if expires is not None and expires <= time.time():
            self.cells.pop(key, None)

    def get(self, key: str) -> bytes | None:
        self._sweep(key)
        return super().get(key)

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        with self._lock:
            self._note(key, expires)
            self.cells[key] = record

    def delete(self, key: str) -> bool:
        self._sweep(key)
        return super().delete(key)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        with self._lock:
            self._sweep(key)
            if self.cells.get(key) != old:
                return False
            if new is None:
                del self.cells[key]
            else:
                self._note(key, expires)
                self.cells[key] = new
            return True

    def clear(self, prefix: str) -> int | None:
        if prefix.index(":") != len(prefix) - 1:
            raise self.unsupported("clear a part of a namespace", "iterable")
        for name in [name for name in self.cells if name.startswith(prefix)]:
            self.cells.pop(name, None)
        return None


class Least(LocMemBackend):
    """It takes no more than it must, and does not say how many it has cleared."""

    max_key_bytes = 65
    max_value_bytes = 64 * 1024

    def clear(self, prefix: str) -> int | None:
        super().clear(prefix)
        return None


class Modest(LocMemBackend):
    """It takes shorter keys and values than the engines of this project do, and says so."""

    max_key_bytes = 251
    max_value_bytes = 64 * 1024
    cell_bytes = 8 * 1024
