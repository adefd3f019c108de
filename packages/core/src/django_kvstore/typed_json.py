"""JSON that keeps types: what ``manage.py kvstore dump`` writes and the admin shows.

``to_json({"when": date(2026, 1, 2)})`` is ``{"when": {"$date": "2026-01-02"}}``

What JSON has stands for itself. Anything else is an object of one name that begins with ``$``; so
is a dict whose keys JSON cannot hold, or that looks like such an object itself.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from types import NoneType
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from .nesting import Leaf, Parts, rebuild
from .serializers.text import is_short, is_utf8

M = TypeVar("M", datetime, time)

_JSON_SAFE_INT: Final = 2**53
_TEXT: Final = frozenset({str})
_KEPT_BY_WRITER: Final = frozenset({NoneType, bool})
_KEPT_BY_READER: Final = frozenset({NoneType, bool, int, str})
_NAMES: Final[dict[type, str]] = {tuple: "$tuple", set: "$set", frozenset: "$frozenset"}
_NOT_FINITE: Final = (
    'a number is too large for a float, or is not one; write {"$float": "inf"}, "-inf" or "nan"'
)
_BUILDERS: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
}


def to_json(value: Any) -> Any:
    """Return what `json.dumps` writes; raises ``TypeError`` for a value of no plain type.

    A value nested over `django_kvstore.nesting.MAX_LEVELS` raises ``ValueError``.
    """
    return rebuild(value, _writable, _KEPT_BY_WRITER)


def from_json(data: Any) -> Any:
    """Return the value that `to_json` was given; raises ``ValueError`` for what it never makes."""
    return rebuild(data, _readable, _KEPT_BY_READER)


def _writable(item: Any) -> Leaf | Parts:
    kind = type(item)
    if kind is str:
        return Leaf(item if is_utf8(item) else {"$str": _surrogates(item)})
    if kind is int:
        return Leaf(item if abs(item) <= _JSON_SAFE_INT else {"$int": _digits(item)})
    if kind is float:
        return Leaf(item if math.isfinite(item) else {"$float": repr(item)})
    if kind is list:
        return Parts(list(item), _same)
    if kind is dict:
        return _of_dict(item)
    if kind in _NAMES:
        return Parts(list(item), partial(_named, _NAMES[kind]))
    if kind in _WRITERS:
        return Leaf({f"${kind.__name__}": _WRITERS[kind](item)})
    raise TypeError(f"a {kind.__module__}.{kind.__qualname__} has no form in typed JSON")


def _of_dict(item: dict[Any, Any]) -> Parts:
    names = list(item)
    plain = _TEXT.issuperset(map(type, names)) and all(map(is_utf8, names))
    if plain and not (len(names) == 1 and names[0].startswith("$")):
        return Parts(list(item.values()), partial(_dict, names))
    return Parts([*names, *item.values()], _pairs)


def _readable(item: Any) -> Leaf | Parts:
    if isinstance(item, list):
        return Parts(list(item), _same)
    if not isinstance(item, dict):
        # Python reads 1e999 as infinity, and NaN though JSON does not have it.
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueError(_NOT_FINITE)
        return Leaf(item)
    names = list(item)
    if len(names) != 1 or not names[0].startswith("$"):
        return Parts(list(item.values()), partial(_dict, names))
    (name,) = names
    inner = item[name]
    try:
        if name in _BUILDERS and isinstance(inner, list):
            return Parts(list(inner), partial(_checked, name, _BUILDERS[name]))
        if name == "$dict":
            keys, values = [key for key, _ in inner], [value for _, value in inner]
            return Parts(keys + values, partial(_checked, name, _from_halves))
        return Leaf(_READERS[name](inner))
    except (KeyError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise _not_typed(name) from error


def _checked(name: str, build: Callable[[list[Any]], Any], items: list[Any]) -> Any:
    try:
        return build(items)
    except TypeError as error:  # what cannot be in a set
        raise _not_typed(name) from error


def _not_typed(name: str) -> ValueError:
    return ValueError(f"the object of {name:.40} is not typed JSON")


def _named(name: str, items: list[Any]) -> dict[str, list[Any]]:
    return {name: items}


def _same(items: list[Any]) -> list[Any]:
    return items


def _dict(names: list[str], items: list[Any]) -> dict[str, Any]:
    return dict(zip(names, items, strict=True))


def _pairs(items: list[Any]) -> dict[str, Any]:
    half = len(items) // 2
    return {"$dict": [[key, item] for key, item in zip(items[:half], items[half:], strict=True)]}


def _from_halves(items: list[Any]) -> dict[Any, Any]:
    half = len(items) // 2
    return dict(zip(items[:half], items[half:], strict=True))


def _surrogates(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex()


def _digits(number: int) -> str:
    return str(number) if is_short(number) else hex(number)


def _read_int(data: str) -> int:
    return int(data, 16 if data.lstrip("-").startswith("0x") else 10)


def _zone(value: datetime | time) -> list[Any]:
    if isinstance(value.tzinfo, ZoneInfo):
        return [value.replace(tzinfo=None).isoformat(), value.fold, value.tzinfo.key]
    return [value.isoformat(), value.fold, None]


def _read_moment(kind: type[M], data: list[Any]) -> M:
    text, fold, zone = data
    found = kind.fromisoformat(text).replace(fold=fold)
    return found.replace(tzinfo=ZoneInfo(zone)) if zone else found


_WRITERS: Final[dict[type, Callable[[Any], Any]]] = {
    bytes: lambda value: base64.b64encode(value).decode(),
    Decimal: str,
    UUID: str,
    date: date.isoformat,
    time: _zone,
    datetime: _zone,
    timedelta: lambda value: [value.days, value.seconds, value.microseconds],
}
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "$str": lambda data: bytes.fromhex(data).decode("utf-16-be", "surrogatepass"),
    "$int": _read_int,
    "$float": float,
    "$bytes": lambda data: base64.b64decode(data, validate=True),
    "$Decimal": Decimal,
    "$UUID": UUID,
    "$date": date.fromisoformat,
    "$time": partial(_read_moment, time),
    "$datetime": partial(_read_moment, datetime),
    "$timedelta": lambda data: timedelta(*data),
}
