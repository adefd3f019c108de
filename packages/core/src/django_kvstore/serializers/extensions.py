"""What the default serializer makes of the types that MessagePack does not have.

Each type has a number, which stands before its bytes: ``5`` and ``b"9.90"`` for a Decimal. Numbers
and bytes must stay as they are, because records hold them.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from ormsgpack import packb, unpackb

M = TypeVar("M", datetime, time)

#: The numbers of containers, whose bytes are a list of their items in MessagePack.
SEQUENCES: Final[dict[type, int]] = {tuple: 1, set: 2, frozenset: 3}
#: What makes the container of the list, by number.
BUILDERS: Final[dict[int, Callable[[list[Any]], Any]]] = {1: tuple, 2: set, 3: frozenset}
#: A dict with keys other than str: a list of pairs.
PAIRS: Final = 11
#: A str with lone surrogates.
SURROGATES: Final = 12

#: In a container: freezegun puts other classes into the names of modules.
_DATES: Final = (datetime, date)


def _zone(zone: tzinfo | None) -> object:
    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    if type(zone) is timezone:
        offset, name = zone.utcoffset(None), zone.tzname(None)
        return [offset.total_seconds(), None if name == timezone(offset).tzname(None) else name]
    raise TypeError(f"the time zone {zone!r} is neither of datetime.timezone nor a named ZoneInfo")


def _read_zone(zone: Any) -> tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        return ZoneInfo(zone)
    seconds, name = zone
    offset = timedelta(seconds=seconds)
    if name is not None:
        return timezone(offset, name)
    return timezone(offset) if offset else UTC


def _moment(value: datetime | time) -> bytes:
    zone, fold = value.tzinfo, value.fold
    if not fold and (zone is None or zone is UTC):
        return value.isoformat().encode()
    return packb([value.replace(tzinfo=None, fold=0).isoformat(), fold, _zone(zone)])


def _read_moment(kind: type[M], data: bytes) -> M:
    # ISO 8601 begins with a digit; a list in MessagePack does not.
    if data[:1].isdigit():
        return kind.fromisoformat(data.decode())
    text, fold, zone = unpackb(data)
    return kind.fromisoformat(text).replace(tzinfo=_read_zone(zone), fold=fold)


def _read_date(kind: type[date], data: bytes) -> date:
    return kind.fromisoformat(data.decode())


def _int_bytes(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


#: Extension number, exact type, how it is written, how it is read.
_TYPES: Final[tuple[tuple[int, type, Callable[[Any], bytes], Callable[[bytes], Any]], ...]] = (
    (4, int, _int_bytes, lambda data: int.from_bytes(data, "big", signed=True)),
    (5, Decimal, lambda value: str(value).encode(), lambda data: Decimal(data.decode())),
    (6, UUID, lambda value: value.bytes, lambda data: UUID(bytes=data)),
    (
        7,
        date,
        lambda value: value.isoformat().encode(),
        partial(_read_date, date),
    ),
    (8, time, _moment, partial(_read_moment, time)),
    (9, datetime, _moment, partial(_read_moment, datetime)),
    (
        10,
        timedelta,
        lambda value: packb([value.days, value.seconds, value.microseconds]),
        lambda data: timedelta(*unpackb(data)),
    ),
)
WRITERS: Final = {kind: (number, write) for number, kind, write, _ in _TYPES}
READERS: Final[dict[int, Callable[[bytes], Any]]] = {
    **{number: read for number, _, _, read in _TYPES},
    SURROGATES: lambda data: data.decode("utf-8", "surrogatepass"),
}


def plain(value: Any) -> Any:
    """Return what equals `value` and is of a plain type: the text of a `SafeString`, for example.

    Raises ``TypeError`` with the type's name where there is none.
    """
    kind = type(value)
    if isinstance(value, str) and _compares_as(kind, str):
        return str.__str__(value)
    if isinstance(value, int) and isinstance(value, Enum) and _compares_as(kind, int):
        return int.__int__(value)
    if kind is OrderedDict or kind is defaultdict:
        return dict(value)
    if isinstance(value, Promise):
        text: Any = str.__str__(str(value))
        if value == text:
            return text
    elif isinstance(value, _DATES):
        found = _plain_date(value)
        if found is not None:
            return found
    return exact(value)


def _compares_as(kind: type, base: type) -> bool:
    return kind.__eq__ is base.__eq__ and kind.__hash__ is base.__hash__


def _plain_date(value: Any) -> date | None:
    """Return the date or datetime of Python's own class that equals the one of a subclass."""
    real_datetime, real_date = _DATES
    try:
        day = value.year, value.month, value.day
        if not isinstance(value, real_datetime):
            found: date = real_date(*day)
        else:
            clock = value.hour, value.minute, value.second, value.microsecond
            found = real_datetime(*day, *clock, value.tzinfo, fold=value.fold)
        return found if bool(found == value) else None
    except (TypeError, ValueError, AttributeError):
        return None  # one that is not a date, such as NaT


def exact(value: Any) -> Any:
    """Raise ``TypeError`` with the type's name: for who stores plain types and no other."""
    kind = type(value)
    name = f"a {kind.__module__}.{kind.__qualname__}"
    if hasattr(kind, "__await__"):
        raise TypeError(f"{name} (await it, and give what it returns)")
    if hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
        raise TypeError(f"{name} (give what it yields, in a list)")
    for base in (dict, list, tuple, set, frozenset, str, bytes, int, float, *_DATES):
        if issubclass(kind, base):
            name += f", which would be read as a {base.__name__} (give one)"
            break
    raise TypeError(name)
