"""The default serializer, ``typed``: MessagePack that returns exactly the types it was given.

``kvstore.set("when", {"at": datetime.now(timezone.utc), "tags": {"a", "b"}})``

It loads no code. It accepts None, bool, int of any size, float, str, bytes, list, tuple, dict, set,
frozenset, date, time, datetime, timedelta, Decimal and UUID, nested up to
`django_kvstore.nesting.MAX_LEVELS`; of time zones those of `datetime.timezone` and `zoneinfo`.
Subclasses are refused, because they would come back as their base; the few that are stored as what
they equal are in `django_kvstore.serializers.extensions.plain`.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any, Final

from ormsgpack import Ext, packb, unpackb

from ..nesting import MAX_LEVELS, TOO_DEEP, is_too_deep, is_tree_too_deep
from . import Serializer
from .extensions import BUILDERS, PAIRS, READERS, SEQUENCES, WRITERS, exact, plain
from .stepwise import OPTIONS, pack, unpack

#: What a bytes object begins with in MessagePack: 196 where it has up to 255 bytes.
_BIN_8, _BIN_16, _BIN_32 = 0xC4, 0xC5, 0xC6
#: What containers and extensions begin with.
_HEADERS: Final = bytes(
    (*range(0x80, 0xA0), *range(0xC7, 0xCA), *range(0xD4, 0xD9), *range(0xDC, 0xE0))
)
#: Up to so many bytes, counting what may be a header is quicker than looking into the value.
_COUNTED_BYTES: Final = 512
#: An extension longer than this is read step by step: each one in another is a copy of its bytes.
_EXTENSION_BYTES: Final = 64 * 1024
#: So many tuples and sets within each other are written by C functions that call each other.
_WITHIN: Final = 8

_BUFFERS: Final = frozenset({bytearray, memoryview})
_CONTAINERS: Final = frozenset({dict, list, *SEQUENCES})


class _Met(local):
    """Whether this thread has met an extension since it last asked."""

    extension = False


_met: Final = _Met()


def _packer(of_other: Callable[[Any], Any]) -> Callable[..., bytes]:
    """Return a function that writes values; `of_other` is what `stepwise.pack` takes."""
    extend = _extender(None, of_other)
    for _ in range(_WITHIN):
        extend = _extender(extend, of_other)

    def write(value: Any, key: str = "") -> bytes:
        try:
            data = packb(value, extend, OPTIONS)
        except TypeError:
            return pack(value, of_other)
        # ormsgpack writes a bytearray or a memoryview as the bytes it is not. Where no byte could
        # be the mark of such a thing there is none, and the slow look is spared.
        size = len(data)
        if (
            _BIN_8 in data or (size > 255 and (_BIN_16 in data or _BIN_32 in data))
        ) and _holds_buffer(value):
            return pack(value, of_other)
        if (
            size > MAX_LEVELS
            and type(value) in _CONTAINERS
            and (size > _COUNTED_BYTES or size - len(data.translate(None, _HEADERS)) > MAX_LEVELS)
        ):
            _check_levels(value, size)
        return data

    return write


def _unpack(data: bytes, key: str = "") -> Any:
    try:
        value = unpackb(data, ext_hook=_restore)
    except ValueError:
        # Something is wrong, or large, or the stack is at its end; this finds out which.
        return unpack(data)
    size = len(data)
    if (
        size > MAX_LEVELS
        and type(value) in _CONTAINERS
        and (size > _COUNTED_BYTES or size - len(data.translate(None, _HEADERS)) > MAX_LEVELS)
    ):
        _check_levels(value, size)
    return value


def _check_levels(value: Any, size: int) -> None:
    """Raise ``ValueError`` for a value nested over the limit, which is packed in `size` bytes."""
    if _met.extension:
        _met.extension = False
    elif not is_tree_too_deep(value, size):
        return
    if is_too_deep(value):
        raise ValueError(TOO_DEEP)


def _extender(
    within: Callable[[Any], Any] | None, of_other: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """Return what ormsgpack calls for other types; `within` is for those in tuples and sets."""

    def extend(value: Any) -> Any:
        kind = type(value)
        known = WRITERS.get(kind)
        if known is not None:
            number, write = known
            _met.extension = True
            return Ext(number, write(value))
        if kind in SEQUENCES:
            if within is None:
                raise TypeError
            data = packb(list(value), within, OPTIONS)
            _met.extension = True
            return Ext(SEQUENCES[kind], data)
        found = of_other(value)
        if type(found) is dict:
            raise TypeError
        return found

    return extend


def _restore(number: int, data: bytes) -> Any:
    _met.extension = True
    read = READERS.get(number)
    if read is not None:
        return read(data)
    size = len(data)
    if size > MAX_LEVELS and (
        size > _EXTENSION_BYTES or size - len(data.translate(None, _HEADERS)) > MAX_LEVELS
    ):
        raise ValueError
    items = unpackb(data, ext_hook=_restore)
    return dict(items) if number == PAIRS else BUILDERS[number](items)


def _holds_buffer(value: Any) -> bool:
    level = [value]
    while level:
        # There are few types at each level, however many items.
        kinds = set(map(type, level))
        if kinds & _BUFFERS:
            return True
        items: list[Any] = []
        if kinds & _CONTAINERS:
            for item in level:
                kind = type(item)
                if kind is dict:
                    items += item.values()
                elif kind in _CONTAINERS:
                    items += item
        level = items
    return False


class TypedSerializer(Serializer):
    """MessagePack, with extension types for what MessagePack has no type for."""

    name = "typed"
    code = ord("t")
    # These two are what every write and read of most stores comes through.
    dumps = staticmethod(_packer(plain))
    loads = staticmethod(_unpack)


class ExactSerializer(TypedSerializer):
    """The same bytes, of exactly the plain types: no `SafeString` is written as a str."""

    dumps = staticmethod(_packer(exact))
