"""Reads requests as ttserver does, its carelessness included.

``number = stream.int32()``, ``key = stream.read(number)``; -1 and None when nothing came.
"""

from __future__ import annotations

import select
import socket
import time

CHUNK = 65_536

# ttserver's own waits, which it adds to -tout before it takes a worker's request away.
GRACE = 0.7


class TakenAway(Exception):
    """The worker was busy with one request for too long: the connection ends, without a word."""


class Stream:
    """One connection's incoming bytes.

    Two things end a wait for bytes that do not come. When the client has closed, ``ended`` is
    set and the request is dropped. When ``-tout`` seconds have passed, nothing is set: the
    command goes on with what it has, and may carry out half of a list.
    """

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        self.connection = connection
        self.timeout = timeout
        self.buffer = bytearray()
        self.ended = False
        self.deadline = float("inf")

    def begin(self) -> None:
        if self.timeout:
            self.deadline = time.monotonic() + self.timeout + GRACE

    def read(self, size: int) -> bytes | None:
        while len(self.buffer) < size:
            if not self._more():
                self.buffer.clear()
                return None
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def int32(self) -> int:
        data = self.read(4)
        return -1 if data is None else int.from_bytes(data, "big", signed=True)

    def skip_line(self) -> None:
        """Pass over what is no command of this protocol, as far as the end of its line."""
        while b"\n" not in self.buffer:
            if not self._more():
                self.buffer.clear()
                return
        del self.buffer[: self.buffer.index(b"\n") + 1]

    def _more(self) -> bool:
        if self.timeout:
            left = self.deadline - time.monotonic()
            ready, _, _ = select.select([self.connection], [], [], max(0, min(self.timeout, left)))
            if not ready:
                if time.monotonic() >= self.deadline:
                    raise TakenAway
                return False
        try:
            data = self.connection.recv(CHUNK)
        except OSError:
            data = b""
        self.buffer += data
        self.ended = not data
        return bool(data)
