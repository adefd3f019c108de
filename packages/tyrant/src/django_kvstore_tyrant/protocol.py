"""Tokyo Tyrant's binary protocol: the bytes of each command, and how its reply is read.

``connection.run([protocol.get(b"key")])`` gives ``[b"value"]``, or ``[None]``.

A command is a request and a reader of its reply; commands can be sent in a row and their replies
read in the same order. All integers are big-endian. A reply's code is 0 for done and 1 for
anything else: there was nothing, it is forbidden, or it failed. The facts here are those of the
protocol's specification and of ttserver 1.1.41.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

#: The longest argument ttserver takes; a longer one gets no answer at all.
LONGEST: Final = 256 * 1024 * 1024
#: The most arguments it takes in one request.
MOST: Final = 1024 * 1024
#: For `misc`: keep it out of the update log, since it only reads.
UNLOGGED: Final = 1

_ONE = struct.Struct(">BBI")
_TWO = struct.Struct(">BBII")
_THREE = struct.Struct(">BBIII")
_SIGNED = struct.Struct(">BBIi")
_LENGTH = struct.Struct(">I")
_LENGTHS = struct.Struct(">II")
_COUNT = struct.Struct(">BI")
_SUM = struct.Struct(">i")
_MAGIC = 0xC8


class ProtocolError(Exception):
    """The server's reply is none of this protocol, or the request would be none."""


