"""Several cells of one server, in one request.

``for batch in batches(ring, keys): found |= batch.get()``
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from django_kvstore import records

from . import expiry
from .connection import Connection
from .keys import split_all
from .ring import Ring
from .server import Server

#: The most that goes into one request. With 2,000 sets in one, both ends of a Unix socket wait for
#: the other to read.
_MOST_CELLS: Final = 500
_MOST_BYTES: Final = 4 * 1024 * 1024

_NOTHING: Final[Mapping[str, bytes]] = {}


class Batch:
    """Cells that fit one request, and their records if these are to be written.

    `tails` are their keys but for the generation of their prefix, in the same order.
    """

    def __init__(
        self, server: Server, prefix: str, cells: Sequence[str], tails: Sequence[bytes]
    ) -> None:
        self.server = server
        self.prefix = prefix
        self.cells = cells
        self.tails = tails
        #: What is to be written, in the order of the cells.
        self.records: Sequence[bytes] = ()

    def get(self) -> dict[str, bytes]:
        """Return the records that are there and have not expired."""

        def fetch(line: Connection) -> dict[str, bytes]:
            names = self._names(line)
            cells = dict(zip(names, self.cells, strict=True))
            return {cells[name]: record for name, record in line.look_all(names).items()}

        return expiry.without_gone(self.server.run(fetch))

    def prepare(self) -> None:
        """Raise what `set` and `delete` would raise without having written anything."""
        self.server.run(self._check_room, writes=True)

    def set(self, expires: float | None) -> int:
        """Store the records; return how many."""
        exptime, stamp = expiry.tell(expires)

        def store(line: Connection) -> int:
            self._check_room(line)
            names = self._names(line)
            line.writing = len(names)
            return line.store_all(names, self.records, exptime, stamp)

        return self.server.run(store, writes=True)

    def delete(self) -> int:
        """Delete the cells; return how many there were that had not expired."""

        def delete(line: Connection) -> int:
            names = self._names(line)
            line.writing = len(names)
            return line.delete_all(names)

        return self.server.run(delete, writes=True)

    def take(self, heads: dict[str, bytes]) -> int:
        """Delete the cells; return how many there were that had not expired.

        Puts those of their records into `heads` that are short enough to be the head of a split
        value; the others are not read.
        """

        def take(line: Connection) -> int:
            names = self._names(line)
            seen = line.survey(names)
            short = {
                name
                for name, (size, _) in zip(names, seen, strict=True)
                if size is not None and size <= records.LONGEST_HEAD
            }
            line.writing = len(names)
            count = 0
            for cell, (_, over), (deleted, record) in zip(
                self.cells, seen, line.take_all(names, short), strict=True
            ):
                count += deleted and not over
                if deleted and not over and record is not None:
                    heads[cell] = record
            return count

        return self.server.run(take, writes=True)

    def _check_room(self, line: Connection) -> None:
        largest = max(map(len, self.records), default=0)
        if not line.has_room(largest):
            raise self.server.no_room(line, largest)

    def _names(self, line: Connection) -> list[bytes]:
        """Return the keys that memcached knows the cells by, for now."""
        token = self.server.generations.current(line, self.prefix)
        return [token + tail for tail in self.tails]


def batches(
    ring: Ring, cells: Collection[str], records: Mapping[str, bytes] = _NOTHING
) -> Iterator[Batch]:
    """Yield the cells in batches; `records` are what is to be written to them."""
    for prefix, names, tails in split_all(cells):
        for server, some, ends in ring.shares(names, tails):
            written = [records[cell] for cell in some] if records else ()
            for cut in _cuts([len(record) for record in written] or [0] * len(some)):
                batch = Batch(server, prefix, some[cut], ends[cut])
                batch.records = written[cut]
                yield batch


def _cuts(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield the parts in which things of these sizes, in bytes, fit a request each."""
    start = size = 0
    for at, each in enumerate(sizes):
        if at - start == _MOST_CELLS or (size and size + each > _MOST_BYTES):
            yield slice(start, at)
            start, size = at, 0
        size += each
    yield slice(start, len(sizes))
