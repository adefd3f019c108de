"""Cells in a dict of this process, one dict for each name in a URL.

``locmem://sessions`` and ``locmem://sessions?ttl=60`` share; ``locmem://other`` does not.

Nothing is ever dropped to save room, and values are bytes, so no caller can change another's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, ClassVar

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_kvstore.backend import Backend, Page
from django_kvstore.url import StoreURL

from .cells import Cells

_locations: dict[str, Cells] = {}


class LocMemBackend(Backend):
    """The engine that is always there; for development, tests and what one process may forget."""

    scheme = "locmem"
    atomic: ClassVar[bool] = True
    iterable: ClassVar[bool] = True
    clearable: ClassVar[bool] = True
    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._cells = _locations.setdefault(f"{url.location}/{url.path}", Cells())
        # One look into a dict is atomic, so reading needs neither the lock nor a call of our own.
        self.get = self._cells.records.get  # type: ignore[method-assign, assignment]

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        cells = self._cells
        # What a with statement does, in half its time: a write is little more than its lock.
        lock = cells.lock
        lock.acquire()
        try:
            if cells.added is None:
                cells.records[key] = record
            else:
                cells.put(key, record)
        finally:
            lock.release()

    def delete(self, key: str) -> bool:
        with self._cells.lock:
            return self._cells.take(key)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        cells = self._cells
        lock = cells.lock
        lock.acquire()
        try:
            if cells.records.get(key) != old:
                return False
            if new is not None:
                cells.put(key, new)
            elif old is not None:
                del cells.records[key]
            return True
        finally:
            lock.release()

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        names, following = self._cells.page(prefix, cursor, limit)
        # A cell deleted since then is left out; it was touched during the walk.
        found = ((name, self.get(name)) for name in names)
        return Page([(name, record) for name, record in found if record is not None], following)

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        with self._cells.lock:
            self._cells.put_many(cells)

    def delete_many(self, keys: Sequence[str]) -> int:
        with self._cells.lock:
            return sum(map(self._cells.take, keys))

    @property
    def place(self) -> Hashable:
        return (self.scheme, self.url.location, self.url.path)

    def ping(self) -> None:
        """Do nothing: what is in this process answers."""

    def check(self, **kwargs: Any) -> Iterable[CheckMessage]:
        if kwargs.get("deploy"):
            yield CheckWarning(
                f"The store '{self.alias}' keeps its entries in each process's own memory.",
                hint="Processes do not see each other's entries, and a restart loses them: "
                "deploy with another backend, 'db://kvstore' say.",
                id="django_kvstore.locmem.W001",
            )

    def forked(self) -> None:
        # Another thread of the parent may have held the lock; nobody would ever release it here.
        self._cells.lock = Lock()
