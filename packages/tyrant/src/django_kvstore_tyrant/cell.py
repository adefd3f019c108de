"""The bytes of a cell: a token that no other writing of it has, and the record.

``Cell.read(tokens.make(record)).record == record``

A cell is the letter R, a token of 8 bytes, and the record, in one record of the database.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from typing import Final, NamedTuple

#: What a cell begins with.
LETTER: Final = b"R"
_TOKEN: Final = 8
#: What a cell adds to its record, in bytes.
OVERHEAD: Final = len(LETTER) + _TOKEN


class Cell(NamedTuple):
    """A cell taken apart."""

    token: bytes
    record: bytes

    @classmethod
    def read(cls, raw: bytes) -> Cell:
        """Take a cell's bytes apart.

        Bytes that something else wrote are a record as they are, which the core then tells for
        what it is, and which can be overwritten and deleted like any other.
        """
        if len(raw) < OVERHEAD or not raw.startswith(LETTER):
            return cls(hashlib.blake2b(raw, digest_size=_TOKEN).digest(), raw)
        return cls(raw[len(LETTER) : OVERHEAD], raw[OVERHEAD:])


class Tokens:
    """Numbers in a row from a place that chance chose among 2 to the power of 64."""

    def __init__(self) -> None:
        self._numbers = itertools.count(secrets.randbits(64))

    def make(self, record: bytes) -> bytes:
        """Return a new cell with that record."""
        token = (next(self._numbers) & 0xFFFFFFFFFFFFFFFF).to_bytes(_TOKEN, "big")
        return b"%b%b%b" % (LETTER, token, record)
