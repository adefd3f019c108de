"""The records of the Tokyo Tyrant stand-in, with the habits of the four databases it can serve.

``records = Records(KINDS["btree"], Path("data"))``; ``records.put(b"key", b"value")``.

Seen on ttserver 1.1.41, and kept here because a client that is not careful falls for it: a B+ tree
on disk may hold several values under one key; its cursor, and every other database's, is one for
all connections; killed, a hash file keeps everything and a B+ tree file what was last synced.
"""

from __future__ import annotations

import base64
import bisect
import hashlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path

INT = struct.Struct("=i")
DOUBLE = struct.Struct("=d")
DIGEST = 16


class Failed(Exception):
    """The database did not do it: the record is there or is not, or writing is not allowed."""


@dataclass(frozen=True)
class Kind:
    """One of the server's databases, by what tells it from the others."""

    title: str
    """What the stat command calls it."""
    name: str
    """What one writes on ttserver's command line."""
    ordered: bool
    on_disk: bool

    @property
    def duplicates(self) -> bool:
        return self.ordered and self.on_disk


KINDS = {
    "hash": Kind("hash", "data.tch", ordered=False, on_disk=True),
    "btree": Kind("B+ tree", "data.tcb", ordered=True, on_disk=True),
    "memory-hash": Kind("on-memory hash", "*", ordered=False, on_disk=False),
    "memory-tree": Kind("on-memory tree", "+", ordered=True, on_disk=False),
}


