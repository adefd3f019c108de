"""One connection to a Tokyo Tyrant: commands go out, replies come in, and nothing is left over.

``Connection(dial(address, connect_timeout=3, timeout=3)).run([protocol.get(b"key")])``

An error ends it: a reply that is given up would be read as the answer to the next request.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any, Final

from django_kvstore.line import Line, Progress

from .protocol import Command, ProtocolError

_CHUNK: Final = 65_536
_LARGEST_CHUNK: Final = 1024 * 1024
#: The slowest transfer that is waited for, in bytes a second: large values may take their time,
#: and a server that says nothing may not.
SLOWEST: Final = 1024 * 1024


class Connection:
    """A line, and the bytes that came and were not taken yet. One thread at a time."""

    def __init__(self, line: Line) -> None:
        self._line = line
        #: Say whether the server has ended it, or said something that nobody had asked.
        self.stale = line.disturbed
        #: End it.
        self.close = line.close
        self.arrived = b""
        self.taken = 0

    @property
    def sent(self) -> bool:
        """Whether the server may have got any part of the last request."""
        return self._line.progress is not Progress.NONE

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands in a row and return their replies; any error ends the connection.

        Raises ``OSError`` (``TimeoutError`` when it took too long) or `ProtocolError`.
        """
        try:
            if len(commands) == 1:
                request, flags = commands[0].request, 0
            else:
                # Each reply has a byte at least, and comes by itself: all at once saves waking.
                request, flags = b"".join([each.request for each in commands]), socket.MSG_WAITALL
            self._line.sendall(request)
            self.arrived = self._line.recv(len(commands) if flags else _CHUNK, flags)
            self.taken = 0
            replies = [command.read(self) for command in commands]
            if self.taken != len(self.arrived):
                raise ProtocolError("the server said more than it was asked")
        except BaseException:
            # Whatever it was: the rest of the reply may still be on its way.
            self.close()
            raise
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
        while missing > 0:
            piece = self._line.recv(max(_CHUNK, min(missing, _LARGEST_CHUNK)))
            if not piece:
                raise ConnectionResetError("the server closed the connection")
            pieces.append(piece)
            missing -= len(piece)
        self.arrived, self.taken = b"".join(pieces), 0
