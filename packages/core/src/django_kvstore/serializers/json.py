"""The serializer ``json``: plain JSON, for entries that other programs read.

``KEY_VALUE_STORES = {"default": {"URL": "db://kvstore", "SERIALIZER": "json"}}``

It does what JSON does: tuples come back as lists, and only what JSON has can be written.
"""

from __future__ import annotations

import json
import math
import re
from types import NoneType
from typing import Any, Final

from ..nesting import MAX_LEVELS, TOO_DEEP, Leaf, Parts, rebuild
from . import Serializer
from .extensions import plain
from .text import is_short, is_utf8

_KEPT: Final = frozenset({NoneType, bool, int, float, str})
#: What JSON has no number or text for depends on the value, and `json.dumps` does not say where.
_SURELY_KEPT: Final = frozenset({NoneType, bool})
#: Texts, and all else that is not a bracket.
_BETWEEN_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[^\[\]{}"]++', re.DOTALL)


class JSONSerializer(Serializer):
    """UTF-8 JSON without NaN or infinities, which RFC 8259 section 6 does not know."""

    name = "json"
    code = ord("j")

    def dumps(self, value: Any, key: str) -> bytes:
        form = rebuild(value, _writable, _KEPT, _refused)
        try:
            text = json.dumps(form, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
            return text.encode()
        except ValueError:
            rebuild(value, _writable, _SURELY_KEPT, _refused)
            raise

    def loads(self, data: bytes, key: str) -> Any:
        if data.count(b"[") + data.count(b"{") > MAX_LEVELS and _is_too_deep(data):
            raise ValueError(TOO_DEEP)
        return json.loads(data)


def _is_too_deep(data: bytes) -> bool:
    level = 0
    for bracket in _BETWEEN_BRACKETS.sub(b"", data):
        level += 1 if bracket in b"[{" else -1
        if level > MAX_LEVELS:
            return True
    return False


def _refused(error: Exception, path: str) -> Exception:
    return type(error)(f"{path} is {error}")


def _writable(item: Any) -> Leaf | Parts:
    if isinstance(item, dict):
        return _of_dict(item)
    if isinstance(item, (list, tuple)):
        return Parts(list(item), list)
    if isinstance(item, float) and not math.isfinite(item):
        raise ValueError(f"{item!r}, which JSON does not have")
    if isinstance(item, int) and not is_short(item):
        raise ValueError("an int of more digits than Python reads from a text")
    if isinstance(item, str) and not is_utf8(item):
        raise ValueError("a text with a lone surrogate, which UTF-8 does not have")
    if isinstance(item, (int, float, str)):
        return Leaf(item)
    found = plain(item)
    if isinstance(found, str):
        return Leaf(found)
    raise TypeError(f"a {type(item).__module__}.{type(item).__qualname__}")


def _of_dict(item: dict[Any, Any]) -> Parts:
    # json.dumps writes {1: …} as {"1": …} without a word, and two entries may become one.
    for name in item:
        if not isinstance(name, str):
            raise TypeError(
                f"a dict with a key of type {type(name).__name__}; JSON's names are str"
            )
    names = list(item)
    return Parts(
        list(item.values()),
        lambda values: dict(zip(names, values, strict=True)),
        lambda at: f"[{names[at]!r:.80}]",
    )