class Records:
    """Keys, their values and the one shared cursor. Not thread-safe: the server holds a lock."""

    def __init__(self, kind: Kind, path: Path, *, read_only: bool = False) -> None:
        self.kind = kind
        self.path = path
        self.read_only = read_only
        self.values: dict[bytes, list[bytes]] = {}
        self.places: list[bytes] = []
        self.cursor: tuple[int | bytes, int] | None = None
        if kind.on_disk and path.exists():
            self._load()
        self.journal = path.open("ab") if kind.on_disk and not read_only else None

    # Where a key stands: a tree goes by the key itself, a hash in an order that nobody can
    # mistake for the order of insertion.

    def place(self, key: bytes) -> bytes:
        if self.kind.ordered:
            return key
        return hashlib.md5(key, usedforsecurity=False).digest() + key

    def key_at(self, place: bytes) -> bytes:
        return place if self.kind.ordered else place[DIGEST:]

    def first_from(self, key: bytes) -> bytes | None:
        """The place of the first key that is not before ``key`` (a tree), or of ``key`` itself."""
        if not self.kind.ordered:
            return self.place(key) if key in self.values else None
        index = bisect.bisect_left(self.places, key)
        return self.places[index] if index < len(self.places) else None

    # Reading.

    def get(self, key: bytes) -> bytes:
        return self.all(key)[0]

    def all(self, key: bytes) -> list[bytes]:
        if key not in self.values:
            raise Failed
        return self.values[key]

    def count(self) -> int:
        return sum(map(len, self.values.values())) if self.kind.duplicates else len(self.values)

    def size(self) -> int:
        return sum(len(k) + sum(map(len, v)) for k, v in self.values.items())

    def keys(self, prefix: bytes, most: int) -> list[bytes]:
        if not self.kind.ordered:
            found = [k for k in map(self.key_at, self.places) if k.startswith(prefix)]
            return found if most < 0 else found[:most]
        start = bisect.bisect_left(self.places, prefix)
        found = []
        for key in self.places[start:]:
            if not key.startswith(prefix) or len(found) == most:
                break
            found.append(key)
        return found

    # The cursor: a place, except that a B+ tree file counts the records of a page instead. When
    # one is added before it, the walk meets again the record where it was.

    def rewind(self) -> None:
        self.cursor = self._stand_at(0)

    def jump(self, key: bytes) -> bool:
        """To that key; False when there is none to go to, and then only a B+ tree file forgets."""
        found = self.first_from(key)
        if found is not None:
            self.cursor = self._stand_at(bisect.bisect_left(self.places, found))
        elif self.kind.duplicates:
            self.cursor = None
        return found is not None

    def next(self) -> tuple[bytes, bytes]:
        """The record under the cursor, which moves on."""
        if self.cursor is None:
            raise Failed
        at, number = self.cursor
        index = at if isinstance(at, int) else bisect.bisect_left(self.places, at)
        if index >= len(self.places):
            raise Failed
        key = self.key_at(self.places[index])
        values = self.values[key]
        if number + 1 < len(values):
            self.cursor = at, number + 1
        else:
            self.cursor = self._stand_at(index + 1)
        return key, values[min(number, len(values) - 1)]

    def _stand_at(self, index: int) -> tuple[int | bytes, int] | None:
        if index >= len(self.places):
            return None
        return (index if self.kind.duplicates else self.places[index]), 0

    # Writing.

    def writable(self) -> None:
        if self.read_only:
            raise Failed

    def put(self, key: bytes, value: bytes) -> None:
        """Over the first value, when there are several."""
        self._change(key, [value, *self.values.get(key, [])[1:]])

    def put_another(self, key: bytes, value: bytes) -> None:
        self._change(key, [*self.values.get(key, []), value])

    def keep(self, key: bytes, value: bytes) -> None:
        if key in self.values:
            raise Failed
        self._change(key, [value])

    def append(self, key: bytes, value: bytes) -> None:
        self.put(key, self.get(key) + value if key in self.values else value)

    def shift(self, key: bytes, value: bytes, width: int) -> None:
        """Append and keep the end; a new record is kept whole, wider than ``width`` or not."""
        if key in self.values:
            joined = self.get(key) + value
            value = joined[len(joined) - min(width, len(joined)) :]
        self.put(key, value)

    def out(self, key: bytes) -> None:
        """Remove the first value; the others stay."""
        self.writable()
        self._change(key, self.all(key)[1:])

    def out_all(self, key: bytes) -> None:
        self.writable()
        if key in self.values:
            self._change(key, [])

    def add_int(self, key: bytes, number: int) -> int:
        """Wraps at 32 bits, whatever the record was; one of another size is left alone."""
        if key in self.values:
            old = self.get(key)
            if len(old) != INT.size:
                raise Failed
            number += INT.unpack(old)[0]
        number = (number + 2**31) % 2**32 - 2**31
        self.put(key, INT.pack(number))
        return number

    def add_double(self, key: bytes, number: float) -> float:
        if key in self.values:
            old = self.get(key)
            if len(old) != DOUBLE.size:
                raise Failed
            number += DOUBLE.unpack(old)[0]
        self.put(key, DOUBLE.pack(number))
        return number

    def vanish(self) -> None:
        self.writable()
        self.values.clear()
        self.places.clear()
        self.cursor = None
        if self.journal is not None:
            self.journal.truncate(0)

    def _change(self, key: bytes, values: list[bytes]) -> None:
        self.writable()
        place = self.place(key)
        index = bisect.bisect_left(self.places, place)
        known = key in self.values
        if values:
            self.values[key] = values
            if not known:
                self.places.insert(index, place)
        elif known:
            del self.values[key]
            del self.places[index]
        if self.journal is not None and not self.kind.ordered:
            self.journal.write(line(key, values))
            self.journal.flush()

    # The file: a line for each change, the last one of a key counts.

    def save(self, path: Path | None = None) -> None:
        """Write everything: a B+ tree at sync and at an orderly end, and a copy somewhere else."""
        if path is not None or (self.journal is not None and self.kind.ordered):
            with (path or self.path).open("wb") as file:
                file.writelines(line(key, values) for key, values in self.values.items())

    def _load(self) -> None:
        with self.path.open("rb") as file:
            # What kill() cut short has no end of line, and was never answered.
            for change in (json.loads(text) for text in file if text.endswith(b"\n")):
                key, *values = (base64.b64decode(part) for part in change)
                self.values.pop(key, None)
                if values:
                    self.values[key] = values
        self.places = sorted(map(self.place, self.values))


def line(key: bytes, values: list[bytes]) -> bytes:
    return json.dumps([base64.b64encode(part).decode() for part in (key, *values)]).encode() + b"\n"
