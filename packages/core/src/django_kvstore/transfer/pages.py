"""Walking a store in pages whose size follows that of its values, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

from django_kvstore.entries import Entry
from django_kvstore.store import Store

_MOST, _LEAST = 500, 4
#: What a page is to hold at the most, and below what it may grow, in bytes.
LARGE, _SMALL = 4 * 1024 * 1024, 512 * 1024


def pages(
    store: Store, prefix: str, cursor: str | None
) -> Iterator[tuple[list[Entry], str | None]]:
    """Yield pages from `cursor` on, each with the cursor that follows it."""
    limit = _LEAST  # until it is known how large the values are
    while True:
        entries, cursor = store.export(prefix, cursor, limit)
        yield entries, cursor
        if cursor is None:
            return
        size = sum(entry.size for entry in entries)
        if size > LARGE:
            limit = max(limit // 4, _LEAST)
        elif size < _SMALL:
            limit = min(limit * 4, _MOST)
