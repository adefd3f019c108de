"""One cell on its server, and what can be done with it in one request.

``cell.look()``, then ``cell.swap(cas, Write(record, expires))``.
"""

from __future__ import annotations

from typing import Final

from django_kvstore.backend import Write

from . import expiry
from .connection import Connection
from .server import Server

#: What a cell holds that is to be deleted: memcached deletes on no condition, but stores on one.
_DELETED: Final = (b"", expiry.OVER, 0)


class Cell:
    """A cell's place; made anew for every call, so that it may belong to one thread."""

    __slots__ = ("prefix", "server", "tail")

    def __init__(self, server: Server, prefix: str, tail: bytes) -> None:
        self.server = server
        self.prefix = prefix
        self.tail = tail

    def name(self, connection: Connection) -> bytes:
        """Return the key that memcached knows the cell by, for now."""
        return self.server.generations.current(connection, self.prefix) + self.tail

    def get(self) -> bytes | None:
        """Return the record, None where there is none or it has expired."""
        record: bytes | None = self.server.run(lambda line: line.get(self.name(line)))
        return None if expiry.is_gone(record) else record

    def set(self, record: bytes, expires: float | None) -> None:
        exptime, stamp = expiry.tell(expires)

        def store(line: Connection) -> None:
            name = self.name(line)
            self.server.check_room(line, len(record))
            line.write(line.set, name, record, exptime, flags=stamp)

        self.server.run(store, writes=True)

    def add(self, record: bytes, expires: float | None) -> bool:
        """Store the record where memcached holds none; it may hold one that has expired."""
        exptime, stamp = expiry.tell(expires)

        def store(line: Connection) -> bool:
            name = self.name(line)
            self.server.check_room(line, len(record))
            return bool(line.write(line.add, name, record, exptime, flags=stamp))

        return self.server.run(store, writes=True)

    def delete(self) -> bool:
        """Delete the cell; say whether there was one that had not expired."""

        def delete(line: Connection) -> int:
            name = self.name(line)
            return line.write(line.delete_all, [name])

        return bool(self.server.run(delete, writes=True))

    def look(self) -> tuple[bytes | None, bytes | None]:
        """Return the record and the mark of its version.

        A record that has expired while memcached still holds it counts as none, with a mark.
        """
        record, version = self.server.run(lambda line: line.gets(self.name(line)))
        return (None if expiry.is_gone(record) else record), version

    def swap(self, version: bytes | None, write: Write) -> bool:
        """Write the cell if it is still as `look` found it; say whether it was written."""
        if version is None:
            return write.record is None or self.add(write.record, write.expires)
        record, exptime, stamp = _DELETED
        if write.record is not None:
            record, (exptime, stamp) = write.record, expiry.tell(write.expires)

        def store(line: Connection) -> bool:
            name = self.name(line)
            self.server.check_room(line, len(record))
            return bool(line.write(line.cas, name, record, version, exptime, flags=stamp))

        return self.server.run(store, writes=True)
