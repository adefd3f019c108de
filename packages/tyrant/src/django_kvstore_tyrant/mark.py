"""Marks: which of the records that a cell ever held have a chain.

``mark = Mark(b"shop:visits")``; ``mark.holds(found.get(mark.name), cell.token)``

The mark of a cell is a record beside it, read with it in one request, and absent for a cell that
was only ever written and read. It is a row of tokens, each with the time when it was put there;
tokens are only ever added to it. Its name is a chain's with a token of zeros and the number 0.
"""

from __future__ import annotations

import struct
import time
from typing import Final

_ENTRY = struct.Struct(">8sI")
_SUFFIX: Final = bytes(12)


def mark_name(key: bytes) -> bytes:
    """Return the name of the mark of a cell."""
    return b"\0" + key + _SUFFIX


def is_mark(name: bytes) -> bool:
    """Say whether a name that begins as a chain's does is a mark's."""
    return name.endswith(_SUFFIX)


def entry(token: bytes) -> bytes:
    """Return what is to be put at the end of a mark."""
    return _ENTRY.pack(token, int(time.time()) & 0xFFFFFFFF)


def holds(mark: bytes | None, token: bytes) -> bool:
    """Say whether the mark, if there is one, holds the token."""
    if mark is None:
        return False
    size = _ENTRY.size
    return any(mark[at : at + 8] == token for at in range(0, len(mark), size))


def last_time(mark: bytes) -> int:
    """Return when a token was put there last; 0 when that cannot be read."""
    if len(mark) < _ENTRY.size:
        return 0
    _, when = _ENTRY.unpack(mark[-_ENTRY.size :])
    return int(when)
