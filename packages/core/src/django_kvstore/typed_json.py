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
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

_JSON_SAFE_INT: Final = 2**53
#: Larger integers are written in hexadecimal.
_DECIMAL_BITS: Final = 10_000
_TEXT: Final = frozenset({str})
#: What JSON has that holds something else.
_CONTAINERS: Final = frozenset({list, dict})


def to_json(value: Any) -> Any:
    """Return what `json.dumps` writes; raises ``TypeError`` for a value of no plain type."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return (
            value if _is_utf8(value) else {"$str": value.encode("utf-16-be", "surrogatepass").hex()}
        )
    if kind is int:
        return value if abs(value) <= _JSON_SAFE_INT else {"$int": _digits(value)}
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if kind is list:
        return [to_json(item) for item in value]
    if kind is dict:
        return _dict_to_json(value)
    if kind in (tuple, set, frozenset):
        return {f"${kind.__name__}": [to_json(item) for item in value]}
    if kind in _WRITERS:
        return {f"${kind.__name__}": _WRITERS[kind](value)}
    raise TypeError(f"a {kind.__module__}.{kind.__qualname__} has no form in typed JSON")


def from_json(data: Any) -> Any:
    """Return the value that `to_json` was given; raises ``ValueError`` for what it never makes."""
    if isinstance(data, list):
        return [from_json(item) if type(item) in _CONTAINERS else item for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) == 1:
        ((name, inner),) = data.items()
        if name.startswith("$"):
            try:
                return _READERS[name](inner)
            except (KeyError, TypeError, ArithmeticError, AttributeError) as error:
                raise ValueError(f"{name} with {inner!r} is no typed JSON") from error
    return {
        name: from_json(item) if type(item) in _CONTAINERS else item for name, item in data.items()
    }


def _dict_to_json(value: dict[Any, Any]) -> Any:
    plain = _TEXT.issuperset(map(type, value)) and all(map(_is_utf8, value))
    if plain and not (len(value) == 1 and next(iter(value)).startswith("$")):
        return {key: to_json(item) for key, item in value.items()}
    return {"$dict": [[to_json(key), to_json(item)] for key, item in value.items()]}


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _digits(value: int) -> str:
    # Beyond that, Python refuses to write decimals, since it takes too long.
    return str(value) if value.bit_length() <= _DECIMAL_BITS else hex(value)


def _read_int(data: str) -> int:
    return int(data, 16 if data.lstrip("-").startswith("0x") else 10)


def _zone(value: datetime | time) -> list[Any]:
    if isinstance(value.tzinfo, ZoneInfo):
        return [value.replace(tzinfo=None).isoformat(), value.fold, value.tzinfo.key]
    return [value.isoformat(), value.fold, None]


def _read_datetime(data: list[Any]) -> datetime:
    text, fold, zone = data
    found = datetime.fromisoformat(text).replace(fold=fold)
    return found.replace(tzinfo=ZoneInfo(zone)) if zone else found


def _read_time(data: list[Any]) -> time:
    text, fold, zone = data
    found = time.fromisoformat(text).replace(fold=fold)
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
    "$tuple": lambda data: tuple(from_json(item) for item in data),
    "$set": lambda data: {from_json(item) for item in data},
    "$frozenset": lambda data: frozenset(from_json(item) for item in data),
    "$dict": lambda data: {from_json(key): from_json(item) for key, item in data},
    "$bytes": lambda data: base64.b64decode(data, validate=True),
    "$Decimal": Decimal,
    "$UUID": UUID,
    "$date": date.fromisoformat,
    "$time": _read_time,
    "$datetime": _read_datetime,
    "$timedelta": lambda data: timedelta(*data),
}
