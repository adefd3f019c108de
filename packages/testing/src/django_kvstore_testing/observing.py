"""Observe what code does to the system: files and connections it opens, errors it raises.

``with io_events() as events: make()`` and ``events`` names each file and connection.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

#: What Python reports to audit hooks when it reaches for a file, a process or the network.
_IO = (
    *("open", "os.listdir", "os.mkdir", "os.open", "os.remove", "os.rename", "os.scandir"),
    *("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"),
    *("socket.sendto", "sqlite3.connect", "subprocess.Popen"),
)

#: The lists that are filled now, each by its thread. The hook itself cannot be removed.
_recording: dict[int, list[str]] = {}
_hooked = False


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    found = _recording.get(get_ident())
    if found is not None and event in _IO:
        found.append(f"{event}({', '.join(map(repr, arguments[:2]))})")


@contextmanager
def io_events() -> Iterator[list[str]]:
    """Record the I/O of this thread until the block ends, file descriptors that stay included."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_note)
        _hooked = True
    before = open_descriptors()
    events: list[str] = []
    _recording[get_ident()] = events
    try:
        yield events
    finally:
        del _recording[get_ident()]
        # A library in C reports nothing; what it has opened is there.
        events += [f"opened a file descriptor: {number}" for number in open_descriptors() - before]


def open_descriptors() -> set[int]:
    """Return the process's open file descriptors; none on a system that does not list them."""
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        return set()
    found = set()
    for name in names:
        try:
            os.fstat(int(name))
        except OSError:
            continue  # the one that listed them
        found.add(int(name))
    return found


def errors_of(*calls: Callable[[], object]) -> list[str]:
    """Make each call; return the texts of the errors raised, as they are shown and logged."""
    texts = []
    for call in calls:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the texts of all are looked at
            texts += [str(error), repr(error), str(getattr(error, "hint", ""))]
    return texts
