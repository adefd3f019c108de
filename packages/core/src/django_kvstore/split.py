"""Values larger than one cell: split into parts, with a head that names them.

Parts are written first, each in a cell of its own under a fresh generation, the head last and in
one step; so a reader finds the old value or the new one, and never a mixture. Parts that no head
names any more are orphans; `collect` deletes them later.
"""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from . import keys, records
from .backend import Backend
from .errors import KVStoreError

#: How old an orphan is, in seconds, before it is deleted: its head may still be on its way.
GRACE: Final = 3600.0

_HEAD = struct.Struct(">16sIQ")
_PART = struct.Struct(">16sdH")
_PART_CODE: Final = ord(";")
#: The parts of a value hold more than this each, in bytes, but for the last one.
_LEAST_CHUNK: Final = 256
#: So many parts are deleted by one call; 64 MiB in cells of 64 KiB are a thousand.
_DELETED_AT_ONCE: Final = 1024


class Head(NamedTuple):
    """What stands in the entry's cell: the generation, how many parts, how many bytes in all."""

    generation: bytes
    parts: int
    size: int

    def cells(self, namespace: str) -> list[str]:
        """Return the names of the parts' cells."""
        return [name for batch in self.batches(namespace, self.parts) for name in batch]

    def batches(self, namespace: str, count: int) -> Iterator[list[str]]:
        """Yield the names of the parts' cells, up to `count` at a time."""
        name = f"{namespace}{keys.PART}{self.generation.hex()}"
        for at in range(0, self.parts, count):
            yield [f"{name}.{number}" for number in range(at, min(at + count, self.parts))]


def is_head(record: bytes | None) -> bool:
    """Say whether the record is the head of a split value, by its flags alone."""
    return record is not None and len(record) > 1 and bool(record[1] & records.IS_SPLIT)


def read_head(payload: bytes) -> Head:
    """Read a head's payload; raises `BadRecord`, also for a head that claims too many parts."""
    try:
        head = Head(*_HEAD.unpack(payload))
    except struct.error as error:
        raise records.BadRecord("the head of its parts is damaged") from error
    if not 0 < head.parts <= head.size // _LEAST_CHUNK + 1:
        raise records.BadRecord(f"it claims {head.parts} parts of {head.size} bytes in all")
    return head


def write_parts(
    backend: Backend, namespace: str, cell: str, payload: bytes, expires: float | None
) -> bytes:
    """Write `payload` as parts; return the head's payload, which the caller is to write last."""
    owner = cell.encode()
    assert backend.cell_bytes is not None
    room = backend.cell_bytes - records.OVERHEAD - _PART.size - len(owner)
    chunks = [payload[at : at + room] for at in range(0, len(payload), room)]
    head = Head(secrets.token_bytes(16), len(chunks), len(payload))
    prefix = _PART.pack(head.generation, time.time(), len(owner)) + owner
    written: list[str] = []
    try:
        for name, chunk in zip(head.cells(namespace), chunks, strict=True):
            record = records.pack(name, prefix + chunk, code=_PART_CODE, expires=expires)
            backend.set(name, record, expires)
            written.append(name)
    except KVStoreError:
        if not backend.iterable:  # where `collect` will never find them
            with suppress(KVStoreError):
                backend.delete_many(written)
        raise
    return _HEAD.pack(*head)


def read_parts(backend: Backend, namespace: str, head: Head) -> bytes | None:
    """Return the payload of all parts, or None when one is not there (any more).

    Raises `BadRecord` for a part that is there and damaged.
    """
    if head.size > backend.max_value_bytes:
        raise records.BadRecord(
            f"it claims {head.size} bytes, and the limit is {backend.max_value_bytes}"
        )
    chunks: list[bytes] = []
    left = head.size
    # A few at a time: a bulk answer of a hundred parts could be larger than the engine allows. And
    # what is missing or too long ends it, so that no head has more read than there is.
    for names in head.batches(namespace, 4):
        found = backend.get_many(names)
        if len(found) != len(names):
            return None
        for name in names:
            chunk = _read_part(name, found[name]).chunk
            left -= len(chunk)
            chunks.append(chunk)
        if left < 0:
            break
    if left:
        raise records.BadRecord("its parts do not add up")
    return b"".join(chunks)


def delete_parts(backend: Backend, namespace: str, record: bytes | None, cell: str) -> None:
    """Delete the parts that this record of `cell` names, if it is the head of any."""
    if record is None or not is_head(record):
        return
    try:
        head = read_head(records.unpack(cell, record).payload)
    except records.BadRecord:
        return  # nobody knows what it named; `collect` finds its parts
    for names in head.batches(namespace, _DELETED_AT_ONCE):
        if not backend.delete_many(names):
            return  # somebody else deleted them, or there never were any


def collect(backend: Backend, namespace: str, now: float) -> int:
    """Delete the orphans among the parts of `namespace`; return how many."""
    total, cursor = 0, None
    owners: dict[bytes, bool] = {}
    while True:
        cells, cursor = backend.scan(namespace + keys.PART, cursor, 8)
        orphans = [
            name
            for name, record in cells
            if _is_orphan(backend, namespace, name, record, now, owners)
        ]
        total += backend.delete_many(orphans) if orphans else 0
        if len(owners) > 1000:
            owners.clear()
        if cursor is None:
            return total


def _is_orphan(
    backend: Backend,
    namespace: str,
    name: str,
    record: bytes,
    now: float,
    owners: dict[bytes, bool],
) -> bool:
    try:
        part = _read_part(name, record)
    except records.BadRecord:
        return False  # damaged: leave it to be found out when its entry is read
    if not part.created + GRACE <= now:
        return False
    if keys.key_problem(part.owner, backend.max_key_bytes) or not part.owner.startswith(
        namespace + keys.ENTRY
    ):
        return False  # damaged: no entry of this store has such a cell
    if part.generation not in owners:
        owners[part.generation] = not _names_generation(backend, part.owner, part.generation)
    return owners[part.generation]


def _names_generation(backend: Backend, owner: str, generation: bytes) -> bool:
    record = backend.get(owner)
    if record is None:
        return False
    try:
        flags, _, _, payload = records.unpack(owner, record)
        return bool(flags & records.IS_SPLIT) and read_head(payload).generation == generation
    except records.BadRecord:
        return True  # a damaged head may be restored: keep what it may name


class Part(NamedTuple):
    """One part taken apart: of which generation, when it was written, whose, and its bytes."""

    generation: bytes
    created: float
    owner: str
    chunk: bytes


def _read_part(name: str, record: bytes) -> Part:
    payload = records.unpack(name, record).payload
    try:
        generation, created, length = _PART.unpack_from(payload)
    except struct.error as error:
        raise records.BadRecord("a part of it is damaged") from error
    start = _PART.size + length
    try:
        owner = payload[_PART.size : start].decode()
    except UnicodeDecodeError as error:
        raise records.BadRecord("a part of it is damaged") from error
    return Part(generation, created, owner, payload[start:])
