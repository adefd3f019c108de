"""A connection to a server, for an engine that speaks its protocol itself.

``line = dial(("127.0.0.1", 11211), connect_timeout=3.0, timeout=3.0)``

It has one time limit for a request and the whole of its answer, and knows how far a request got.
A request and its answer are one system call each where both are short.
"""

from __future__ import annotations

import _socket
import enum
import os
import select
import socket
import struct
import time
import weakref
from typing import Any, Final

#: A host and its port, or the path of a Unix socket.
Address = tuple[str, int] | str

_SECONDS: Final = struct.Struct("@ll")
#: Up to so many bytes the kernel takes without waiting for the server.
_SHORT: Final = 16_384
#: Seconds of a wait that counts.
_NOTICEABLE: Final = 0.01


class Progress(enum.Enum):
    """How much of a request the kernel took: before the last byte, no server saw the end of it."""

    NONE = enum.auto()
    SOME = enum.auto()
    ALL = enum.auto()


class Line:
    """A connected socket with one owner at a time, who closes it after any error.

    Otherwise what is left of the answer would be read as the answer to the next request.

    A request and its answer have `limit` seconds. With a `pace` they have one second more for each
    `pace` bytes that were sent or that arrived, and none for what is only announced.
    """

    def __init__(self, connected: socket.socket, limit: float, pace: float | None = None) -> None:
        self._socket = connected
        # Also of a store that was forgotten without being closed.
        self._end = weakref.finalize(self, connected.close)
        # What gevent and its like put in the place of Python's knows its own limits alone.
        self._plain = os.name == "posix" and type(connected).recv is _socket.socket.recv
        #: How many seconds a request and its answer may take.
        self.limit = limit
        #: The slowest transfer that is waited for, in bytes a second; None waits for the limit.
        self.pace = pace
        #: Until when, by the monotonic clock, all requests of a call have time, set by its owner.
        #: None gives each request the limit for itself.
        self.until: float | None = None
        #: Until when, by the monotonic clock, the last request and its answer have time.
        self.deadline = time.monotonic() + limit
        #: How much of the last request was sent.
        self.progress = Progress.NONE
        self._answering = False
        self._shortened = True
        self._poll: Any = None
        if hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(connected, select.POLLIN)

    def sendall(self, data: bytes) -> None:
        """Send a request, and give it and its answer `limit` seconds from now.

        Raises ``OSError``, and of that ``TimeoutError`` when the time is over.
        """
        self.progress = Progress.NONE
        self._answering = False
        if self._shortened:
            self._allow(self.limit)
            self._shortened = False
        begun = time.monotonic()
        self.deadline = begun + self.limit if self.until is None else self.until
        if self.deadline < begun + self.limit - _NOTICEABLE:
            self._shorten()
        try:
            sent = self._socket.send(data)
            if self.pace is not None:
                self.deadline += sent / self.pace
            while sent < len(data):
                self.progress = Progress.SOME
                self._shorten()
                self._answering = True
                more = self._socket.send(memoryview(data)[sent:])
                if self.pace is not None:
                    self.deadline += more / self.pace
                sent += more
        except BlockingIOError as error:
            raise TimeoutError("the request was not taken in time") from error
        self.progress = Progress.ALL
        if len(data) > _SHORT and time.monotonic() - begun > _NOTICEABLE:
            self._answering = True  # what it waited is no more to be had for the answer

    def recv(self, size: int = 65_536, flags: int = 0) -> bytes:
        """Return what is there of the answer, up to `size` bytes; none when the server hung up.

        With the flag ``socket.MSG_WAITALL`` these many, unless it hangs up or is late.

        Any piece but the first gets what time the others left. Raises as `sendall` does.
        """
        if self._answering:
            self._shorten()
        self._answering = True
        try:
            piece = self._socket.recv(size, flags)
        except BlockingIOError as error:
            raise TimeoutError("the answer did not come in time") from error
        if self.pace is not None:
            self.deadline += len(piece) / self.pace
        return piece

    def disturbed(self) -> bool:
        """Say whether something came unasked: the end of the stream, mostly, after a restart."""
        if self._poll is None:
            return bool(select.select([self._socket], [], [], 0)[0])
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """End the connection."""
        self._end()

    def _shorten(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the answer is over")
        self._shortened = True
        self._allow(left)

    def _allow(self, seconds: float) -> None:
        """Let each call of the socket's take so long."""
        if self._plain:
            # The kernel's own limit, after which a call raises BlockingIOError. Python's would ask
            # the kernel before each call whether it has to wait: half of all system calls.
            limit = _SECONDS.pack(int(seconds), int(seconds % 1 * 1e6) or 1)
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            except OSError:  # a system that writes a time in another way
                self._plain = False
        if not self._plain:
            self._socket.settimeout(seconds)


def dial(
    address: Address, *, connect_timeout: float, timeout: float, pace: float | None = None
) -> Line:
    """Connect to a server, trying every address its name has; raises ``OSError``.

    `timeout` and `pace` are the line's own.
    """
    places: list[tuple[int, int, int, Any]]
    if isinstance(address, str):
        places = [(socket.AF_UNIX, socket.SOCK_STREAM, 0, address)]
    else:
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        places = [(family, kind, protocol, at) for family, kind, protocol, _, at in found]
    deadline = time.monotonic() + connect_timeout
    problem: OSError | None = None
    for family, kind, protocol, place in places:
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(max(deadline - time.monotonic(), 0.001))
            if isinstance(address, tuple):
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connected.connect(place)
            connected.settimeout(None)
        except OSError as error:
            connected.close()
            problem = problem or error
        except BaseException:
            connected.close()
            raise
        else:
            return Line(connected, timeout, pace)
    raise problem or OSError("its name has no address")


def show(address: Address) -> str:
    """Return the address as people write it."""
    if isinstance(address, str):
        return address
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
