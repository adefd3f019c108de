"""Backends that are wrong about walks and clearing, in one way each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from django_kvstore import Page, StoreURL
from django_kvstore_locmem import LocMemBackend

from .fault import breaks
from .sound import BareAtomic, BareIterable


@breaks("iteration-once", "test_keys_lists_every_key_once")
class RepeatsAKey(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells, following = super().scan(prefix, cursor, limit)
        return Page([*cells, *cells[:1]][:limit], following)


@breaks("iteration-once", "test_every_way_of_writing_makes_a_listed_key")
class ListsWhatWasSet(BareAtomic):
    """It lists by an index, in which compare_and_set() writes nothing."""

    scheme = "listswhatwasset"
    iterable = True

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._index: set[str] = set()

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        super().set(key, record, expires)
        self._index.add(key)

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells, following = BareIterable.scan(self, prefix, cursor, limit)  # type: ignore[arg-type]
        return Page([cell for cell in cells if cell[0] in self._index], following)


@breaks("iteration-changes", "test_what_a_walk_lists_may_be_deleted")
class CountsItsOffset(LocMemBackend):
    """Its cursor is how many were listed, so deleting one hides another."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        names = sorted(name for name in list(self._cells.records) if name.startswith(prefix))
        start = int(cursor or 0)
        found = [(name, self._cells.records[name]) for name in names[start : start + limit]]
        return Page(found, str(start + limit) if start + limit < len(names) else None)


@breaks("iteration-prefix", "test_no_character_of_a_prefix_stands_for_others")
class LikesPercent(LocMemBackend):
    """Its prefix is a pattern, as in SQL's LIKE."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super().scan(prefix.partition("%")[0], cursor, limit)


@breaks("iteration-pages", "test_scan_gives_pages")
class IgnoresTheLimit(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super().scan(prefix, cursor, 100_000)


@breaks("iteration-pages", "test_a_cursor_can_be_used_again")
class RemembersCursors(LocMemBackend):
    """Its cursors are good once, and in this object alone."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._walks: dict[str, str] = {}
        self._number = itertools.count()

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        after = None if cursor is None else self._walks.pop(cursor, "\U0010ffff")
        cells, following = super().scan(prefix, after, limit)
        if following is None:
            return Page(cells, None)
        number = str(next(self._number))
        self._walks[number] = following
        return Page(cells, number)


@breaks("iteration-memory", "test_a_walk_reads_page_by_page")
class ReadsAll(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return Page(super().scan(prefix, None, 100_000).cells, None)


@breaks("namespaces-clear", "test_clear_leaves_other_namespaces")
class ClearsAll(LocMemBackend):
    def clear(self, prefix: str) -> int | None:
        return super().clear("")


@breaks("iteration-clear", "test_clear_deletes_every_entry")
class ClearsOnePage(LocMemBackend):
    def clear(self, prefix: str) -> int | None:
        cells, _ = self.scan(prefix, None, 100)
        self.delete_many([key for key, _ in cells])
        return None


@breaks("namespaces-lists", "test_a_cursor_of_another_namespace_shows_nothing_of_it")
class LeavesItsNamespace(LocMemBackend):
    """It goes on from wherever the cursor says, up to where the prefix ends."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        begin, end = cursor or prefix, prefix + "\U0010ffff"
        names = sorted(name for name in list(self._cells.records) if begin < name < end)
        found = [(name, self._cells.records[name]) for name in names[:limit]]
        return Page(found, names[limit - 1] if len(names) > limit else None)
