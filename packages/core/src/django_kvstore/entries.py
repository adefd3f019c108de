"""Entries one by one and in bulk: what every engine can do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple

from . import records
from .backend import Backend, Write
from .coder import Coder, is_gone, is_past
from .errors import Conflict, CorruptValue, InvalidValue, KVStoreError, NotSupported
from .options import DEFAULT_TTL, MISSING, TTL, StoreOptions
from .records import IS_SPLIT
from .split import is_head


class Entry(NamedTuple):
    """One entry as the engine holds it: `expires` is seconds since 1970, `size` bytes.

    Where the value cannot be read, `error` says why and `value` is MISSING.
    """

    key: str
    value: Any
    expires: float | None
    size: int
    error: KVStoreError | None = None


class EntryStore:
    """The first layer of `django_kvstore.Store`: get, set, delete and their bulk forms."""

    def __init__(self, backend: Backend, options: StoreOptions) -> None:
        self.backend = backend
        self.options = options
        self.alias = backend.alias
        self.coder = Coder(backend, options)
        #: Whether what is deleted need not be looked at: it has no parts, and had not expired.
        self._deletes_unseen = backend.expires_itself and backend.cell_bytes is None

    # Single entries.

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or `default` when there is none. Raises `CorruptValue`."""
        cell = self.coder.cell(key)
        reader = self.backend.reader
        record = reader.get(cell)
        if record is None:
            return default
        value = self.coder.decode(cell, record, reader=reader)
        return default if value is MISSING else value

    def _current(self, key: str, default: Any) -> Any:
        """Do what `get` does, for a call that may write: no replica is asked."""
        cell = self.coder.cell(key)
        record = self.backend.get(cell)
        value = MISSING if record is None else self.coder.decode(cell, record)
        return default if value is MISSING else value

    def set(self, key: str, value: Any, ttl: TTL = DEFAULT_TTL) -> None:
        """Write the value, whatever was there. Raises `InvalidValue` or `ValueTooLarge`."""
        cell = self.coder.cell(key)
        expires = self.coder.expires(ttl)
        if expires is not None and is_past(expires):
            self.coder.payload(cell, value)  # so that a bad value is told whatever the ttl
            self.backend.delete(cell)
            return
        record = self.coder.encode(cell, value, expires)
        if record[1] & IS_SPLIT:
            self._set_large(cell, record, expires)
        else:
            self.backend.set(cell, record, expires)

    def _set_large(self, cell: str, record: bytes, expires: float | None) -> None:
        """Write the head of a large value, and delete the parts of the one that it replaces."""
        try:
            replaced = self._exchange(cell, record, expires)
        except KVStoreError as error:
            self.coder.abandon(cell, record, error)
            raise
        self.coder.delete_parts(cell, replaced)

    def _exchange(self, cell: str, record: bytes, expires: float | None) -> bytes | None:
        """Write the cell whatever it held; return what that was."""
        replaced: bytes | None = None

        def change(found: bytes | None) -> Write:
            nonlocal replaced
            replaced = found
            return Write(record, expires)

        if self.backend.atomic and not self.backend.iterable:
            # Nobody could find parts that are left behind, so of several writers at the same
            # moment each must learn which value it was that it replaced.
            with suppress(Conflict, NotSupported):
                self.backend.update(cell, change)
                return replaced
        replaced = self.backend.get(cell)
        self.backend.set(cell, record, expires)
        return replaced

    def delete(self, key: str) -> bool:
        """Delete the entry; say whether there was one."""
        cell = self.coder.cell(key)
        if self._deletes_unseen:
            return self.backend.delete(cell)
        record = self.backend.take(cell)
        if record is None:
            return False
        existed = not is_gone(cell, record) and not self.coder.has_lost_part(cell, record)
        self.coder.delete_parts(cell, record)
        return existed

    def exists(self, key: str) -> bool:
        """Say whether there is an entry, without reading its value: a damaged one is an entry."""
        cell = self.coder.cell(key)
        return not self.coder.is_absent(cell, self.backend.reader.get(cell))

    def has_key(self, key: str) -> bool:
        """As `exists`; the name that django-kvstore 1.0 had."""
        return self.exists(key)

    def __contains__(self, key: str) -> bool:
        return self.exists(key)

    # Several entries at once.

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values of those keys that have one."""
        cells = self.coder.cells(keys)
        reader = self.backend.reader
        found = reader.get_many(cells) if cells else {}
        return self.coder.decode_many(found.items(), reader=reader)

    def set_many(self, values: Mapping[str, Any], ttl: TTL = DEFAULT_TTL) -> None:
        """Write every value of a dict; all are checked and serialized before the first is sent."""
        if not isinstance(values, Mapping):
            raise self.backend.error(
                InvalidValue,
                f"set_many takes a dict of keys and their values, not {type(values).__name__}.",
                hint="Give a dict, as in {'key': value}.",
            )
        expires = self.coder.expires(ttl)
        cells = dict(zip(self.coder.cells(values), values.values(), strict=True))
        if not cells:
            return
        if is_past(expires):
            for cell, value in cells.items():
                self.coder.payload(cell, value)  # so that a bad value is told whatever the ttl
            self.backend.delete_many(list(cells))
            return
        self._write_many(self.coder.encode_many(cells, expires), expires)

    def _write_many(self, encoded: Mapping[str, bytes], expires: float | None) -> int:
        """Write the records of entries, of which the parts are written; return how many."""
        large = {} if self.backend.iterable else {c: r for c, r in encoded.items() if is_head(r)}
        if not large:
            self.backend.set_many(encoded, expires)
            return len(encoded)
        small = {cell: record for cell, record in encoded.items() if cell not in large}

        def steps() -> Iterator[int]:
            if small:
                self.backend.set_many(small, expires)
                yield len(small)
            for cell in list(large):
                self._set_large(cell, large.pop(cell), expires)
                yield 1

        try:
            return self.backend.in_turn(steps())
        except KVStoreError:
            # Those whose turn never came; the one that failed has seen to its own.
            for cell, record in large.items():
                self.coder.delete_parts(cell, record)
            raise

    def delete_many(self, keys: Iterable[str]) -> int:
        """Delete the entries; return how many there were."""
        cells = self.coder.cells(keys)
        if not cells:
            return 0
        if self._deletes_unseen:
            return self.backend.delete_many(cells)
        deleted, found = self.backend.take_many(cells)
        for cell, record in found.items():
            deleted -= is_gone(cell, record) or self.coder.has_lost_part(cell, record)
            self.coder.delete_parts(cell, record)
        return max(deleted, 0)

    # Whole entries.

    def get_entries(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return those of the keys that have an entry, each with its expiry and size.

        No replica is asked: an entry that was just written is there.
        """
        cells = self.coder.cells(keys)
        found = self.backend.get_many(cells) if cells else {}
        entries = (self._entry(cell, record) for cell, record in found.items())
        return {entry.key: entry for entry in entries if entry is not None}

    def restore(self, entries: Iterable[Entry]) -> None:
        """Write entries as `export` gave them, each with its own expiry.

        All are checked and serialized before the first is sent; those without a value, or whose
        time is over, are left out.
        """
        if not isinstance(entries, Iterable):
            raise self.backend.error(
                InvalidValue,
                f"restore takes entries, not {type(entries).__name__}.",
                hint="Give those of a page that export returned: store.restore(page.entries).",
            )
        by_expiry: dict[float | None, dict[str, tuple[bytes, int]]] = {}
        for entry in entries:
            if entry.expires is not None and not isfinite(entry.expires):
                raise self.backend.error(
                    InvalidValue,
                    f"the expiry of an entry is {entry.expires}, which is not a time.",
                    hint="Give seconds since 1970, or None. Nothing was written.",
                )
            if entry.value is not MISSING and not is_past(entry.expires):
                cell = self.coder.cell(entry.key)
                payload = self.coder.payload(cell, entry.value)
                by_expiry.setdefault(entry.expires, {})[cell] = payload

        def write(expires: float | None, payloads: dict[str, tuple[bytes, int]]) -> int:
            pack = self.coder.pack
            packed = {cell: pack(cell, *made, expires) for cell, made in payloads.items()}
            return self._write_many(packed, expires)

        self.backend.in_turn(write(*group) for group in by_expiry.items())

    def _entry(self, cell: str, record: bytes) -> Entry | None:
        key, expires, size = self.coder.key(cell), records.expiry(record), len(record)
        try:
            value = self.coder.decode(cell, record)
        except CorruptValue as error:
            return Entry(key, MISSING, expires, size, error)
        return None if value is MISSING else Entry(key, value, expires, size)

    # Expiry.

    def ttl(self, key: str) -> float | None:
        """Return the seconds left, None for an entry that does not expire, 0.0 where none is.

        Raises `CorruptValue`.
        """
        cell = self.coder.cell(key)
        record = self.backend.reader.get(cell)
        if record is None or self.coder.is_absent(cell, record):
            return 0.0
        expires = self.coder.unpack(cell, record).expires
        return None if expires is None else max(expires - time.time(), 0.0)

    # The engine.

    def ping(self) -> float:
        """Ask the engine for a sign of life; return the seconds it took."""
        begun = time.perf_counter()
        self.backend.ping()
        reader = self.backend.reader
        if reader is not self.backend:
            reader.ping()
        return time.perf_counter() - begun

    def close(self) -> None:
        """Give back the engine's connections; the next call opens what it needs."""
        self.backend.close()