class Stream(Protocol):
    """Where replies come from: what arrived, and how much of that was taken."""

    arrived: bytes
    taken: int

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, waiting for them."""

    def await_bytes(self, size: int) -> None:
        """Let `arrived` hold at least so many bytes that were not taken."""


class Command(NamedTuple):
    """One request, and what reads its reply."""

    request: bytes
    read: Callable[[Stream], Any]


# Requests.


def put(key: bytes, value: bytes) -> Command:
    """Write a record; the reply is whether it was done."""
    return Command(_pair(0x10, key, value), _read_done)


def putkeep(key: bytes, value: bytes) -> Command:
    """Write a record unless there is one; the reply is whether it was done."""
    return Command(_pair(0x11, key, value), _read_done)


def putshl(key: bytes, value: bytes, width: int) -> Command:
    """Put bytes at the end of a record, or make it of them, and keep its last `width` bytes.

    The reply is whether it was done.
    """
    head = _THREE.pack(_MAGIC, 0x13, _fit(key), _fit(value), width)
    return Command(head + key + value, _read_done)


def out(key: bytes) -> Command:
    """Delete a record; the reply is whether there was one."""
    return Command(_ONE.pack(_MAGIC, 0x20, _fit(key)) + key, _read_done)


def get(key: bytes) -> Command:
    """Read a record; the reply is its bytes, or None."""
    return Command(_ONE.pack(_MAGIC, 0x30, _fit(key)) + key, _read_value)


def mget(keys: Sequence[bytes]) -> Command:
    """Read several records; the reply is a dict of those that are there."""
    request = _ONE.pack(_MAGIC, 0x31, _count(keys)) + _listed(keys)
    return Command(request, lambda stream: _read_records(stream, len(keys)))


def fwmkeys(prefix: bytes, most: int = -1) -> Command:
    """List keys that start with `prefix`, at most so many; in order where the database has one."""
    request = _SIGNED.pack(_MAGIC, 0x58, _fit(prefix), most) + prefix
    return Command(request, lambda stream: _read_list(stream, most))


def addint(key: bytes, number: int) -> Command:
    """Add to a record that is an int of 32 bits; the reply is the sum, None where it is none."""
    return Command(_SIGNED.pack(_MAGIC, 0x60, _fit(key), number) + key, _read_sum)


def sync() -> Command:
    """Write what is in memory to the disk; the reply is whether it was done."""
    return Command(bytes((_MAGIC, 0x70)), _read_done)


def stat() -> Command:
    """Ask how the server is; the reply is a dict."""
    return Command(bytes((_MAGIC, 0x88)), _read_status)


def misc(name: bytes, arguments: Sequence[bytes], options: int = 0) -> Command:
    """Call one of the database's functions; the reply is its list, None when it failed.

    Where the server forbids `misc` an empty list comes back, as if all had been done.
    """
    head = _THREE.pack(_MAGIC, 0x90, _fit(name), options, _count(arguments)) + name
    return Command(head + _listed(arguments), _read_answer)


def _pair(code: int, key: bytes, value: bytes) -> bytes:
    return _TWO.pack(_MAGIC, code, _fit(key), _fit(value)) + key + value


def _listed(arguments: Sequence[bytes]) -> bytes:
    pack, listed = _LENGTH.pack, []
    for argument in arguments:
        size = len(argument)
        if size > LONGEST:
            _check_length(size)
        listed.append(pack(size) + argument)
    return b"".join(listed)


def _fit(argument: bytes) -> int:
    size = len(argument)
    return size if size <= LONGEST else _check_length(size)


def _count(arguments: Sequence[bytes]) -> int:
    if len(arguments) > MOST:
        raise ProtocolError(f"{len(arguments)} arguments are over the protocol's limit")
    return len(arguments)


# Replies.


def _read_done(stream: Stream) -> bool:
    code = stream.take(1)[0]
    if code > 1:
        raise ProtocolError(f"a reply begins with the unknown code {code}")
    return code == 0


def _read_value(stream: Stream) -> bytes | None:
    return stream.take(_read_length(stream)) if _read_done(stream) else None


def _read_sum(stream: Stream) -> int | None:
    if not _read_done(stream):
        return None
    number: int = _SUM.unpack(stream.take(4))[0]
    return number


def _read_count(stream: Stream) -> tuple[bool, int]:
    """Return whether it was done, and of how many things the list is that follows in any case."""
    code, number = _COUNT.unpack(stream.take(_COUNT.size))
    if code > 1:
        raise ProtocolError(f"a reply begins with the unknown code {code}")
    return code == 0, number


def _read_length(stream: Stream) -> int:
    (length,) = _LENGTH.unpack(stream.take(4))
    return _check_length(length)


def _check_length(length: int) -> int:
    # Before anything of that size is allocated.
    if length > LONGEST:
        raise ProtocolError(f"{length} bytes are over the protocol's limit")
    return length


def _read_records(stream: Stream, asked: int) -> dict[bytes, bytes]:
    done, number = _read_count(stream)
    if not done:
        raise ProtocolError("the server failed to read several records")
    if number > asked:
        raise ProtocolError(f"{number} records came for {asked} keys")
    found: dict[bytes, bytes] = {}
    # Long replies are taken apart where they are: a call for each piece would cost the most.
    unpack, head = _LENGTHS.unpack_from, _LENGTHS.size
    arrived, at = stream.arrived, stream.taken
    for _ in range(number):
        if at + head > len(arrived):
            arrived, at = _await(stream, at, head)
        key, value = unpack(arrived, at)
        middle = at + head + key
        end = middle + value
        if end > len(arrived):
            arrived, at = _await(stream, at, head + _check_length(key) + _check_length(value))
            middle, end = at + head + key, at + head + key + value
        found[arrived[at + head : middle]] = arrived[middle:end]
        at = end
    stream.taken = at
    return found


def _read_list(stream: Stream, most: int) -> list[bytes]:
    done, number = _read_count(stream)
    if not done:
        raise ProtocolError("the server failed to list keys")
    if 0 <= most < number:
        raise ProtocolError(f"{number} keys came where {most} were asked for")
    return _take_listed(stream, number)


def _take_listed(stream: Stream, number: int) -> list[bytes]:
    listed: list[bytes] = []
    unpack, head = _LENGTH.unpack_from, _LENGTH.size
    arrived, at = stream.arrived, stream.taken
    for _ in range(number):
        if at + head > len(arrived):
            arrived, at = _await(stream, at, head)
        (length,) = unpack(arrived, at)
        end = at + head + length
        if end > len(arrived):
            arrived, at = _await(stream, at, head + _check_length(length))
            end = at + head + length
        listed.append(arrived[at + head : end])
        at = end
    stream.taken = at
    return listed


def _await(stream: Stream, at: int, size: int) -> tuple[bytes, int]:
    stream.taken = at
    stream.await_bytes(size)
    return stream.arrived, stream.taken


def _read_answer(stream: Stream) -> list[bytes] | None:
    done, number = _read_count(stream)
    answer = _take_listed(stream, number)
    return answer if done else None


def _read_status(stream: Stream) -> dict[str, str]:
    if not _read_done(stream):
        return {}
    text = stream.take(_read_length(stream)).decode(errors="replace")
    return dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)
