"""Walking a store's keys, counting and clearing them, in pages and constant memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import keys, split
from .atomic import AtomicStore
from .entries import Entry


class Entries(NamedTuple):
    """A page of a walk: keys with their values, and the cursor of the next page or None."""

    entries: list[tuple[str, Any]]
    cursor: str | None


class Export(NamedTuple):
    """A page of whole entries, and the cursor of the next page or None."""

    entries: list[Entry]
    cursor: str | None


class IterableStore(AtomicStore):
    """The third layer of `django_kvstore.Store`."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Walk the keys that start with `prefix`, in the engine's order, page by page."""
        cursor = None
        while True:
            keys, cursor = self._scan_keys(prefix, cursor)
            yield from keys
            if cursor is None:
                return

    def _scan_keys(self, prefix: str, cursor: str | None) -> tuple[list[str], str | None]:
        cells, following = self.backend.reader.scan_keys(self.coder.prefix(prefix), cursor, 1000)
        return self.coder.keys(cells), following

    def items(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Walk keys and values; otherwise as `keys`."""
        cursor = None
        while True:
            entries, cursor = self.scan(prefix, cursor)
            yield from entries
            if cursor is None:
                return

    def scan(self, prefix: str = "", cursor: str | None = None, limit: int = 250) -> Entries:
        """Return one page of at most `limit` entries and the cursor to go on from.

        A cursor is text and stays good in another process; a page may hold fewer entries than
        `limit`, or none, and still have a next one.
        """
        reader = self.backend.reader
        cells, following = reader.scan(self.coder.prefix(prefix), cursor, limit)
        return Entries(list(self.coder.decode_many(cells, reader=reader).items()), following)

    def export(self, prefix: str = "", cursor: str | None = None, limit: int = 250) -> Export:
        """Return one page of entries with their expiry and size; otherwise as `scan`.

        An entry that cannot be read does not end the walk: its `error` says why. No replica is
        asked, so that a copy or a dump has every entry.
        """
        cells, following = self.backend.scan(self.coder.prefix(prefix), cursor, limit)
        entries = (self._entry(cell, record) for cell, record in cells)
        return Export([entry for entry in entries if entry is not None], following)

    def count(self, prefix: str = "") -> int:
        """Return how many keys start with `prefix`."""
        return self.backend.reader.count(self.coder.prefix(prefix))

    def clear(self, prefix: str = "") -> int | None:
        """Delete every entry, or those whose key starts with `prefix`.

        Returns how many there were, or None where the engine does not tell.
        """
        if not self.backend.clearable:
            raise self.backend.unsupported("delete all entries of a store", "clearable")
        return self.backend.clear(self.coder.prefix(prefix))

    def purge(self) -> int:
        """Delete what has expired and what is left of replaced large values; return how many.

        Each part of a large value counts.
        """
        now, namespace = time.time(), self.options.namespace
        total = self.backend.purge(namespace + keys.ENTRY, now)
        total += self.backend.purge(namespace + keys.LOCK, now)
        if self.backend.cell_bytes is not None:
            # The parts after their heads: no reader finds a head whose parts are gone. An engine
            # that hides expired cells never lists them, so `collect` alone would not find them.
            total += self.backend.purge(namespace + keys.PART, now)
            total += split.collect(self.backend, namespace, now)
        return total
