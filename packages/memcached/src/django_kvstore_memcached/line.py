"""A socket that knows how far its last request got, and has one time limit for a whole answer.

``line = dial(("127.0.0.1", 11211), connect_timeout=3.0, timeout=3.0)``
"""

from __future__ import annotations

import enum
import select
import socket
import sys
import time
from typing import Any, Final

from .address import Address

#: How much is received at once. The client library asks for less, and so more often.
PIECE_BYTES: Final = 65_536


class Progress(enum.Enum):
    """How much of a request the kernel took.

    Before it took the last byte, the server cannot have seen the end of the command; and
    memcached does nothing before that.
    """

    NONE = enum.auto()
    SOME = enum.auto()
    ALL = enum.auto()


class Line(socket.socket):
    """A connected socket; `progress` tells of the last `sendall`."""

    def __init__(self, family: int, kind: int, protocol: int, limit: float) -> None:
        super().__init__(family, kind, protocol)
        self.limit = limit
        self.deadline = time.monotonic() + limit
        self.progress = Progress.NONE
        self._answering = False
        self._shortened = False
        if sys.platform != "win32":
            self._poll = select.poll()
            self._poll.register(self, select.POLLIN)

    def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]
        """Send all of `data`, and give it and its answer `limit` seconds from now."""
        self.progress = Progress.NONE
        self._answering = False
        if self._shortened:
            self.settimeout(self.limit)
            self._shortened = False
        self.deadline = time.monotonic() + self.limit
        sent = self.send(data, flags)
        if sent < len(data):
            self.progress = Progress.SOME
            super().sendall(memoryview(data)[sent:], flags)
            self._answering = True
        self.progress = Progress.ALL

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive what is there; a second piece of an answer gets the time that the first left."""
        if self._answering:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer came too slowly")
            self.settimeout(left)
            self._shortened = True
        self._answering = True
        return super().recv(PIECE_BYTES, flags)

    def disturbed(self) -> bool:
        """Say whether something came unasked: the end of the stream, mostly, after a restart."""
        if sys.platform == "win32":
            return bool(select.select([self], [], [], 0)[0])
        return bool(self._poll.poll(0))


def dial(address: Address, *, connect_timeout: float, timeout: float) -> Line:
    """Connect to a server, trying every address its name has; raises ``OSError``."""
    places: list[tuple[int, int, int, Any]]
    if isinstance(address, str):
        places = [(socket.AF_UNIX, socket.SOCK_STREAM, 0, address)]
    else:
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        places = [(family, kind, protocol, at) for family, kind, protocol, _, at in found]
    deadline = time.monotonic() + connect_timeout
    problem: OSError | None = None
    for family, kind, protocol, place in places:
        line = Line(family, kind, protocol, timeout)
        try:
            line.settimeout(max(deadline - time.monotonic(), 0.001))
            if isinstance(address, tuple):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.connect(place)
            line.settimeout(timeout)
        except OSError as error:
            line.close()
            problem = problem or error
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise problem or OSError("its name has no address")
