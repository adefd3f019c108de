"""One connection to one server: pymemcache's client, and what it lacks.

``record, _ = connection.look(b"get", b"key")``

pymemcache speaks for many keys at once. The commands for a single one are spoken here, because
they are most of what an application does and cost half as much in one piece; so is deleting, which
is to say what there was, and asking how large an item may be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn

from pymemcache.client.base import Client
from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
    MemcacheUnknownCommandError,
    MemcacheUnknownError,
)

from . import expiry
from .address import Address
from .line import PIECE_BYTES, Progress, dial

#: What an item needs besides its value: the key, and 63 bytes of memcached's own in 1.6; rounded.
ITEM_OVERHEAD: Final = 384
#: The smallest limit that a server can be started with (its option -I).
SMALLEST_ITEM: Final = 1024

_VERDICTS: Final = {
    b"STORED\r\n": True,
    b"NOT_STORED\r\n": False,
    b"EXISTS\r\n": False,
    b"NOT_FOUND\r\n": False,
}


class RawBytes:
    """Values as they are: serializing is the core's business."""

    def serialize(self, key: bytes, value: bytes) -> tuple[bytes, int]:
        return value, 0

    def deserialize(self, key: bytes, value: bytes, flags: int) -> bytes:
        return value


_RAW: Final = RawBytes()


