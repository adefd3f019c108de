"""The record: the bytes that stand for one entry in an engine's cell.

``unpack("shop:greeting", backend.get("shop:greeting"))``

A record is a head, an optional expiry, the payload and a check::

    1 byte   0xD7, the format's mark and version
    1 byte   flags: 1 has an expiry, 2 is the head of a split value, 4 and 8 the compression
    1 byte   the serializer's code
    8 bytes  the expiry, a big-endian double of seconds since 1970 (only with flag 1)
    …        the payload
    4 bytes  the little-endian CRC-32 of the cell's key and all of the above

The key is part of the check, so an answer that belongs to another key is found out, as a flipped
or missing byte is. It guards against accidents; signing guards against people.
"""

from __future__ import annotations

import struct
from math import isfinite
from typing import Final, NamedTuple

from isal.isal_zlib import crc32

MARK: Final = 0xD7
HAS_EXPIRY: Final = 1
IS_SPLIT: Final = 2
#: The two bits that hold the number of the compression used, 0 for none.
COMPRESSION_SHIFT: Final = 2
_KNOWN_FLAGS: Final = 0b1111

EXPIRY: Final = struct.Struct(">d")
_HEAD_BYTES: Final = 3
_CHECK_BYTES: Final = 4

#: The most that a record adds to its payload, in bytes.
OVERHEAD: Final = _HEAD_BYTES + EXPIRY.size + _CHECK_BYTES

#: The head of a split value is a record no longer than this.
LONGEST_HEAD: Final = 64

#: What the CRC-32 of a key and its whole record is, as that of any bytes and their own CRC-32.
WHOLE: Final = 0x2144DF1C

#: Where the head is; where the expiry begins; and the payload, without and with an expiry.
HEAD: Final = slice(_HEAD_BYTES)
EXPIRY_AT: Final = _HEAD_BYTES
PAYLOAD: Final = slice(_HEAD_BYTES, -_CHECK_BYTES)
PAYLOAD_AFTER_EXPIRY: Final = slice(_HEAD_BYTES + EXPIRY.size, -_CHECK_BYTES)


class BadRecord(ValueError):
    """The bytes are no record of this cell: cut, flipped, foreign or not of our making."""


class Record(NamedTuple):
    """A record taken apart; `expires` is seconds since 1970, None for ever."""

    flags: int
    code: int
    expires: float | None
    payload: bytes


def head(code: int, flags: int = 0) -> bytes:
    """Return what records of that serializer and with those flags begin with."""
    return bytes((MARK, flags, code))


def seal(key: str, body: bytes) -> bytes:
    """Return the record whose head, expiry if there is one, and payload are `body`."""
    return body + crc32(body, crc32(key.encode())).to_bytes(_CHECK_BYTES, "little")


def pack(key: str, payload: bytes, *, code: int, flags: int = 0, expires: float | None) -> bytes:
    """Return the record of `payload` for the cell `key`."""
    if expires is None:
        return seal(key, head(code, flags) + payload)
    return seal(key, head(code, flags | HAS_EXPIRY) + EXPIRY.pack(expires) + payload)


def unpack(key: str, raw: bytes) -> Record:
    """Take the record of the cell `key` apart; raises `BadRecord` unless every byte is right."""
    if len(raw) < _HEAD_BYTES + _CHECK_BYTES:
        raise BadRecord(f"it is cut short at {len(raw)} bytes")
    mark, flags, code = raw[HEAD]
    if mark != MARK or flags & ~_KNOWN_FLAGS:
        raise BadRecord("it does not begin as a record does")
    if crc32(raw, crc32(key.encode())) != WHOLE:
        raise BadRecord("its checksum does not match its bytes and its key")
    if not flags & HAS_EXPIRY:
        return Record(flags, code, None, raw[PAYLOAD])
    if len(raw) < OVERHEAD:
        raise BadRecord(f"it is cut short at {len(raw)} bytes")
    (expires,) = EXPIRY.unpack_from(raw, EXPIRY_AT)
    if not isfinite(expires):
        raise BadRecord("its expiry is not a time")
    return Record(flags, code, expires, raw[PAYLOAD_AFTER_EXPIRY])


def expiry(raw: bytes) -> float | None:
    """Read a record's expiry alone, for an engine that wants to know it; None when it has none.

    Only the head is looked at: a record that is damaged elsewhere is found out when it is read.
    """
    if len(raw) < OVERHEAD or raw[0] != MARK or not raw[1] & HAS_EXPIRY:
        return None
    expires: float = EXPIRY.unpack_from(raw, EXPIRY_AT)[0]
    return expires if isfinite(expires) else None


def is_whole(key: str, raw: bytes) -> bool:
    """Say whether every byte of the record of the cell `key` is as it was written."""
    return crc32(raw, crc32(key.encode())) == WHOLE


def has_expired(raw: bytes, now: float) -> bool:
    """Say whether a record's time is over at `now`; read as by `expiry`.

    Of a damaged record this is a guess: before it is deleted or shown as missing, see `is_over`.
    """
    if len(raw) < OVERHEAD or raw[0] != MARK or not raw[1] & HAS_EXPIRY:
        return False
    expires: float = EXPIRY.unpack_from(raw, EXPIRY_AT)[0]
    return isfinite(expires) and expires <= now


def is_over(key: str, raw: bytes, now: float) -> bool:
    """Say whether the record of the cell `key` is whole, and its time is over at `now`."""
    return has_expired(raw, now) and is_whole(key, raw)
