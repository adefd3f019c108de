"""How a user's key becomes the one cell it names in the engine.

``store.set("greeting", …)`` on a store of namespace ``shop`` writes the cell ``shop:greeting``.

A cell's name is the namespace, one mark that says of what kind the cell is, and the rest. A
namespace holds no mark, so the first mark ends it, and no two stores, kinds or keys ever share a
cell; one prefix scan finds exactly one store's keys.
"""

from __future__ import annotations

import re
from typing import Final

#: The longest key that every store takes, in bytes of UTF-8, its namespace included.
MAX_KEY_BYTES: Final = 1024

#: Marks a cell that holds an entry, a part of a large value, or a lock.
ENTRY: Final = ":"
PART: Final = ";"
LOCK: Final = "!"

_NAMESPACE = re.compile(r"[A-Za-z0-9_.\-/]{0,200}", re.ASCII)


def check_namespace(namespace: object) -> str:
    """Return the namespace, or raise ``ValueError`` saying what one looks like."""
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        raise ValueError(
            f"the namespace {namespace!r} is not up to 200 ASCII letters, digits or any of _ . - /"
        )
    return namespace


def key_problem(key: object, limit: int) -> str | None:
    """Say what keeps `key` from being one of up to `limit` UTF-8 bytes; None when nothing does."""
    if not isinstance(key, str):
        return f"a key is a str, not {type(key).__name__}: give str(key), say."
    if not key:
        return "a key has at least one character, and this is empty. Give it one."
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return (
            "the key holds a lone surrogate, which is no character of UTF-8: give ascii(key), say."
        )
    if size > limit:
        return (
            f"the key is {size} bytes of UTF-8; this store takes up to {limit}. Shorten it, or "
            "give hashlib.sha256(key.encode()).hexdigest()."
        )
    return None
