"""One connection to a Tokyo Tyrant: commands go out, replies come in, and nothing is left over.

``Connection.open(address, connect_timeout=3, timeout=3).run([protocol.get(b"key")])``

Whoever gets an error from `run` closes the connection: a reply that is given up would be read as
the answer to the next request.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from .protocol import Command, ProtocolError

_CHUNK: Final = 16_384
_LARGEST_CHUNK: Final = 1024 * 1024
_SECONDS: Final = struct.Struct("@ll")
#: The slowest transfer that is waited for once a server answers at all, in bytes a second.
_SLOWEST: Final = 1024 * 1024


class Connection:
    """A socket, and the bytes that came and were not taken yet. One thread at a time."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._socket = sock
        self._timeout = timeout
        self._deadline = 0.0
        self.arrived = b""
        self.taken = 0
        #: Say whether the server has ended it, or said something that nobody had asked.
        self.stale = _readable(sock)
        self._answering = False
        #: Whether the server may have got any part of the last request.
        self.sent = False

    @classmethod
    def open(
        cls, address: tuple[str, int], *, connect_timeout: float, timeout: float
    ) -> Connection:
        """Connect; raises ``OSError``."""
        sock = socket.create_connection(address, connect_timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        _limit(sock, timeout)
        return cls(sock, timeout)

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands in a row and return their replies.

        Raises ``OSError`` (``TimeoutError`` when it took too long) or `ProtocolError`.
        """
        self.sent = self._answering = False
        self._deadline = time.monotonic() + self._timeout
        try:
            if len(commands) == 1:
                self._send(commands[0].request)
                replies = [commands[0].read(self)]
            else:
                self._send(b"".join([command.request for command in commands]))
                replies = [command.read(self) for command in commands]
        except BlockingIOError as error:
            raise TimeoutError("timed out") from error
        if self.taken != len(self.arrived):
            raise ProtocolError("the server said more than it was asked")
        self.arrived, self.taken = b"", 0
        return replies

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes of the replies."""
        end = self.taken + size
        if end > len(self.arrived):
            self.await_bytes(size)
            end = self.taken + size
        piece = self.arrived[self.taken : end]
        self.taken = end
        return piece

    def await_bytes(self, size: int) -> None:
        """Let `arrived` hold at least `size` bytes that were not taken yet."""
        pieces = [self.arrived[self.taken :]]
        missing = size - len(pieces[0])
        if missing > _CHUNK:
            self._allow(missing)
        while missing > 0:
            if self._answering:
                # The first bytes came in time; all that follows has what is left of it.
                _limit(self._socket, self._left())
            piece = self._socket.recv(max(_CHUNK, min(missing, _LARGEST_CHUNK)))
            if self._answering:
                _limit(self._socket, self._timeout)
            if not piece:
                raise ConnectionResetError("the server closed the connection")
            self._answering = True
            pieces.append(piece)
            missing -= len(piece)
        self.arrived, self.taken = b"".join(pieces), 0

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def __del__(self) -> None:
        # Of a backend that was forgotten without being closed; nobody else has this socket.
        self.close()

    def _send(self, request: bytes) -> None:
        done = self._socket.send(request)
        self.sent = True
        if done < len(request):
            rest = memoryview(request)
            self._allow(len(request))
            while done < len(request):
                _limit(self._socket, self._left())
                done += self._socket.send(rest[done:])
            _limit(self._socket, self._timeout)

    def _allow(self, size: int) -> None:
        self._deadline += size / _SLOWEST

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


def _limit(sock: socket.socket, seconds: float) -> None:
    """Let each call of the socket's take so long at most."""
    if os.name != "posix":
        sock.settimeout(seconds)
        return
    # The kernel's own limit, and not Python's, which asks the kernel before each call whether it
    # would wait. A call that takes too long raises BlockingIOError then.
    sock.settimeout(None)
    whole = int(seconds)
    limit = _SECONDS.pack(whole, max(1, int((seconds - whole) * 1e6)))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _readable(sock: socket.socket) -> Callable[[], bool]:
    if not hasattr(select, "poll"):
        return lambda: bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return lambda: bool(poll.poll(0))
