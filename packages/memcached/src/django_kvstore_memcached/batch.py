"""Several cells of one server, in one request.

``for batch in batches(ring, dict.fromkeys(keys, 0)): found |= batch.get()``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import expiry
from .connection import Connection
from .keys import split
from .ring import Ring
from .server import Server

#: The most that goes into one request. With 2,000 sets in one, both ends of a Unix socket wait for
#: the other to read.
_MOST_CELLS: Final = 500
_MOST_BYTES: Final = 4 * 1024 * 1024


class Batch:
    """Cells that fit one request."""

    def __init__(self, server: Server) -> None:
        self.server = server
        #: The cells' names, each with the two halves of its key.
        self._cells: list[tuple[str, str, bytes]] = []
        self._bytes = 0
        self._largest = 0

    def take(self, cell: str, prefix: str, tail: bytes, record_bytes: int) -> bool:
        """Take the cell in, unless it is one too many."""
        if self._cells and (
            len(self._cells) == _MOST_CELLS or self._bytes + record_bytes > _MOST_BYTES
        ):
            return False
        self._cells.append((cell, prefix, tail))
        self._bytes += record_bytes
        self._largest = max(self._largest, record_bytes)
        return True

    def get(self) -> dict[str, bytes]:
        """Return the records that are there and have not expired."""

        def fetch(line: Connection) -> dict[str, bytes]:
            names = self._names(line)
            found = line.get_many(list(names))
            return {names[name]: record for name, record in found.items()}

        found = self.server.run(fetch)
        return {key: record for key, record in found.items() if not expiry.is_gone(key, record)}

    def prepare(self) -> None:
        """Raise what `set` and `delete` would raise without having written anything."""
        self.server.run(self._check_room, writes=True)

    def set(self, records: Mapping[str, bytes], expires: float | None) -> int:
        """Store the records; return how many."""
        exptime, stamp = expiry.tell(expires)

        def store(line: Connection) -> int:
            self._check_room(line)
            values = {name: records[key] for name, key in self._names(line).items()}
            return line.store_all(values, exptime, stamp)

        return self.server.run(store, writes=True)

    def delete(self) -> int:
        """Delete the cells; return how many there were that had not expired."""

        return self.server.run(lambda line: line.delete_all(list(self._names(line))), writes=True)

    def _check_room(self, line: Connection) -> None:
        if not line.has_room(self._largest):
            raise self.server.no_room(line, self._largest)

    def _names(self, line: Connection) -> dict[bytes, str]:
        """Return the keys that memcached knows the cells by, for now, each with its cell."""
        current = self.server.generations.current
        return {current(line, prefix) + tail: cell for cell, prefix, tail in self._cells}


def batches(ring: Ring, sizes: Mapping[str, int]) -> list[Batch]:
    """Return the cells in batches; `sizes` says how long each one's record is."""
    made: list[Batch] = []
    open_ones: dict[Server, Batch] = {}
    for cell, size in sizes.items():
        prefix, tail = split(cell)
        server = ring.owner(tail)
        batch = open_ones.get(server)
        if batch is None or not batch.take(cell, prefix, tail, size):
            batch = open_ones[server] = Batch(server)
            batch.take(cell, prefix, tail, size)
            made.append(batch)
    return made
