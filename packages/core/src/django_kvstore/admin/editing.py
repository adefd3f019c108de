"""Changing entries from a form: only what the user has seen is replaced, in one step."""

from __future__ import annotations

from typing import Any

from django_kvstore.backend import Write
from django_kvstore.coder import is_gone
from django_kvstore.store import Store

from .inspection import digest


def replace(store: Store, key: str, seen: str, value: Any, ttl: float | None) -> bool:
    """Write the value if the entry is the one whose `digest` was seen; say whether it was."""
    cell = store.coder.cell(key)
    expires = store.coder.expires(ttl)
    record = store.coder.encode(cell, value, expires)
    written = _replace(store, cell, seen, Write(record, expires))
    if not written:
        store.coder.delete_parts(cell, record)
    return written


def remove(store: Store, key: str, seen: str) -> bool:
    """Delete the entry if it is the one whose `digest` was seen; say whether it was."""
    return _replace(store, store.coder.cell(key), seen, Write(None))


def _replace(store: Store, cell: str, seen: str, write: Write) -> bool:
    replaced: bytes | None = None

    def change(record: bytes | None) -> Write | None:
        nonlocal replaced
        unchanged = record is not None and not is_gone(record) and digest(record) == seen
        replaced = record if unchanged else None
        return write if unchanged else None

    store.backend.update(cell, change)
    store.coder.delete_parts(cell, replaced)
    return replaced is not None
