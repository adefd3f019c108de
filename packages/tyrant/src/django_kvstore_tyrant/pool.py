"""The connections that are idle, and one owner for each that is not.

``connection = pool.take()``, and later ``pool.give(connection)``, unless it failed.
"""

from __future__ import annotations

import contextlib
from collections import deque

from .connection import Connection


class Pool:
    """Idle connections, the last used first, so that what a rush needed grows old and goes.

    Thread-safe without a lock: a deque's ends are.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: deque[Connection] = deque()

    def take(self) -> Connection | None:
        """Return a connection that looks alive, which is then the caller's alone, or None."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not connection.stale():
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Take back a connection on which nothing is under way."""
        if len(self._idle) < self._size:
            self._idle.append(connection)
        else:
            connection.close()

    def weed(self) -> None:
        """Close the idle connections that the server has ended."""
        for _ in range(len(self._idle)):
            with contextlib.suppress(IndexError):
                connection = self._idle.popleft()
                if connection.stale():
                    connection.close()
                else:
                    self._idle.append(connection)

    def clear(self) -> None:
        """Close every idle connection."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()
