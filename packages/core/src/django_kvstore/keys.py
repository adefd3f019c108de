"""How a user's key becomes the one cell it names in the engine.

``store.set("greeting", …)`` on a store of namespace ``shop`` writes the cell ``shop:greeting``.

A cell's name is the namespace, one mark that says of what kind the cell is, and the rest. A
namespace holds no mark, so the first mark ends it, and no two stores, kinds or keys ever share a
cell; one prefix scan finds exactly one store's keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeGuard

#: The longest key that every store takes, in bytes of UTF-8, its namespace included.
MAX_KEY_BYTES: Final = 1024

#: Marks a cell that holds an entry, a part of a large value, or a lock.
ENTRY: Final = ":"
PART: Final = ";"
LOCK: Final = "!"

_SEGMENT = re.compile(r"[A-Za-z0-9_.\-]{1,200}", re.ASCII)
_MAX_NAMESPACE: Final = 200
_LETTERS: Final = "ASCII letters, digits, '_', '.' or '-'"

#: What a caller gives who means one key where several are asked for.
_TEXTS: Final = (str, bytes, bytearray, memoryview)


def check_namespace(namespace: object) -> str:
    """Return the namespace, or raise ``ValueError`` saying what one looks like.

    ``""`` is the whole store; ``"user/ada"`` is the namespace ``ada`` within ``user``.
    """
    if namespace == "" or (
        isinstance(namespace, str)
        and len(namespace) <= _MAX_NAMESPACE
        and all(map(_SEGMENT.fullmatch, namespace.split("/")))
    ):
        return namespace
    raise ValueError(
        f"the namespace {_shown(namespace)} must be up to {_MAX_NAMESPACE} {_LETTERS}, with '/' "
        "only between two of them"
    )


def check_segment(name: object) -> str:
    """Return the name of one namespace within another, or raise ``ValueError``."""
    if isinstance(name, str) and _SEGMENT.fullmatch(name):
        return name
    raise ValueError(
        f"the name of a namespace must be 1 to {_MAX_NAMESPACE} {_LETTERS}, and "
        f"{_shown(name)} is not"
    )


class KeyProblem(NamedTuple):
    """Why something is not a key, and what to do about it: two sentences."""

    reason: str
    hint: str

    def __str__(self) -> str:
        return f"{self.reason} {self.hint}"


def several_problem(keys: object) -> KeyProblem | None:
    """Say what keeps `keys` from being several keys; None when they can be iterated over.

    One text can be, too, but its characters would pass for keys.
    """
    if isinstance(keys, _TEXTS):
        return KeyProblem(
            f"the call needs several keys, not one {type(keys).__name__}.",
            "Write [key] for a single one.",
        )
    if not _is_iterable(keys):
        return KeyProblem(
            f"the call needs several keys, not {_kind(keys)}.",
            "Give a list of them, as in ['first', 'second'].",
        )
    return None


def key_problem(key: object, limit: int) -> KeyProblem | None:
    """Say what keeps `key` from being one of up to `limit` UTF-8 bytes; None when nothing does."""
    if not isinstance(key, str):
        return KeyProblem(f"a key is a str, not {_kind(key)}.", _way_to_text(key))
    if not key:
        return KeyProblem("the key is empty.", "Give it at least one character.")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return KeyProblem(
            "the key holds a lone surrogate, which UTF-8 cannot write.",
            "Give ascii(key), for example.",
        )
    if size > limit:
        return KeyProblem(
            f"the key is {size} bytes of UTF-8; this store accepts up to {limit}.",
            "Shorten it, or give hashlib.sha256(key.encode()).hexdigest().",
        )
    return None


def _kind(key: object) -> str:
    return "None" if key is None else type(key).__name__


def _is_iterable(keys: object) -> TypeGuard[Iterable[object]]:
    return hasattr(type(keys), "__iter__")


def _way_to_text(key: object) -> str:
    if key is None:
        return "Find out where it comes from, and do not call without a key."
    if isinstance(key, (bytes, bytearray)):
        return "Decode it, as in key.decode()."
    if isinstance(key, memoryview):
        return "Decode it, as in bytes(key).decode()."
    if hasattr(type(key), "__await__"):
        return "Await it first, and give what it returns."
    if _is_iterable(key) and not isinstance(key, tuple):
        return "Give one key; for several keys there are get_many, set_many and delete_many."
    return "Give str(key), for example."


def _shown(name: object) -> str:
    return repr(name) if isinstance(name, str) else f"of type {type(name).__name__}"
