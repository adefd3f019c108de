"""The default serializer's careful way: step by step, without recursion, with exact errors.

``pack(value)`` and ``unpack(data)`` do what `django_kvstore.serializers.typed` does for nearly
every value by one call of a C function. This module is for the rest: what that call refused, dicts
with keys other than str, large tuples and sets, and whatever may be nested too deeply.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import NoneType
from typing import Any, Final

import ormsgpack
from ormsgpack import Ext, packb, unpackb

from ..nesting import Leaf, Parts, rebuild
from .extensions import BUILDERS, PAIRS, READERS, SEQUENCES, SURROGATES, WRITERS, plain
from .text import is_utf8

#: What the C function must leave to the types' own ways of being written.
OPTIONS: Final = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_TUPLE
    | ormsgpack.OPT_PASSTHROUGH_UUID
)

_KEPT_BY_WRITERS: Final = frozenset({NoneType, bool, float, bytes})
_KEPT_BY_READERS: Final = frozenset({NoneType, bool, int, float, str, bytes})
_TEXT: Final = frozenset({str})


def pack(value: Any, of_other: Callable[[Any], Any] = plain) -> bytes:
    """Return the MessagePack of the value; raises ``TypeError`` or ``ValueError`` with the path.

    `of_other` returns what to write for an object of another type, or raises ``TypeError``.
    """
    return _packb(rebuild(value, partial(_writable, of_other), _KEPT_BY_WRITERS, _refused))


def unpack(data: bytes) -> Any:
    """Return the value; raises ``ValueError``, or what a type raises over bytes it never wrote."""
    return rebuild(_parse(data), _readable, _KEPT_BY_READERS)


def _packb(value: Any) -> bytes:
    try:
        return packb(value, _as_it_is, OPTIONS)
    except TypeError as error:
        # All is of types that it knows, and it hides what Python raised when it called `_as_it_is`.
        raise RecursionError("the stack is at its end") from error


def _as_it_is(value: Any) -> Any:
    # ormsgpack asks for an extension, even where there is one.
    return value


def _refused(error: Exception, path: str) -> Exception:
    return type(error)(f"{path} is {error}")


def _writable(of_other: Callable[[Any], Any], item: Any) -> Leaf | Parts:
    kind = type(item)
    if kind not in _WRITABLE:
        item = of_other(item)
        kind = type(item)
    if kind is str:
        if is_utf8(item):
            return Leaf(item)
        return Leaf(Ext(SURROGATES, item.encode("utf-8", "surrogatepass")))
    if kind is list:
        return Parts(list(item), _same)
    if kind is dict:
        return _of_dict(item)
    if kind in SEQUENCES:
        return Parts(list(item), partial(_sequence, SEQUENCES[kind]))
    if kind is int and -(2**63) <= item < 2**64:
        return Leaf(item)
    number, write = WRITERS[kind]
    return Leaf(Ext(number, write(item)))


_WRITABLE: Final = frozenset({str, list, dict, *SEQUENCES, *WRITERS})


def _of_dict(item: dict[Any, Any]) -> Parts:
    keys = list(item)
    if _TEXT.issuperset(map(type, keys)) and all(map(is_utf8, keys)):
        return Parts(
            list(item.values()), lambda values: dict(zip(keys, values, strict=True)), _at(keys)
        )
    count = len(keys)

    def name(at: int) -> str:
        return f".keys()[{at}]" if at < count else _at(keys)(at - count)

    def build(items: list[Any]) -> Any:
        if _TEXT.issuperset(map(type, items[:count])):
            return dict(zip(items[:count], items[count:], strict=True))
        pairs = zip(items[:count], items[count:], strict=True)
        return Ext(PAIRS, _packb(list(map(list, pairs))))

    return Parts([*keys, *item.values()], build, name)


def _at(keys: list[Any]) -> Callable[[int], str]:
    return lambda at: f"[{_shown(keys[at])}]"


def _shown(key: Any) -> str:
    if type(key) is str or (type(key) is int and key.bit_length() < 64):
        return f"{key!r:.80}"
    return f"<{type(key).__name__}>"


def _sequence(number: int, items: list[Any]) -> Ext:
    return Ext(number, _packb(items))


def _same(items: list[Any]) -> list[Any]:
    return items


def _parse(data: bytes) -> Any:
    """Return what stands in the bytes; extensions in it are calls of `_extension`, not made yet."""
    try:
        return unpackb(data, ext_hook=_later)
    except ValueError as error:
        if str(error) == _HOOK_FAILED:
            # Making the object of a call fails for one reason alone, and ormsgpack hides it.
            raise RecursionError("the stack is at its end") from error
        raise


def _readable(item: Any) -> Leaf | Parts:
    kind = type(item)
    if kind is list:
        return Parts(item, _same)
    if kind is dict:
        keys = list(item)
        return Parts(list(item.values()), lambda values: dict(zip(keys, values, strict=True)))
    found: Leaf | Parts = item()
    return found


def _extension(number: int, data: bytes) -> Leaf | Parts:
    if number in READERS:
        return Leaf(READERS[number](data))
    items = _parse(data)
    if type(items) is not list:
        raise ValueError(f"its extension {number} is not a list")
    if number in BUILDERS:
        return Parts(items, BUILDERS[number])
    if number != PAIRS:
        raise ValueError(f"it holds the unknown extension type {number}")
    if not all(type(pair) is list and len(pair) == 2 for pair in items):
        raise ValueError("its extension of a dict is not a list of pairs")
    keys = [key for key, _ in items]
    values = [value for _, value in items]
    return Parts(keys + values, partial(_from_pairs, len(keys)))


def _from_pairs(count: int, items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[:count], items[count:], strict=True))


#: Called by ormsgpack with the number and the bytes of an extension.
_later: Final = partial(partial, _extension)
_HOOK_FAILED: Final = "ext_hook failed"
