"""The misc command of the Tokyo Tyrant stand-in: one name, a list of arguments, a list of results.

``misc(records, b"putlist", [b"a", b"1", b"b", b"2"])``; ``Failed`` is the answer 1. Left out are
the name "regex" and the tuning of files, which no client here may need.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .records import Failed, Records

Arguments = list[bytes]
LARGEST = 2**31 - 1


def misc(records: Records, name: bytes, arguments: Arguments) -> list[bytes]:
    function = FUNCTIONS.get(name)
    if function is None:
        raise Failed
    return function(records, arguments)


def number(text: bytes) -> int:
    """As much of a number as the text begins with, and else 0."""
    text = text.split(b"\0")[0].lstrip(bytes(range(1, 33)))
    sign = -1 if text.startswith(b"-") else 1
    text = text[1:] if text[:1] in (b"-", b"+") else text
    digits = text[: len(text) - len(text.lstrip(b"0123456789"))]
    return sign * int(digits or b"0")


def at_least(arguments: Arguments, count: int) -> None:
    if len(arguments) < count:
        raise Failed


def put(records: Records, arguments: Arguments) -> list[bytes]:
    at_least(arguments, 2)
    records.put(*arguments[:2])
    return []


def putkeep(records: Records, arguments: Arguments) -> list[bytes]:
    at_least(arguments, 2)
    records.keep(*arguments[:2])
    return []


def putcat(records: Records, arguments: Arguments) -> list[bytes]:
    at_least(arguments, 2)
    records.append(*arguments[:2])
    return []


def out(records: Records, arguments: Arguments) -> list[bytes]:
    at_least(arguments, 1)
    records.out(arguments[0])
    return []


def get(records: Records, arguments: Arguments) -> list[bytes]:
    at_least(arguments, 1)
    return list(records.all(arguments[0]))


def getpart(records: Records, arguments: Arguments) -> list[bytes]:
    at_least(arguments, 1)
    start = max(0, number(arguments[1])) if len(arguments) > 1 else 0
    length = number(arguments[2]) if len(arguments) > 2 else -1
    value = records.get(arguments[0])
    if start >= len(value):
        raise Failed
    return [value[start:] if length < 0 else value[start : start + length]]


def putlist(records: Records, arguments: Arguments) -> list[bytes]:
    """A key without a value at the end is passed over; a B+ tree file gets one more value."""
    write = records.put_another if records.kind.duplicates else records.put
    for key, value in zip(arguments[::2], arguments[1::2], strict=False):
        write(key, value)
    return []


def outlist(records: Records, arguments: Arguments) -> list[bytes]:
    for key in arguments:
        records.out_all(key)
    return []


def getlist(records: Records, arguments: Arguments) -> list[bytes]:
    return [
        part for key in arguments for value in records.values.get(key, ()) for part in (key, value)
    ]


def iterinit(records: Records, arguments: Arguments) -> list[bytes]:
    if arguments:
        found = records.jump(arguments[0])
    else:
        records.rewind()
        found = bool(records.places) or not records.kind.duplicates
    if records.kind.on_disk and not found:
        raise Failed
    return []


def iternext(records: Records, arguments: Arguments) -> list[bytes]:
    return list(records.next())


def in_order(records: Records, arguments: Arguments) -> list[bytes]:
    """The name "range": from a key, so many records, and not as far as another key.

    A tree in memory uses the shared cursor for it: one that begins after the last key goes on
    where somebody else's cursor stood.
    """
    if not records.kind.ordered:
        raise Failed
    most = number(arguments[1]) if len(arguments) > 1 else 0
    cursor = records.cursor
    if arguments:
        records.jump(arguments[0])
    else:
        records.rewind()
    found: list[bytes] = []
    while len(found) < 2 * (most if most > 0 else LARGEST):
        try:
            key, value = records.next()
        except Failed:
            break
        if len(arguments) > 2 and key >= arguments[2]:
            break
        found += key, value
    if records.kind.on_disk:
        records.cursor = cursor
    return found


def sync(records: Records, arguments: Arguments) -> list[bytes]:
    if records.kind.on_disk:
        records.writable()
    records.save()
    return []


def vanish(records: Records, arguments: Arguments) -> list[bytes]:
    records.vanish()
    return []


def error(records: Records, arguments: Arguments) -> list[bytes]:
    if not records.kind.on_disk:
        raise Failed
    return [b"0: success"]


def copy(records: Records, path: bytes) -> None:
    """No name of misc, but a command of its own."""
    try:
        records.save(Path(path.split(b"\0")[0].decode()))
    except (OSError, ValueError) as failure:
        raise Failed from failure


FUNCTIONS: dict[bytes, Callable[[Records, Arguments], list[bytes]]] = {
    b"put": put,
    b"putkeep": putkeep,
    b"putcat": putcat,
    b"out": out,
    b"get": get,
    b"getpart": getpart,
    b"putlist": putlist,
    b"outlist": outlist,
    b"getlist": getlist,
    b"iterinit": iterinit,
    b"iternext": iternext,
    b"range": in_order,
    b"sync": sync,
    b"optimize": sync,
    b"vanish": vanish,
    b"error": error,
}
