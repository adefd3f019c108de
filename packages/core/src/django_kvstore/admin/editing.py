"""Changing entries from a form: only what the user has seen is replaced, in one step."""

from __future__ import annotations

from typing import Any, Final

from django_kvstore import records
from django_kvstore.backend import Write
from django_kvstore.coder import is_gone
from django_kvstore.options import MISSING
from django_kvstore.store import Store

from .inspection import digest

#: As `seen`: the user has seen that there is no entry.
NOTHING: Final = ""


def replace(store: Store, key: str, seen: str, value: Any, expires: float | None) -> bool:
    """Write the value if the entry is the one whose `digest` was seen; say whether it was.

    `expires` is seconds since 1970, None for ever.
    """
    cell = store.coder.cell(key)
    record = store.coder.encode(cell, value, expires)
    written = _replace(store, cell, seen, Write(record, expires))
    if not written:
        store.coder.delete_parts(cell, record)
    return written


def retime(store: Store, key: str, seen: str, expires: float | None) -> bool:
    """Give the entry another expiry and leave its value alone; otherwise as `replace`.

    Nothing of the value is loaded, but where the engine holds it in parts, which are written anew.
    """
    cell = store.coder.cell(key)
    record = store.backend.get(cell)
    if record is None or digest(record) != seen:
        return False
    flags, code, _expires, payload = store.coder.unpack(cell, record)
    if flags & records.IS_SPLIT:
        value = store.coder.decode(cell, record, safely=True)
        return value is not MISSING and replace(store, key, seen, value, expires)
    flags &= ~records.HAS_EXPIRY
    packed = records.pack(cell, payload, code=code, flags=flags, expires=expires)
    return _replace(store, cell, seen, Write(packed, expires))


def remove(store: Store, key: str, seen: str) -> bool:
    """Delete the entry if it is the one whose `digest` was seen; say whether it was."""
    return _replace(store, store.coder.cell(key), seen, Write(None))


def _replace(store: Store, cell: str, seen: str, write: Write) -> bool:
    replaced: bytes | None = None
    written = False

    def change(record: bytes | None) -> Write | None:
        nonlocal replaced, written
        replaced = record
        written = _is_seen(cell, record, seen)
        return write if written else None

    store.backend.update(cell, change)
    if written:
        store.coder.delete_parts(cell, replaced)
    return written


def _is_seen(cell: str, record: bytes | None, seen: str) -> bool:
    if seen == NOTHING:
        return is_gone(cell, record)
    return record is not None and digest(record) == seen
