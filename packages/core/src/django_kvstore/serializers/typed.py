"""The default serializer, ``typed``: MessagePack that returns exactly the types it was given.

``kvstore.set("when", {"at": datetime.now(timezone.utc), "tags": {"a", "b"}})``

It loads no code. It takes None, bool, int of any size, float, str, bytes, list, tuple, dict, set,
frozenset, date, time, datetime, timedelta, Decimal and UUID, nested; of time zones those of
`datetime.timezone` and `zoneinfo`. Subclasses are refused: they would come back as their base.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import partial
from types import NoneType
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import ormsgpack
from ormsgpack import Ext, packb, unpackb

from . import Serializer

M = TypeVar("M", datetime, time)

_OPTIONS: Final = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_TUPLE
    | ormsgpack.OPT_PASSTHROUGH_UUID
)


_STR: Final = frozenset({str})
_BUFFERS: Final = frozenset({bytearray, memoryview})
_CONTAINERS: Final = frozenset({dict, list})

#: What ormsgpack says of dict keys other than str, and of str with lone surrogates.
_NEEDS_EXTENSIONS: Final = ("Dict key must be str", "string contains surrogates")


#: What a bytes object begins with in MessagePack: 196 where it has up to 255 bytes.
_BIN_8, _BIN_16, _BIN_32 = 0xC4, 0xC5, 0xC6


def _pack(value: Any, key: str = "") -> bytes:
    try:
        data = packb(value, _extend, _OPTIONS)
        # ormsgpack writes a bytearray or a memoryview as the bytes it is not. Where no byte could
        # be the mark of such a thing there is none, and the slow look is spared.
        if _BIN_8 in data or (len(data) > 255 and (_BIN_16 in data or _BIN_32 in data)):
            _refuse_buffers(value)
        return data
    except TypeError as error:
        if str(error) in _NEEDS_EXTENSIONS:
            return packb(_plain(value), _extend, _OPTIONS)
        # ormsgpack names the outermost container, which is seldom the culprit.
        raise TypeError(_diagnose(value) or str(error)) from error


def _unpack(data: bytes, key: str = "") -> Any:
    return unpackb(data, ext_hook=_restore)


class TypedSerializer(Serializer):
    """MessagePack, with extension types for what MessagePack has no type for."""

    name = "typed"
    code = ord("t")
    # These two are what every write and read of most stores comes through.
    dumps = staticmethod(_pack)
    loads = staticmethod(_unpack)


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
    return _pack([value.replace(tzinfo=None, fold=0).isoformat(), fold, _zone(zone)])


def _read_moment(kind: type[M], data: bytes) -> M:
    # ISO 8601 begins with a digit; a list in MessagePack does not.
    if data[:1].isdigit():
        return kind.fromisoformat(data.decode())
    text, fold, zone = _unpack(data)
    return kind.fromisoformat(text).replace(tzinfo=_read_zone(zone), fold=fold)


def _pack_items(value: Any) -> bytes:
    return _pack(list(value))


def _int_bytes(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


#: Extension number, exact type, how it is written, how it is read. Numbers are for ever.
_TYPES: Final[tuple[tuple[int, type, Callable[[Any], bytes], Callable[[bytes], Any]], ...]] = (
    (1, tuple, _pack_items, lambda data: tuple(_unpack(data))),
    (2, set, _pack_items, lambda data: set(_unpack(data))),
    (3, frozenset, _pack_items, lambda data: frozenset(_unpack(data))),
    (4, int, _int_bytes, lambda data: int.from_bytes(data, "big", signed=True)),
    (5, Decimal, lambda value: str(value).encode(), lambda data: Decimal(data.decode())),
    (6, UUID, lambda value: value.bytes, lambda data: UUID(bytes=data)),
    (
        7,
        date,
        lambda value: value.isoformat().encode(),
        lambda data: date.fromisoformat(data.decode()),
    ),
    (8, time, _moment, partial(_read_moment, time)),
    (9, datetime, _moment, partial(_read_moment, datetime)),
    (
        10,
        timedelta,
        lambda value: _pack([value.days, value.seconds, value.microseconds]),
        lambda data: timedelta(*_unpack(data)),
    ),
)
#: Two more numbers, made by `_plain`: dicts with keys other than str, str with lone surrogates.
_PAIRS: Final = 11
_SURROGATES: Final = 12

_WRITERS: Final = {kind: (number, write) for number, kind, write, _ in _TYPES}
_READERS: Final[dict[int, Callable[[bytes], Any]]] = {
    **{number: read for number, _, _, read in _TYPES},
    _PAIRS: lambda data: dict(_unpack(data)),
    _SURROGATES: lambda data: data.decode("utf-8", "surrogatepass"),
}


def _extend(value: Any) -> Ext:
    if type(value) is Ext:
        return value
    try:
        number, write = _WRITERS[type(value)]
    except KeyError:
        raise TypeError(f"it holds a {type(value).__module__}.{type(value).__qualname__}") from None
    return Ext(number, write(value))


def _restore(number: int, data: bytes) -> Any:
    try:
        return _READERS[number](data)
    except KeyError:
        raise ValueError(f"it holds the unknown extension type {number}") from None


def _plain(value: Any) -> Any:
    """Return `value` with every dict and str that MessagePack cannot hold made an extension."""
    kind = type(value)
    if kind is str:
        if _is_utf8(value):
            return value
        return Ext(_SURROGATES, value.encode("utf-8", "surrogatepass"))
    if kind is dict:
        if set(map(type, value)) <= _STR and all(map(_is_utf8, value)):
            return {key: _plain(item) for key, item in value.items()}
        pairs = [[_plain(key), _plain(item)] for key, item in value.items()]
        return Ext(_PAIRS, packb(pairs, _extend, _OPTIONS))
    if kind is list:
        return [_plain(item) for item in value]
    if kind in (tuple, set, frozenset):
        return Ext(_WRITERS[kind][0], packb([_plain(item) for item in value], _extend, _OPTIONS))
    if kind in _BUFFERS:
        raise TypeError(f"it holds a {kind.__name__}")
    return value


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _diagnose(value: Any) -> str | None:
    """Say what within `value` cannot be written, None when that is not found."""
    kind = type(value)
    if kind is dict:
        items = [*value, *value.values()]
    elif kind in (list, tuple, set, frozenset):
        items = list(value)
    elif kind in (NoneType, bool, int, float, str, bytes):
        return None
    else:
        try:
            _extend(value)
        except TypeError as error:
            return str(error)
        return None
    return next(filter(None, map(_diagnose, items)), None)


def _refuse_buffers(value: Any) -> None:
    level = [value]
    while level:
        # There are few types at each level, however many items.
        kinds = set(map(type, level))
        for kind in kinds & _BUFFERS:
            raise TypeError(f"it holds a {kind.__name__}; give bytes(value)")
        items: list[Any] = []
        if kinds & _CONTAINERS:
            for item in level:
                if type(item) is dict:
                    items += item.values()
                elif type(item) is list:
                    items += item
        level = items