class Connection(Client):  # type: ignore[misc] # pymemcache has no types
    """A connection with one owner at a time. Whoever gets an exception from it closes it.

    The exceptions are pymemcache's, ``OSError``, and for an answer that cannot be read also
    ``ValueError`` and ``KeyError``.
    """

    def __init__(self, address: Address, *, connect_timeout: float, timeout: float) -> None:
        super().__init__(address, serde=_RAW, timeout=timeout, default_noreply=False)
        # Before connecting: what was learnt from the server after this moment holds for it.
        self.opened = time.monotonic()
        self.line = self.sock = dial(address, connect_timeout=connect_timeout, timeout=timeout)
        #: The server's largest item in bytes: None before it was asked, 0 if it does not say.
        self.largest_item: int | None = None
        #: How many cells the write under way, or failed, writes; 0 for what is no write.
        self.writing = 0

    def _connect(self) -> None:
        # pymemcache would connect anew by itself, to a server that may have been restarted.
        raise MemcacheUnexpectedCloseError("the connection is closed")

    @property
    def last_used(self) -> float:
        """When its last request began, by the monotonic clock."""
        return self.line.deadline - self.line.limit

    def begin_writing(self, cells: int) -> None:
        """Note that the next request is a write, of so many cells, that must not be repeated."""
        self.writing = cells
        self.line.progress = Progress.NONE

    @property
    def may_have_written(self) -> bool:
        """Whether a failed write's server may have got one whole command."""
        if self.writing == 1:
            return self.line.progress is Progress.ALL
        return self.writing > 1 and self.line.progress is not Progress.NONE

    # One cell.

    def look(self, command: bytes, name: bytes) -> tuple[bytes | None, bytes | None]:
        """Return the value that "get" or "gets" finds, and with "gets" the mark of its version."""
        self.line.sendall(b"%b %b\r\n" % (command, name))
        answer = self._piece()
        while (end := answer.find(b"\r\n")) < 0:
            answer += self._piece()
        if answer == b"END\r\n":
            return None, None
        if not answer.startswith(b"VALUE "):
            self._reject(answer[:end])
        _, found, _, size, *version = answer[:end].split(b" ")
        if found != name or len(version) != (command == b"gets"):
            raise MemcacheUnknownError("it answers another question")
        start = end + 2
        stop = start + int(size)
        missing = stop + len(b"\r\nEND\r\n") - len(answer)
        if missing > 0:
            pieces = [answer]
            while missing > 0:
                pieces.append(self._piece())
                missing -= len(pieces[-1])
            answer = b"".join(pieces)
        if answer[stop:] != b"\r\nEND\r\n":
            raise MemcacheUnknownError("the value is not as long as it says")
        return answer[start:stop], version[0] if version else None

    def store(
        self,
        command: bytes,
        name: bytes,
        record: bytes,
        exptime: int = 0,
        stamp: int = 0,
        version: bytes = b"",
    ) -> bool:
        """Say whether "set", "add" or "cas" (with a version) stored the record."""
        request = b"%b %b %d %d %d %b\r\n%b\r\n" % (
            *(command, name, stamp, exptime, len(record), version),
            record,
        )
        self.line.sendall(request)
        answer = self._piece()
        while not answer.endswith(b"\r\n"):
            answer += self._piece()
        stored = _VERDICTS.get(answer)
        if stored is None:
            self._reject(answer[:-2])
        return stored

    # Many cells.

    def store_all(self, records: Mapping[bytes, bytes], exptime: int, stamp: int) -> int:
        """Store the records in one round trip; return how many."""
        self.begin_writing(len(records))
        refused = self.set_many(records, exptime, flags=stamp)
        if refused:
            raise MemcacheUnknownError(f"{len(refused)} of {len(records)} values were not stored")
        return len(records)

    def delete_all(self, names: Sequence[bytes]) -> int:
        """Delete the keys in one round trip; return how many there were and had not expired."""
        request = b"".join(b"mg %b t f\r\ndelete %b\r\n" % (name, name) for name in names)
        self.begin_writing(len(names))
        lines = self._lines(request, lambda lines: len(lines) >= 2 * len(names))
        if len(lines) > 2 * len(names):
            raise MemcacheUnknownError("it answers more than was asked")
        return sum(map(self._was_there, lines[::2], lines[1::2]))

    def _was_there(self, seen: bytes, verdict: bytes) -> bool:
        if verdict not in (b"DELETED", b"NOT_FOUND"):
            self._reject(verdict)
        if verdict == b"NOT_FOUND" or not seen.startswith(b"HD "):
            # A server older than 1.6 knows no "mg", and counts what expired within this second.
            return verdict == b"DELETED"
        _, left, stamp = seen.split(b" ")
        return not expiry.is_over(int(left[1:]), int(stamp[1:]))

    # The server itself.

    def has_room(self, record_bytes: int) -> bool:
        """Say whether the record fits the server; asks it once, when the record is not tiny."""
        if record_bytes <= SMALLEST_ITEM - ITEM_OVERHEAD:
            return True
        if self.largest_item is None:
            self.largest_item = self._ask_largest_item()
        return self.largest_item == 0 or record_bytes <= self.largest_record

    @property
    def largest_record(self) -> int:
        """The longest record that surely fits, in bytes, once the server was asked."""
        return (self.largest_item or 0) - ITEM_OVERHEAD

    def _ask_largest_item(self) -> int:
        last = (b"END", b"RESET", b"ERROR")
        lines = self._lines(
            b"stats settings\r\n",
            lambda lines: bool(lines) and (lines[-1] in last or b"_ERROR " in lines[-1]),
        )
        said = [line for line in lines if line.startswith(b"STAT item_size_max ")]
        return int(said[0].split(b" ")[2]) if said else 0

    # Receiving.

    def _lines(self, request: bytes, is_whole: Callable[[Sequence[bytes]], bool]) -> list[bytes]:
        """Send the request; return the lines of its answer, which `is_whole` knows the end of."""
        self.line.sendall(request)
        lines: list[bytes] = []
        pending = b""
        while not is_whole(lines):
            *whole, pending = (pending + self._piece()).split(b"\r\n")
            lines += whole
        if pending:
            raise MemcacheUnknownError("it answers more than was asked")
        return lines

    def _piece(self) -> bytes:
        piece = self.line.recv(PIECE_BYTES)
        if not piece:
            raise MemcacheUnexpectedCloseError("it ended the connection")
        return piece

    def _reject(self, answer: bytes) -> NoReturn:
        """Raise the error that the answer stands for (protocol.txt, "Error strings")."""
        kind, _, words = answer.partition(b" ")
        if kind == b"SERVER_ERROR":
            raise MemcacheServerError(words)
        if kind == b"CLIENT_ERROR":
            raise MemcacheClientError(words)
        if kind == b"ERROR":
            raise MemcacheUnknownCommandError(b"it does not know the command")
        raise MemcacheUnknownError(answer[:32])
