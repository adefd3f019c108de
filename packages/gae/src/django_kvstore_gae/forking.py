"""Keeps a fork and calls into gRPC apart: a child that is forked in mid-call may hang for ever.

``with NO_FORK: client.lookup(...)``

gRPC looks after itself when the process forks, but not while a thread is within a call: its locks
may then be held, in the child, by a thread that is not there. So a fork waits for the calls that
are on their way, and calls for the fork.
"""

from __future__ import annotations

import os
from threading import Condition
from types import TracebackType
from typing import Final

#: For how long, in seconds, a fork waits: a server that does not answer must not stop it.
PATIENCE: Final = 1.0


class NoFork:
    """A context that any number of threads may be in, but none while the process forks."""

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(
            before=self._close, after_in_parent=self._open, after_in_child=self._reset
        )

    def __enter__(self) -> None:
        with self._changed:
            while self._forking:
                self._changed.wait()
            self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def _close(self) -> None:
        with self._changed:
            self._forking = True
            self._changed.wait_for(lambda: not self._inside, PATIENCE)

    def _open(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def _reset(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._forking = False


NO_FORK: Final = NoFork()
