"""Splits many cells into as many as one statement takes.

``for keys in chunks(sorted(records), records): …``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from django_kvstore.keys import MAX_KEY_BYTES

#: The most cells, and the most bytes of keys and records, in one statement.
CHUNK_CELLS: Final = 500
CHUNK_BYTES: Final = 3 * 1024 * 1024


def slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split the keys for statements of up to `CHUNK_CELLS`; these are never over `CHUNK_BYTES`."""
    for start in range(0, len(keys), CHUNK_CELLS):
        yield keys[start : start + CHUNK_CELLS]


def chunks(keys: list[str], records: Mapping[str, bytes]) -> Iterator[list[str]]:
    """Split the keys for statements of up to `CHUNK_CELLS`, and with records `CHUNK_BYTES`."""
    size = sum(map(len, records.values()))
    if len(keys) <= CHUNK_CELLS and size + len(keys) * (MAX_KEY_BYTES + 1) <= CHUNK_BYTES:
        yield keys
        return
    chunk: list[str] = []
    room = CHUNK_BYTES
    for key in keys:
        size = len(key.encode()) + len(records[key])
        room -= size
        if chunk and (room < 0 or len(chunk) == CHUNK_CELLS):
            yield chunk
            chunk, room = [], CHUNK_BYTES - size
        chunk.append(key)
    if chunk:
        yield chunk
