"""Requests of Tokyo Tyrant's binary protocol, written by hand, for what a client would not send.

``exchange(server, put(b"key", b"value"))`` is everything that came back.
"""

from __future__ import annotations

import socket
import struct

from servers.server import Server

BIG = 256 * 2**20 + 1
YES, NO, NOTHING = b"\0", b"\1", b""


def command(code: int, *pieces: int | bytes) -> bytes:
    """The magic byte, the code, and each number as 32 bits."""
    request = bytes([0xC8, code])
    for piece in pieces:
        request += struct.pack(">i", piece) if isinstance(piece, int) else piece
    return request


def sized(*contents: bytes) -> bytes:
    return b"".join(struct.pack(">i", len(content)) + content for content in contents)


def put(key: bytes, value: bytes, code: int = 0x10) -> bytes:
    return command(code, len(key), len(value), key, value)


def putkeep(key: bytes, value: bytes) -> bytes:
    return put(key, value, 0x11)


def putcat(key: bytes, value: bytes) -> bytes:
    return put(key, value, 0x12)


def putshl(key: bytes, value: bytes, width: int) -> bytes:
    return command(0x13, len(key), len(value), width, key, value)


def putnr(key: bytes, value: bytes) -> bytes:
    return put(key, value, 0x18)


def out(key: bytes) -> bytes:
    return command(0x20, sized(key))


def get(key: bytes) -> bytes:
    return command(0x30, sized(key))


def mget(*keys: bytes) -> bytes:
    return command(0x31, len(keys), sized(*keys))


def vsiz(key: bytes) -> bytes:
    return command(0x38, sized(key))


ITERINIT, ITERNEXT = command(0x50), command(0x51)


def fwmkeys(prefix: bytes, most: int) -> bytes:
    return command(0x58, len(prefix), most, prefix)


def addint(key: bytes, number: int) -> bytes:
    return command(0x60, len(key), number, key)


def adddouble(key: bytes, whole: int, trillionths: int) -> bytes:
    return command(0x61, len(key), struct.pack(">qq", whole, trillionths), key)


def ext(name: bytes, key: bytes, value: bytes) -> bytes:
    return command(0x68, len(name), 0, len(key), len(value), name, key, value)


SYNC, VANISH, RNUM, SIZE, STAT = map(command, (0x70, 0x72, 0x80, 0x81, 0x88))
OPTIMIZE = command(0x71, 0)
RESTORE = command(0x74, 4, struct.pack(">Qi", 0, 0), b"none")
SETMST = command(0x78, 0, 0, struct.pack(">Qi", 0, 0))


def copy(path: bytes) -> bytes:
    return command(0x73, sized(path))


def misc(name: str, *arguments: bytes) -> bytes:
    return command(0x90, len(name), 0, len(arguments), name.encode(), sized(*arguments))


# Answers.


def value(content: bytes) -> bytes:
    return YES + sized(content)


def number(count: int) -> bytes:
    return YES + struct.pack(">Q", count)


def found(*contents: bytes) -> bytes:
    """A list, as fwmkeys and misc answer it."""
    return YES + struct.pack(">i", len(contents)) + sized(*contents)


def pairs(**records: bytes) -> bytes:
    """Keys with values, as mget answers them."""
    entries = (
        struct.pack(">ii", len(key), len(content)) + key.encode() + content
        for key, content in records.items()
    )
    return YES + struct.pack(">i", len(records)) + b"".join(entries)


FAILED_LIST = NO + struct.pack(">i", 0)


# Talking.


def connect(server: Server, seconds: float = 10) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=seconds)


def exchange(server: Server, request: bytes) -> bytes:
    """Send, say that nothing more comes, and read until the server has closed too."""
    with connect(server) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return rest(connection)


def rest(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    answer = b""
    while part := connection.recv(65_536):
        answer += part
    return answer


def ask(connection: socket.socket, request: bytes, size: int) -> bytes:
    """Send on an open connection and read an answer of a known size."""
    connection.sendall(request)
    answer = b""
    while len(answer) < size and (part := connection.recv(size - len(answer))):
        answer += part
    return answer
