"""Walks by hand, page by page: a page may be short or empty and still have a next one.

``entries(store.scan, "user:")`` is every entry that the pages of `scan` list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: More pages than any walk of the checks has.
_MANY = 100_000


def pages(scan: Callable[..., Any], prefix: str = "", *, limit: int = 100) -> list[list[Any]]:
    """Return the pages of a walk with `Store.scan` or `Store.export`, the empty ones too."""
    found = []
    cursor = None
    while True:
        page = scan(prefix, cursor, limit)
        assert len(page.entries) <= limit, (
            f"scan(limit={limit}) returned {len(page.entries)} entries: expected {limit} at most"
        )
        found.append(list(page.entries))
        cursor = page.cursor
        if cursor is None:
            return found
        assert isinstance(cursor, str), f"a cursor is a str or None: scan() returned {cursor!r}"
        assert len(found) < _MANY, f"the walk did not end after {_MANY} pages"


def entries(scan: Callable[..., Any], prefix: str = "", *, limit: int = 100) -> list[Any]:
    """Return the entries of all pages."""
    return [entry for page in pages(scan, prefix, limit=limit) for entry in page]
