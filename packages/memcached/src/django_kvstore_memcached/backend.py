"""Cells in memcached, on one server or several.

``memcached://10.0.0.1:11211;10.0.0.2:11211?timeout=1``, or ``memcached:///run/memcached.sock``.

memcached may drop any entry at any time to make room, and keeps none over a restart. It cannot
list what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Info

from django_kvstore.backend import Backend, Write
from django_kvstore.params import Param, not_negative, positive, whole
from django_kvstore.url import StoreURL

from .address import read_addresses
from .batch import batches
from .cell import Cell
from .connection import ITEM_OVERHEAD, Connection
from .keys import is_whole_prefix, split
from .ring import Ring
from .server import Server

#: One request of a larger write: what finds out that it will fail, and what does it.
Step = tuple[Callable[[], None], Callable[[], int]]


def item_size(text: Any) -> int:
    """Read a number of bytes in which a part of a value, and the longest key, have room."""
    number = whole(text)
    if number < 2048:
        raise ValueError("it is less than 2048")
    return number


class MemcachedBackend(Backend):
    """memcached, spoken to with pymemcache's client and a few commands of our own."""

    scheme = "memcached"
    params = (
        Param("timeout", positive, 3.0, "Seconds to wait for an answer, all of it."),
        Param("connect_timeout", positive, 3.0, "Seconds to wait for a connection."),
        Param("pool_size", whole, 16, "Idle connections to keep, for each server."),
        Param("idle_timeout", positive, 60.0, "Seconds after which an idle one is not used again."),
        Param(
            "refresh",
            not_negative,
            1.0,
            "Seconds within which a process notices that another one cleared the store; "
            "0 asks before every call.",
        ),
        Param(
            "item_bytes",
            item_size,
            None,
            "The longest record kept in one item, in bytes; longer ones are split. By default what "
            "fits the 1 MiB that a server has unless its option -I says otherwise.",
        ),
    )
    atomic: ClassVar[bool] = True
    clearable: ClassVar[bool] = True
    durable: ClassVar[bool] = False
    evicts: ClassVar[bool] = True
    expires_itself: ClassVar[bool] = True
    cell_bytes = 1024 * 1024 - ITEM_OVERHEAD

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        if self.options["item_bytes"] is not None:
            self.cell_bytes = self.options["item_bytes"]  # type: ignore[misc] # this store's own
        self._ring = Ring(
            Server(address, self.options, self.error) for address in read_addresses(url)
        )

    def _cell(self, key: str) -> Cell:
        prefix, tail = split(key)
        return Cell(key, self._ring.owner(tail), prefix, tail)

    # Single cells.

    def get(self, key: str) -> bytes | None:
        return self._cell(key).get()

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._cell(key).set(record, expires)

    def delete(self, key: str) -> bool:
        return self._cell(key).delete()

    def take(self, key: str) -> bytes | None:
        return self._cell(key).take()

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        cell = self._cell(key)
        # Refused, it may still be that what is there has expired.
        return cell.add(record, expires) or self._replace(cell, None, Write(record, expires))

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        if old is None and new is not None:
            return self.add(key, new, expires)
        return self._replace(self._cell(key), old, Write(new, expires))

    def _replace(self, cell: Cell, old: bytes | None, write: Write) -> bool:
        for _ in self.tries():
            found, version = cell.look()
            if found != old:
                break
            # Refused, somebody wrote since; perhaps the same bytes again, so look again.
            if cell.swap(version, write):
                return True
        return False

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        cell = self._cell(key)
        for _ in self.tries():
            found, version = cell.look()
            write = change(found)
            if write is None or cell.swap(version, write):
                return

    # Many cells: one round trip for each server and batch.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for batch in batches(self._ring, dict.fromkeys(keys)):
            found |= batch.get()
        return found

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        made = batches(self._ring, cells, cells)
        self._prepared([(batch.prepare, partial(batch.set, expires)) for batch in made])

    def delete_many(self, keys: Sequence[str]) -> int:
        made = batches(self._ring, dict.fromkeys(keys))
        return self._prepared([(batch.prepare, batch.delete) for batch in made])

    def take_many(self, keys: Sequence[str]) -> tuple[int, dict[str, bytes]]:
        found: dict[str, bytes] = {}
        made = batches(self._ring, dict.fromkeys(keys))
        count = self._prepared([(batch.prepare, partial(batch.take, found)) for batch in made])
        return count, found

    @property
    def place(self) -> Hashable:
        return (self.scheme, frozenset(read_addresses(self.url)))

    def clear(self, prefix: str) -> int | None:
        """Give the store a new generation on every server; entries are not counted.

        Raises `NotSupported` for a part of a store: memcached cannot say what is in it.
        """
        if not is_whole_prefix(prefix):
            raise self.unsupported("clear a part of a store", "iterable")
        servers = self._ring.servers
        self._prepared([(server.prepare, partial(server.clear, prefix)) for server in servers])
        return None

    def _prepared(self, steps: Sequence[Step]) -> int:
        if len(steps) > 1:
            # First see that every server is there, so that most outages leave all of it undone.
            for prepare, _ in steps:
                prepare()
        return self.in_turn(write() for _, write in steps)

    # The engine's life.

    def ping(self) -> None:
        for server in self._ring.servers:
            server.run(Connection.version)

    def check(self, **kwargs: Any) -> Iterable[CheckMessage]:
        number = len(self._ring.servers)
        if kwargs.get("deploy") and number > 1:
            yield Info(
                f"The store '{self.alias}' is spread over {number} memcached servers. When their "
                "list changes, values from before an earlier change may come back.",
                hint="With every change of the list give the store another NAMESPACE, or run "
                f"'manage.py kvstore clear {self.alias}' as soon as no process uses the old list.",
                id="django_kvstore.memcached.I001",
            )

    def close(self) -> None:
        for server in self._ring.servers:
            server.close_idle()

    def close_old(self) -> None:
        for server in self._ring.servers:
            server.close_idle(older_than=self.options["idle_timeout"])

    def forked(self) -> None:
        for server in self._ring.servers:
            server.start_over()
