"""Marks: which of the records that a cell ever held have a chain.

``holds(found.get(mark_name(b"shop:visits")), cell.token)``

The mark of a cell is a record beside it, read with it in one request, and absent for a cell that
was only ever written and read. It is a row of tokens, each with the time when it was put there,
the newest last, and as many as `KEPT`. Its name is a chain's with a token of zeros and number 0.
"""

from __future__ import annotations

import struct
import time
from typing import Final

from . import protocol

#: How many tokens a mark keeps. One that is needed could be lost only if, after the record was
#: marked, as many others were at it who had looked at the cell before that record was written.
KEPT: Final = 512

_ENTRY = struct.Struct(">8sI")
_SUFFIX: Final = bytes(12)


def mark_name(key: bytes) -> bytes:
    """Return the name of the mark of a cell."""
    return b"\0" + key + _SUFFIX


def is_mark(name: bytes) -> bool:
    """Say whether a name that begins as a chain's does is a mark's."""
    return name.endswith(_SUFFIX)


def add(key: bytes, token: bytes) -> protocol.Command:
    """Return the command that marks the record with this token in that cell."""
    entry = _ENTRY.pack(token, int(time.time()) & 0xFFFFFFFF)
    return protocol.putshl(mark_name(key), entry, KEPT * _ENTRY.size)


def holds(mark: bytes | None, token: bytes) -> bool:
    """Say whether the mark, if there is one, holds the token."""
    if mark is None:
        return False
    at = mark.find(token)
    while at % _ENTRY.size and at >= 0:
        at = mark.find(token, at + 1)
    return at >= 0


def last_time(mark: bytes) -> int:
    """Return when a token was put there last; 0 when that cannot be read."""
    if len(mark) < _ENTRY.size:
        return 0
    _, when = _ENTRY.unpack(mark[-_ENTRY.size :])
    return int(when)
