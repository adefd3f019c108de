"""The bytes of a cell: one record, and the flags that were put at its end since.

``Cell.read(make(record))`` gives the record back, and the token that no other writing of it has.

A cell is one block, or several. A block begins with 13 bytes: what it is, a token of 8 bytes, a
number of 4, big-endian. A cell that was just written is one block, `RECORD`, whose number is the
length of the record that follows it. Flags are blocks without more, whose number is the time in
seconds since 1970: `CHAINED` says that the chain named by the cell's token holds what happened
since (see `register`), `LEAVING` that somebody is about to delete the cell. The cell's token is
that of its first block; a cell that begins with a flag holds no record.
"""

from __future__ import annotations

import itertools
import secrets
import struct
import time
from typing import Final, NamedTuple

RECORD: Final = ord("R")
CHAINED: Final = ord("C")
LEAVING: Final = ord("D")

_BLOCK = struct.Struct(">B8sI")
#: What `make` adds to a record, in bytes.
OVERHEAD: Final = _BLOCK.size


class Foreign(ValueError):
    """The bytes are no cell: something else wrote them."""


class Flag(NamedTuple):
    """What was put at a cell's end: its kind, its token, when."""

    kind: int
    token: bytes
    time: int


class Cell(NamedTuple):
    """A cell taken apart."""

    token: bytes
    record: bytes | None
    flags: tuple[Flag, ...]

    @classmethod
    def read(cls, raw: bytes) -> Cell:
        """Take a cell's bytes apart; raises `Foreign`."""
        try:
            kind, token, number = _BLOCK.unpack_from(raw)
            at, record = 0, None
            if kind == RECORD:
                at = OVERHEAD + number
                record = raw[OVERHEAD:at]
            flags = tuple(Flag(*block) for block in _BLOCK.iter_unpack(raw[at:]))
        except struct.error:
            raise Foreign("it is not of blocks") from None
        if at > len(raw) or any(flag.kind not in (CHAINED, LEAVING) for flag in flags):
            raise Foreign("its blocks are not of any known kind")
        return cls(token, record, flags)

    @property
    def chained(self) -> bool:
        """Whether there may be a chain."""
        return any(flag.kind == CHAINED for flag in self.flags)

    @property
    def leaving(self) -> bool:
        """Whether it was said to be deleted before it was chained."""
        return bool(self.flags) and self.flags[0].kind == LEAVING

    def chained_before(self, token: bytes) -> bool:
        """Say whether it was chained before the flag with that token, or that flag is gone."""
        for flag in self.flags:
            if flag.token == token:
                return False
            if flag.kind == CHAINED:
                break
        return True


def plain(raw: bytes) -> bytes | None:
    """Return the record of a cell of one block, the usual one; None for any other."""
    if len(raw) >= OVERHEAD and raw[0] == RECORD:
        record = raw[OVERHEAD:]
        if int.from_bytes(raw[9:OVERHEAD], "big") == len(record):
            return record
    return None


class Tokens:
    """Eight bytes that nobody else makes: numbers in a row from a place that chance chose."""

    def __init__(self) -> None:
        self._numbers = itertools.count(secrets.randbits(64))

    def make(self, record: bytes) -> bytes:
        """Return a new cell with that record."""
        return _BLOCK.pack(RECORD, self.token(), len(record)) + record

    def flag(self, kind: int) -> Flag:
        """Return a new flag, of now."""
        return Flag(kind, self.token(), int(time.time()) & 0xFFFFFFFF)

    def token(self) -> bytes:
        """Return a new token."""
        return (next(self._numbers) & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")


def pack_flag(flag: Flag) -> bytes:
    """Return the bytes that putcat is to add to a cell."""
    return _BLOCK.pack(*flag)
