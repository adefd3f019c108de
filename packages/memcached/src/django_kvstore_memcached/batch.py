"""Several cells of one server, in one request.

``for batch in batches(ring, keys): found |= batch.get()``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

_NOTHING: Final[Mapping[str, bytes]] = {}


class Batch:
    """Cells that fit one request, and their records if these are to be written."""

    def __init__(self, server: Server, records: Mapping[str, bytes]) -> None:
        self.server = server
        #: The cells' names, each with the two halves of its key.
        self.cells: list[tuple[str, str, bytes]] = []
        #: How much there is to write, in bytes.
        self.size = 0
        self._records = records

    def get(self) -> dict[str, bytes]:
        """Return the records that are there and have not expired."""

        def fetch(line: Connection) -> dict[str, bytes]:
            names = self._names(line)
            return {names[name]: record for name, record in line.look_all(names).items()}

        found = self.server.run(fetch)
        return {key: record for key, record in found.items() if not expiry.is_gone(key, record)}

    def prepare(self) -> None:
        """Raise what `set` and `delete` would raise without having written anything."""
        self.server.run(self._check_room, writes=True)

    def set(self, expires: float | None) -> int:
        """Store the records; return how many."""
        exptime, stamp = expiry.tell(expires)

        def store(line: Connection) -> int:
            self._check_room(line)
            records = {name: self._records[cell] for name, cell in self._names(line).items()}
            line.writing = len(records)
            return line.store_all(records, exptime, stamp)

        return self.server.run(store, writes=True)

    def delete(self) -> int:
        """Delete the cells; return how many there were that had not expired."""

        def delete(line: Connection) -> int:
            names = list(self._names(line))
            line.writing = len(names)
            return line.delete_all(names)

        return self.server.run(delete, writes=True)

    def _check_room(self, line: Connection) -> None:
        if self._records:
            largest = max(len(self._records[cell]) for cell, _, _ in self.cells)
            if not line.has_room(largest):
                raise self.server.no_room(line, largest)

    def _names(self, line: Connection) -> dict[bytes, str]:
        """Return the keys that memcached knows the cells by, for now, each with its cell."""
        names: dict[bytes, str] = {}
        known, token = None, b""
        for cell, prefix, tail in self.cells:
            if prefix != known:
                known, token = prefix, self.server.generations.current(line, prefix)
            names[token + tail] = cell
        return names


def batches(
    ring: Ring, cells: Iterable[str], records: Mapping[str, bytes] = _NOTHING
) -> list[Batch]:
    """Return the cells in batches; `records` are what is to be written to them."""
    made: list[Batch] = []
    filling: dict[Server, Batch] = {}
    prefix = ""
    for cell in cells:
        prefix, tail = split(cell, prefix)
        server = ring.owner(tail)
        size = len(records[cell]) if records else 0
        batch = filling.get(server)
        if (
            batch is None
            or len(batch.cells) == _MOST_CELLS
            or (batch.size and batch.size + size > _MOST_BYTES)
        ):
            batch = filling[server] = Batch(server, records)
            made.append(batch)
        batch.cells.append((cell, prefix, tail))
        batch.size += size
    return made
