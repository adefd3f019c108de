"""The record: the bytes that stand for one entry in an engine's cell.

``unpack("shop:greeting", backend.get("shop:greeting"))``

A record is a fixed head, an optional expiry and the payload. All integers are big-endian::

    1 byte   0xD7, the format's mark and version
    1 byte   flags: 1 has an expiry, 2 is the head of a split value, 4 and 8 the compression
    1 byte   the serializer's code
    4 bytes  CRC-32 of the cell's key, the expiry and the payload, mixed with the bytes above
    8 bytes  the expiry, a double of seconds since 1970 (only with flag 1)
    …        the payload

The key is part of the checksum, so an answer that belongs to another key is found out, as a
flipped or missing byte is. It guards against accidents; signing guards against people.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple
from zlib import crc32

MARK: Final = 0xD7
HAS_EXPIRY: Final = 1
IS_SPLIT: Final = 2
#: The two bits that hold the number of the compression used, 0 for none.
COMPRESSION_SHIFT: Final = 2
_KNOWN_FLAGS: Final = 0b1111

_HEAD = struct.Struct(">BBBI")
_HEAD_WITH_EXPIRY = struct.Struct(">BBBId")
_EXPIRY = struct.Struct(">d")

#: The most that a record adds to its payload, in bytes.
OVERHEAD: Final = _HEAD_WITH_EXPIRY.size


class BadRecord(ValueError):
    """The bytes are no record of this cell: cut, flipped, foreign or not of our making."""


class Record(NamedTuple):
    """A record taken apart; `expires` is seconds since 1970, None for ever."""

    flags: int
    code: int
    expires: float | None
    payload: bytes


def pack(key: str, payload: bytes, *, code: int, flags: int = 0, expires: float | None) -> bytes:
    """Return the record of `payload` for the cell `key`."""
    seed = crc32(key.encode())
    if expires is None:
        mix = MARK << 16 | flags << 8 | code
        return _HEAD.pack(MARK, flags, code, crc32(payload, seed) ^ mix) + payload
    flags |= HAS_EXPIRY
    mix = MARK << 16 | flags << 8 | code
    check = crc32(payload, crc32(_EXPIRY.pack(expires), seed)) ^ mix
    return _HEAD_WITH_EXPIRY.pack(MARK, flags, code, check, expires) + payload


def unpack(key: str, raw: bytes) -> Record:
    """Take the record of the cell `key` apart; raises `BadRecord` unless every byte is right."""
    try:
        mark, flags, code, check = _HEAD.unpack_from(raw)
        if mark != MARK or flags & ~_KNOWN_FLAGS:
            raise BadRecord("it does not begin as a record does")
        seed = crc32(key.encode())
        expires = None
        if flags & HAS_EXPIRY:
            (expires,) = _EXPIRY.unpack_from(raw, _HEAD.size)
            seed = crc32(raw[_HEAD.size : OVERHEAD], seed)
            payload = raw[OVERHEAD:]
        else:
            payload = raw[_HEAD.size :]
    except struct.error:
        raise BadRecord(f"it is cut short at {len(raw)} bytes") from None
    if crc32(payload, seed) ^ (mark << 16 | flags << 8 | code) != check:
        raise BadRecord("its checksum does not match its bytes and its key")
    return Record(flags, code, expires, payload)


def expiry(raw: bytes) -> float | None:
    """Read a record's expiry alone, for an engine that wants to know it; None when it has none.

    Only the head is looked at: a record that is damaged elsewhere is found out when it is read.
    """
    if len(raw) < OVERHEAD or raw[0] != MARK or not raw[1] & HAS_EXPIRY:
        return None
    (expires,) = _EXPIRY.unpack_from(raw, _HEAD.size)
    return float(expires)
