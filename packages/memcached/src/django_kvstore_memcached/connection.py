"""One connection to one server: pymemcache's client, and what it lacks.

``connection.write(connection.set, b"key", b"value", 0)``; the commands themselves are pymemcache's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheUnexpectedCloseError, MemcacheUnknownError

from . import expiry
from .address import Address
from .line import dial

T = TypeVar("T")

#: What an item needs besides its value: the key, and 63 bytes of memcached's own in 1.6; rounded.
ITEM_OVERHEAD: Final = 384
#: The smallest limit that a server can be started with (its option -I).
SMALLEST_ITEM: Final = 1024


class RawBytes:
    """Values as they are: serializing is the core's business."""

    def serialize(self, key: bytes, value: bytes) -> tuple[bytes, int]:
        return value, 0

    def deserialize(self, key: bytes, value: bytes, flags: int) -> bytes:
        return value


_RAW = RawBytes()


class Connection(Client):  # type: ignore[misc] # pymemcache has no types
    """A connection with one owner at a time. Whoever gets an exception from it closes it."""

    def __init__(self, address: Address, *, connect_timeout: float, timeout: float) -> None:
        super().__init__(address, serde=_RAW, timeout=timeout, default_noreply=False)
        # Before connecting: what was learnt from the server after this moment holds for it.
        self.opened = time.monotonic()
        self.line = self.sock = dial(address, connect_timeout=connect_timeout, timeout=timeout)
        #: The server's largest item in bytes: None before it was asked, 0 if it does not say.
        self.largest_item: int | None = None
        #: How many cells the `write` under way, or failed, writes.
        self.writing = 0

    def _connect(self) -> None:
        # pymemcache would connect anew by itself, to a server that may have been restarted.
        raise MemcacheUnexpectedCloseError("the connection is closed")

    def write(self, command: Callable[..., T], *arguments: Any, cells: int = 1, **named: Any) -> T:
        """Call a command that writes `cells` cells, so that `may_have_written` can tell of it."""
        self.writing = cells
        self.line.began = self.line.complete = False
        answer = command(*arguments, **named)
        self.writing = 0
        return answer

    @property
    def last_used(self) -> float:
        """When its last request began, by the monotonic clock."""
        return self.line.deadline - self.line.limit

    @property
    def may_have_written(self) -> bool:
        """Whether a `write` failed after the server may have got one whole command."""
        if self.writing == 1:
            return self.line.complete
        return self.writing > 1 and self.line.began

    def ask(self, request: bytes, is_whole: Callable[[Sequence[bytes]], bool]) -> list[bytes]:
        """Send commands that pymemcache lacks and return the lines of their answers."""
        self.line.sendall(request)
        pending, lines = b"", list[bytes]()
        while not is_whole(lines):
            piece = self.line.recv(4096)
            if not piece:
                raise MemcacheUnexpectedCloseError
            *whole, pending = (pending + piece).split(b"\r\n")
            lines += whole
        if pending:
            raise MemcacheUnknownError("more came than was asked for")
        return lines

    def delete_all(self, names: Sequence[bytes]) -> int:
        """Delete the keys in one round trip; return how many there were and had not expired."""
        request = b"".join(b"mg %b t f\r\ndelete %b\r\n" % (name, name) for name in names)
        lines = self.ask(request, lambda lines: len(lines) >= 2 * len(names))
        if len(lines) > 2 * len(names):
            raise MemcacheUnknownError("more came than was asked for")
        return sum(map(self._was_there, lines[::2], lines[1::2]))

    def _was_there(self, look: bytes, verdict: bytes) -> bool:
        self._raise_errors(verdict, b"delete")
        if verdict not in (b"DELETED", b"NOT_FOUND"):
            raise MemcacheUnknownError(verdict[:32])
        if verdict == b"NOT_FOUND" or not look.startswith(b"HD "):
            # A server older than 1.6 knows no "mg", and counts what expired within this second.
            return verdict == b"DELETED"
        _, left, stamp = look.split()
        return not expiry.is_over(int(left[1:]), int(stamp[1:]))

    def has_room(self, record_bytes: int) -> bool:
        """Say whether the record fits the server; asks it once, when the record is not tiny."""
        if record_bytes <= SMALLEST_ITEM - ITEM_OVERHEAD:
            return True
        if self.largest_item is None:
            self.largest_item = self._ask_limit()
        return self.largest_item == 0 or record_bytes <= self.largest_record

    @property
    def largest_record(self) -> int:
        """The longest record that surely fits, in bytes, once the server was asked."""
        return (self.largest_item or 0) - ITEM_OVERHEAD

    def _ask_limit(self) -> int:
        """Return the server's largest item in bytes, 0 when it does not say."""
        last = (b"END", b"RESET", b"ERROR")
        lines = self.ask(
            b"stats settings\r\n",
            lambda lines: bool(lines) and (lines[-1] in last or b"_ERROR " in lines[-1]),
        )
        said = [line for line in lines if line.startswith(b"STAT item_size_max ")]
        return int(said[0].split()[2]) if said else 0
