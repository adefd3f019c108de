"""One cell on its server, and what can be done with it in one request.

``cell.look()``, then ``cell.swap(cas, Write(record, expires))``.
"""

from __future__ import annotations

from typing import Final

from django_kvstore.backend import Write

from . import expiry
from .commands import Taken
from .connection import Connection
from .server import Server

#: What "gets" says where memcached was started without versions (its option -C).
_NO_VERSION: Final = b"0"


class Cell:
    """A cell's place; made anew for every call, so that it may belong to one thread."""

    __slots__ = ("cell", "prefix", "server", "tail")

    def __init__(self, cell: str, server: Server, prefix: str, tail: bytes) -> None:
        self.cell = cell
        self.server = server
        self.prefix = prefix
        self.tail = tail

    def name(self, connection: Connection) -> bytes:
        """Return the key that memcached knows the cell by, for now."""
        return self.server.generations.current(connection, self.prefix) + self.tail

    def get(self) -> bytes | None:
        """Return the record, None where there is none or it has expired."""
        record, _ = self.server.run(lambda line: line.look(b"get", self.name(line)))
        return None if expiry.is_gone(self.cell, record) else record

    def set(self, record: bytes, expires: float | None) -> None:
        self._store(b"set", record, *expiry.tell(expires))

    def add(self, record: bytes, expires: float | None) -> bool:
        """Store the record where memcached holds none; it may hold one that has expired."""
        return self._store(b"add", record, *expiry.tell(expires))

    def delete(self) -> bool:
        """Delete the cell; say whether there was one that had not expired."""

        def delete(line: Connection) -> int:
            name = self.name(line)
            line.writing = 1
            return line.delete_all([name])

        return bool(self.server.run(delete, writes=True))

    def take(self) -> bytes | None:
        """Delete the cell; return the record that it held, None when there was none."""

        def take(line: Connection) -> Taken:
            name = self.name(line)
            line.writing = 1
            return line.take_all([name], (name,))[0]

        deleted, record = self.server.run(take, writes=True)
        # Deleted without having been seen: it was written in the instant between the two.
        return (record or b"") if deleted else None

    def look(self) -> tuple[bytes | None, bytes | None]:
        """Return the record and the mark of its version.

        A record that has expired while memcached still holds it counts as none, with a mark.
        """
        record, version = self.server.run(lambda line: line.look(b"gets", self.name(line)))
        if version == _NO_VERSION:
            raise self.server.no_versions()
        return (None if expiry.is_gone(self.cell, record) else record), version

    def swap(self, version: bytes | None, write: Write) -> bool:
        """Write the cell if it is still as `look` found it; say whether it was written."""
        if version is None:
            return write.record is None or self.add(write.record, write.expires)
        if write.record is None:
            # memcached deletes on no condition, but stores on one what has expired already.
            return self._store(b"cas", b"", expiry.OVER, 0, version)
        return self._store(b"cas", write.record, *expiry.tell(write.expires), version)

    def _store(
        self, command: bytes, record: bytes, exptime: int, stamp: int, version: bytes = b""
    ) -> bool:
        def store(line: Connection) -> bool:
            name = self.name(line)
            if not line.has_room(len(record)):
                raise self.server.no_room(line, len(record))
            line.writing = 1
            return line.store(command, name, record, exptime, stamp, version)

        return self.server.run(store, writes=True)
