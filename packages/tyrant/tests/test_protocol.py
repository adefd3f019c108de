"""What is sent and what is taken for an answer, byte by byte, lengths checked both ways.

``pytest packages/tyrant/tests/test_protocol.py``
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_kvstore.line import Line
from django_kvstore_tyrant import protocol
from django_kvstore_tyrant.connection import Connection
from django_kvstore_tyrant.protocol import Command, ProtocolError

BYTES = st.binary(max_size=40)


@contextmanager
def talking(*pieces: bytes) -> Iterator[Connection]:
    """Give a connection to somebody who says just this, a piece at a time, and hangs up."""
    ours, theirs = socket.socketpair()

    def say() -> None:
        # Who refuses an answer hangs up before it has heard the whole of it.
        with theirs, suppress(ConnectionError):
            theirs.recv(65_536)
            for piece in pieces:
                theirs.sendall(piece)

    thread = threading.Thread(target=say)
    thread.start()
    connection = Connection(Line(ours, 2.0))
    try:
        yield connection
    finally:
        connection.close()
        thread.join()


def reply_to(command: Command, *pieces: bytes) -> object:
    with talking(*pieces) as connection:
        (reply,) = connection.run([command])
        return reply


@pytest.mark.parametrize(
    ("command", "request_bytes"),
    [
        (protocol.put(b"key", b"value"), b"\xc8\x10\0\0\0\x03\0\0\0\x05keyvalue"),
        (protocol.putkeep(b"", b""), b"\xc8\x11\0\0\0\0\0\0\0\0"),
        (protocol.putshl(b"k", b"v", 7), b"\xc8\x13\0\0\0\x01\0\0\0\x01\0\0\0\x07kv"),
        (protocol.out(b"key"), b"\xc8\x20\0\0\0\x03key"),
        (protocol.get(b"key"), b"\xc8\x30\0\0\0\x03key"),
        (protocol.mget([b"a", b"bc"]), b"\xc8\x31\0\0\0\x02\0\0\0\x01a\0\0\0\x02bc"),
        (protocol.fwmkeys(b"p"), b"\xc8\x58\0\0\0\x01\xff\xff\xff\xffp"),
        (protocol.fwmkeys(b"p", 7), b"\xc8\x58\0\0\0\x01\0\0\0\x07p"),
        (protocol.addint(b"n", -1), b"\xc8\x60\0\0\0\x01\xff\xff\xff\xffn"),
        (protocol.stat(), b"\xc8\x88"),
        (
            protocol.misc(b"outlist", [b"a", b""]),
            b"\xc8\x90\0\0\0\x07\0\0\0\0\0\0\0\x02outlist\0\0\0\x01a\0\0\0\0",
        ),
    ],
)
def test_requests(command: Command, request_bytes: bytes) -> None:
    assert command.request == request_bytes


@pytest.mark.parametrize(
    ("command", "said", "reply"),
    [
        (protocol.put(b"k", b"v"), b"\0", True),
        (protocol.put(b"k", b"v"), b"\x01", False),
        (protocol.get(b"k"), b"\0\0\0\0\x03abc", b"abc"),
        (protocol.get(b"k"), b"\0\0\0\0\0", b""),
        (protocol.get(b"k"), b"\x01", None),
        (protocol.mget([b"k", b"l"]), b"\0\0\0\0\x01\0\0\0\x01\0\0\0\x02lab", {b"l": b"ab"}),
        (protocol.mget([b"k"]), b"\0\0\0\0\0", {}),
        (protocol.fwmkeys(b""), b"\0\0\0\0\x02\0\0\0\x01a\0\0\0\0", [b"a", b""]),
        (protocol.addint(b"k", 1), b"\0\xff\xff\xff\xfe", -2),
        (protocol.addint(b"k", 1), b"\x01", None),
        (protocol.stat(), b"\0\0\0\0\x0ctype\thash\nx\t", {"type": "hash", "x": ""}),
        (protocol.misc(b"f", []), b"\0\0\0\0\0", []),
        (protocol.misc(b"f", []), b"\0\0\0\0\x01\0\0\0\x01a", [b"a"]),
        (protocol.misc(b"f", []), b"\x01\0\0\0\0", None),
    ],
)
def test_replies_whole_and_in_pieces(command: Command, said: bytes, reply: object) -> None:
    assert reply_to(command, said) == reply
    assert reply_to(command, *(said[at : at + 1] for at in range(len(said)))) == reply


@settings(deadline=None)
@given(st.dictionaries(BYTES, BYTES, max_size=8), st.lists(BYTES, max_size=8), st.data())
def test_long_replies_cut_anywhere(
    records: dict[bytes, bytes], names: list[bytes], data: st.DataObject
) -> None:
    said = b"\0" + struct.pack(">I", len(records))
    for key, value in records.items():
        said += struct.pack(">II", len(key), len(value)) + key + value
    said += b"\0" + struct.pack(">I", len(names))
    said += b"".join(struct.pack(">I", len(name)) + name for name in names)
    cut = data.draw(st.integers(0, len(said)))
    with talking(said[:cut], said[cut:]) as connection:
        commands = [protocol.mget(list(records)), protocol.fwmkeys(b"")]
        assert connection.run(commands) == [records, names]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (protocol.put(b"k", b"v"), b"\x02"),
        (protocol.put(b"k", b"v"), b"\0\0"),
        (protocol.get(b"k"), b"\0\x10\0\0\x01"),
        (protocol.get(b"k"), b"\0\xff\xff\xff\xff"),
        (protocol.mget([b"k"]), b"\x01\0\0\0\0"),
        (protocol.mget([b"k"]), b"\0\0\0\0\x02"),
        (protocol.mget([b"k"]), b"\0\0\0\0\x01\xff\xff\xff\xff\0\0\0\0"),
        (protocol.mget([b"k"]), b"\0\0\0\0\x01\0\0\0\0\xff\xff\xff\xff"),
        (protocol.fwmkeys(b"", 1), b"\0\0\0\0\x02"),
        (protocol.fwmkeys(b""), b"\0\0\0\0\x01\x7f\xff\xff\xff"),
        (protocol.misc(b"f", []), b"\0\0\0\0\x01\x7f\xff\xff\xff"),
        (protocol.stat(), b"\0\x7f\xff\xff\xff"),
        (protocol.get(b"k"), b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ],
)
def test_what_is_no_reply_is_told_before_anything_is_allocated(
    command: Command, said: bytes
) -> None:
    with pytest.raises(ProtocolError):
        reply_to(command, said)


@pytest.mark.parametrize("said", [b"", b"\0", b"\0\0\0", b"\0\0\0\0\x05abc"])
def test_a_reply_that_ends_early_is_told(said: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        reply_to(protocol.get(b"k"), said)


@pytest.mark.parametrize(
    "make",
    [
        lambda: protocol.get(Long()),
        lambda: protocol.put(b"k", Long()),
        lambda: protocol.put(Long(), b"v"),
        lambda: protocol.mget([Long()]),
        lambda: protocol.misc(b"f", [Long()]),
        lambda: protocol.mget([b""] * (protocol.MOST + 1)),
    ],
)
def test_what_the_protocol_has_no_room_for_is_not_sent(make: Callable[[], Command]) -> None:
    with pytest.raises(ProtocolError):
        make()


class Long(bytes):
    """An argument one byte too long, without its bytes."""

    __slots__ = ()

    def __len__(self) -> int:
        return protocol.LONGEST + 1
