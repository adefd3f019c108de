"""The pieces that Tokyo Tyrant's requests and answers are made of, and when ttserver drops one.

``key_size, value_size = lengths(stream, 2)``, then ``key, value = parts(stream, key_size, ...)``
"""

from __future__ import annotations

import struct

from .stream import Stream

LARGEST_ARGUMENT = 256 * 2**20
MOST_ARGUMENTS = 2**20


class Dropped(Exception):
    """The request is bad or ended early. There is no answer, and what follows is a request."""


def integers(stream: Stream, count: int) -> list[int]:
    """All of them, before any is looked at."""
    found = [stream.int32() for _ in range(count)]
    if stream.ended:
        raise Dropped
    return found


def check(*sizes: int, largest: int = LARGEST_ARGUMENT) -> None:
    if not all(0 <= size <= largest for size in sizes):
        raise Dropped


def lengths(stream: Stream, count: int) -> list[int]:
    found = integers(stream, count)
    check(*found)
    return found


def parts(stream: Stream, *sizes: int) -> list[bytes]:
    """As many bytes as the lengths before them said; they come in one go after all lengths."""
    content = stream.read(sum(sizes))
    if content is None or stream.ended:
        raise Dropped
    found = []
    for size in sizes:
        found.append(content[:size])
        content = content[size:]
    return found


def arguments(stream: Stream, count: int) -> list[bytes]:
    """A list: it ends without complaint at the first bad length, or when nothing more comes."""
    found = []
    for _ in range(count):
        size = stream.int32()
        if stream.ended or not 0 <= size <= LARGEST_ARGUMENT:
            break
        content = stream.read(size)
        if content is not None:
            found.append(content)
    if stream.ended:
        raise Dropped
    return found


def sized(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def listed(contents: list[bytes]) -> bytes:
    return struct.pack(">I", len(contents)) + b"".join(map(sized, contents))
