"""Cells in a Tokyo Tyrant: ``tyrant://10.0.0.1:1978?timeout=1``.

The database may be a hash or a B+ tree, in a file or in memory. Reading an entry that was never
changed conditionally and writing one are single requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django_kvstore import records
from django_kvstore.backend import Backend, KeyPage, Page, Write
from django_kvstore.errors import Unavailable
from django_kvstore.params import Param, positive, whole
from django_kvstore.url import StoreURL, host_and_port

from . import protocol
from .client import Client
from .listing import Listing
from .register import Registers
from .sweep import Sweep

DEFAULT_PORT = 1978


class TyrantBackend(Backend):
    """One server. ``docs/backends/tyrant.md`` says what it promises, and why it can."""

    scheme = "tyrant"
    params: ClassVar[tuple[Param, ...]] = (
        Param("timeout", positive, 3.0, "Seconds to wait for an answer."),
        Param("connect_timeout", positive, 3.0, "Seconds to wait for a connection."),
        Param("pool_size", whole, 16, "How many idle connections each process keeps."),
    )
    atomic: ClassVar[bool] = True
    iterable: ClassVar[bool] = True
    clearable: ClassVar[bool] = True
    # The server takes sixteen times as much; a bulk answer is to be bearable too.
    cell_bytes: ClassVar[int | None] = 16 * 1024 * 1024

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        if len(url.hosts) != 1 or url.path or url.username is not None:
            raise ValueError(
                "tyrant takes one server and no credentials, as in 'tyrant://127.0.0.1:1978'"
            )
        self._client = Client(
            host_and_port(url.hosts[0], DEFAULT_PORT),
            connect_timeout=self.options["connect_timeout"],
            timeout=self.options["timeout"],
            pool_size=self.options["pool_size"],
            alias=alias,
        )
        self._registers = Registers(self._client)
        self._listing = Listing(self._client)
        self._sweep = Sweep(self._client, self._registers, self._listing)

    def get(self, key: str) -> bytes | None:
        return self._registers.record(key.encode())

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        (done,) = self._client.tell(protocol.put(key.encode(), self._registers.tokens.make(record)))
        self._client.must(done)

    def delete(self, key: str) -> bool:
        return self.take(key) is not None

    def take(self, key: str) -> bytes | None:
        return self._registers.take(key.encode())

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        return self._registers.add(key.encode(), record)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        name = key.encode()
        looks = (self._registers.look(name) for _ in self.tries())
        for place in self._registers.unless_stuck(looks):
            if place.record != old:
                break
            # Somebody may be there before: perhaps he writes just the same.
            if self._registers.change(place, new):
                return True
        return False

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        # As the core's, but what was looked at is not looked at again.
        name = key.encode()
        looks = (self._registers.look(name) for _ in self.tries())
        for place in self._registers.unless_stuck(looks):
            write = change(place.record)
            if write is None or self._registers.change(place, write.record):
                return

    # Several cells at once.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for some in _slices(keys, 250):
            names = {key.encode(): key for key in some}
            there = self._registers.records(list(names))
            found.update({names[name]: record for name, record in there.items()})
        return found

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        self.in_turn(self._set_portions(cells))

    def _set_portions(self, cells: Mapping[str, bytes]) -> Iterator[None]:
        # One token will do for all of them: it tells apart what was written to one cell.
        begin = self._registers.tokens.make(b"")
        for some in _portions(cells):
            keys = [key.encode() for key in some]
            values = [begin + cells[key] for key in some]
            if self._client.server.takes_lists:
                pairs = [b""] * (2 * len(keys))
                pairs[::2], pairs[1::2] = keys, values
                (answer,) = self._client.tell(protocol.misc(b"putlist", pairs))
                yield  # a list that failed was written as far as it went
                self._client.must(answer is not None)
            else:
                done = self._client.tell(*map(protocol.put, keys, values))
                if any(done):
                    yield
                self._client.must(all(done))

    def delete_many(self, keys: Sequence[str]) -> int:
        return self.in_turn(
            step
            for some in _slices(keys, 50)
            for step in self._registers.delete([key.encode() for key in some])
        )

    # Iteration.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        names, following = self._listing.page(prefix.encode(), cursor, limit)
        found = self._registers.records(names) if names else {}
        return Page([(_text(name), found[name]) for name in names if name in found], following)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        names, following = self._listing.page(prefix.encode(), cursor, limit)
        found = self._registers.records(names) if names else {}
        now = time.time()
        for name, record in list(found.items()):
            expires = records.expiry(record)
            if expires is not None and expires <= now:
                del found[name]
        return KeyPage([_text(name) for name in names if name in found], following)

    def clear(self, prefix: str) -> int:
        return self.in_turn(self._sweep.clear(prefix.encode()))

    def purge(self, prefix: str, now: float) -> int:
        return self._sweep.purge(prefix.encode(), now)

    # The engine's life.

    def ping(self) -> None:
        (status,) = self._client.ask(protocol.stat())
        if not status:
            raise self.error(
                Unavailable,
                "the server answers without saying how it is.",
                hint="See its log, and start it again.",
            )

    @property
    def place(self) -> Hashable:
        return (self.scheme, host_and_port(self.url.hosts[0], DEFAULT_PORT))

    def sync(self) -> None:
        """Have the server write to its disk what it holds in memory, as a B+ tree file needs.

        ``kvstore.backend.sync()``, now and then. Raises `OutcomeUnknown` if it takes too long.
        """
        (done,) = self._client.tell(protocol.sync())
        self._client.must(done)

    def close(self) -> None:
        self._client.close()

    def close_old(self) -> None:
        self._client.weed()

    def forked(self) -> None:
        self._client.forget()
        self._registers.tokens = type(self._registers.tokens)()


def _text(name: bytes) -> str:
    # One that is no text, and none of ours, stops no walk.
    return name.decode("utf-8", "replace")


def _slices(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))


def _portions(cells: Mapping[str, bytes]) -> Iterator[Sequence[str]]:
    """Yield the cells in portions that a server takes in one request, and in time."""
    keys = list(cells)
    start = size = 0
    for at, record in enumerate(cells.values()):
        if at - start == 1000 or (size and size + len(record) > 4 * 1024 * 1024):
            yield keys[start:at]
            start, size = at, 0
        size += len(record)
    if keys:
        yield keys[start:]
