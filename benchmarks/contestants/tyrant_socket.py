"""The floors of Tokyo Tyrant: a bare socket with the requests of its binary protocol.

The second one does what the package of 2010 did by way of pytyrant, which both end with Python 2:
its values in JSON, a call of the socket for each piece sent and each piece read.
"""

from __future__ import annotations

import copy
import json
import socket
import struct
import threading
from typing import Any

from ormsgpack import packb, unpackb

from ..contestant import KeyValue, Role

_PUT, _PUTKEEP, _OUT, _GET, _MGET, _VANISH = 0x10, 0x11, 0x20, 0x30, 0x31, 0x72
_FWMKEYS, _MISC = 0x58, 0x90
_MAGIC = 0xC8
_ONE = struct.Struct(">BBI").pack
_TWO = struct.Struct(">BBII").pack
_PAIR = struct.Struct(">II").unpack_from
_LENGTH = struct.Struct(">I")


class TyrantSocket(KeyValue):
    """As little as the protocol allows: one send and as few reads as the answer comes in."""

    name = "socket"
    role: Role = "floor"
    note = "with ormsgpack"

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._threads = threading.local()

    def open(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(None)
        self._send, self._recv = self._socket.sendall, self._socket.recv

    def close(self) -> None:
        self._socket.close()

    def of_thread(self) -> TyrantSocket:
        try:
            return self._threads.member  # type: ignore[no-any-return]
        except AttributeError:
            member = self._threads.member = copy.copy(self)
            member.open()
            return member

    def close_thread(self) -> None:
        self.of_thread().close()

    def clear(self) -> None:
        self._send(bytes((_MAGIC, _VANISH)))
        self._recv(1)

    def get(self, key: str) -> Any:
        name = key.encode()
        self._send(_ONE(_MAGIC, _GET, len(name)) + name)
        answer = self._recv(16384)
        if answer[0]:
            return None
        while len(answer) < 5 or len(answer) < 5 + _LENGTH.unpack_from(answer, 1)[0]:
            answer += self._recv(16384)
        return unpackb(answer[5:])

    def set(self, key: str, value: Any) -> None:
        name, data = key.encode(), packb(value)
        self._send(_TWO(_MAGIC, _PUT, len(name), len(data)) + name + data)
        if self._recv(1) != b"\0":
            raise ConnectionError("put failed")

    def add(self, key: str, value: Any) -> bool:
        name, data = key.encode(), packb(value)
        self._send(_TWO(_MAGIC, _PUTKEEP, len(name), len(data)) + name + data)
        return self._recv(1) == b"\0"

    def delete(self, key: str) -> bool:
        name = key.encode()
        self._send(_ONE(_MAGIC, _OUT, len(name)) + name)
        return self._recv(1) == b"\0"

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        names = [key.encode() for key in keys]
        parts = [part for name in names for part in (_LENGTH.pack(len(name)), name)]
        self._send(_ONE(_MAGIC, _MGET, len(names)) + b"".join(parts))
        stream = _Stream(self._recv)
        stream.take(1)
        found: dict[str, Any] = {}
        for _ in range(stream.number()):
            key_length, length = _PAIR(stream.take(8))
            name = stream.take(key_length)
            found[name.decode()] = unpackb(stream.take(length))
        return found

    def set_many(self, values: dict[str, Any]) -> None:
        arguments: list[bytes] = []
        for key, value in values.items():
            arguments += (key.encode(), packb(value))
        self._misc(b"putlist", arguments)

    def delete_many(self, keys: list[str]) -> None:
        self._misc(b"outlist", [key.encode() for key in keys])

    def _misc(self, name: bytes, arguments: list[bytes]) -> None:
        head = struct.pack(">BBIII", _MAGIC, _MISC, len(name), 0, len(arguments))
        parts = [part for each in arguments for part in (_LENGTH.pack(len(each)), each)]
        self._send(head + name + b"".join(parts))
        stream = _Stream(self._recv)
        if stream.take(1) != b"\0":
            raise ConnectionError(f"{name.decode()} failed")
        for _ in range(stream.number()):
            stream.take(stream.number())

    def walk_keys(self) -> int:
        return len(self._all_keys())

    def walk(self) -> int:
        keys = self._all_keys()
        pages = (keys[start : start + 1000] for start in range(0, len(keys), 1000))
        return sum(len(self.get_many(page)) for page in pages)

    def _all_keys(self) -> list[str]:
        self._send(struct.pack(">BBIi", _MAGIC, _FWMKEYS, 0, -1))
        stream = _Stream(self._recv)
        stream.take(1)
        return [stream.take(stream.number()).decode() for _ in range(stream.number())]


class _Stream:
    """An answer of many pieces, read in large ones."""

    def __init__(self, recv: Any) -> None:
        self._recv = recv
        self._arrived = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._arrived):
            pieces = [self._arrived[self._at :]]
            missing = size - len(pieces[0])
            while missing > 0:
                pieces.append(self._recv(262_144))
                missing -= len(pieces[-1])
            self._arrived, self._at, end = b"".join(pieces), 0, size
        taken = self._arrived[self._at : end]
        self._at = end
        return taken

    def number(self) -> int:
        return int(_LENGTH.unpack(self.take(4))[0])


class TyrantOf2010(TyrantSocket):
    name = "as in 2010"
    role: Role = "peer"
    note = "JSON; a call of the socket for each piece, as by pytyrant"

    add = get_many = set_many = delete_many = None  # type: ignore[assignment]
    walk = walk_keys = None  # type: ignore[assignment]

    def get(self, key: str) -> Any:
        name = key.encode()
        self._send(_ONE(_MAGIC, _GET, len(name)))
        self._send(name)
        if self._exactly(1) != b"\0":
            return None
        return json.loads(self._exactly(_LENGTH.unpack(self._exactly(4))[0]))

    def set(self, key: str, value: Any) -> None:
        name, data = key.encode(), json.dumps(value).encode()
        self._send(_TWO(_MAGIC, _PUT, len(name), len(data)))
        self._send(name)
        self._send(data)
        if self._exactly(1) != b"\0":
            raise ConnectionError("put failed")

    def delete(self, key: str) -> bool:
        name = key.encode()
        self._send(_ONE(_MAGIC, _OUT, len(name)))
        self._send(name)
        return self._exactly(1) == b"\0"

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._recv(min(8192, size - len(data)))
        return data
