"""A sound backend of the small server: a pool of connections, and errors told as they are.

``Shelf("contract", StoreURL.parse("shelf://127.0.0.1:20001"), {})``
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django_kvstore import Backend, OutcomeUnknown, Page, StoreURL, Timeout, Unavailable
from django_kvstore.errors import KVStoreError
from django_kvstore.url import host_and_port


class Shelf(Backend):
    """What may be wrong is in attributes and small methods, for the mutants to replace."""

    scheme = "shelf"
    atomic = True
    iterable = True
    clearable = True
    expires_itself = True

    timeout: ClassVar[float | None] = 1.0
    #: What a write raises whose answer was lost.
    lost: ClassVar[type[KVStoreError]] = OutcomeUnknown
    #: What a call raises of which nothing was sent.
    unsent: ClassVar[type[KVStoreError]] = Unavailable

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()

    # The connection.

    def _connect(self) -> socket.socket:
        address = host_and_port(self.url.location, 7000)
        connection = socket.create_connection(address, timeout=self.timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _take(self) -> tuple[socket.socket, bool]:
        """Return a connection, and whether it was used before."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect(), False
            if not select.select([connection], [], [], 0)[0]:
                return connection, True
            connection.close()  # the server ended it, or something came unasked

    def _give_back(self, connection: socket.socket) -> None:
        with self._lock:
            self._idle.append(connection)

    def _discard(self, connection: socket.socket) -> None:
        connection.close()

    def _ask(self, do: str, writes: bool = False, **arguments: Any) -> Any:
        request = json.dumps({"do": do, **arguments}).encode() + b"\n"
        while True:
            try:
                connection, used = self._take()
            except OSError as error:
                raise self.failed(self.unsent, "it cannot be reached.") from error
            try:
                connection.sendall(request)
            except OSError as error:
                # The server has not got the end of the line, so it does nothing.
                self._discard(connection)
                if used:
                    continue
                raise self.failed(self.unsent, "it did not take the request.") from error
            try:
                answer = self._receive(connection)
            except OSError as error:
                self._discard(connection)
                if writes:
                    raise self.failed(self.lost, "the answer to a write was lost.") from error
                if used and not isinstance(error, TimeoutError):
                    continue
                kind = Timeout if isinstance(error, TimeoutError) else Unavailable
                raise self.failed(kind, "it did not answer.") from error
            self._give_back(connection)
            return answer

    def _receive(self, connection: socket.socket) -> Any:
        data = bytearray()
        while not data.endswith(b"\n"):
            piece = connection.recv(65_536)
            if not piece:
                raise ConnectionResetError("the server ended the connection")
            data += piece
        return json.loads(data)

    def failed(self, kind: type[KVStoreError], reason: str) -> KVStoreError:
        """Make the error of a request."""
        return self.error(kind, reason, hint="See whether the server is well.")

    # The cells.

    def get(self, key: str) -> bytes | None:
        (text,) = self._ask("get", names=[key])
        return decoded(text)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        texts = self._ask("get", names=list(keys))
        found = zip(keys, texts, strict=True)
        return {key: decoded(text) for key, text in found if text is not None}

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._ask("set", writes=True, cells={key: encoded(record)}, expires=expires)

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        texts = {key: encoded(record) for key, record in cells.items()}
        self._ask("set", writes=True, cells=texts, expires=expires)

    def delete(self, key: str) -> bool:
        return self._ask("delete", writes=True, names=[key]) == 1

    def delete_many(self, keys: Sequence[str]) -> int:
        return int(self._ask("delete", writes=True, names=list(dict.fromkeys(keys))))

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        changed = {"name": key, "old": encoded(old), "new": encoded(new), "expires": expires}
        return bool(self._ask("swap", writes=True, **changed))

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        listed = self._ask("scan", prefix=prefix, after=cursor or "", limit=limit)
        cells = [(name, decoded(text)) for name, text in listed]
        return Page(cells, cells[-1][0] if len(cells) == limit else None)

    # Its life.

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def forked(self) -> None:
        self._lock = threading.Lock()
        self._idle = []


def encoded(record: bytes | None) -> str | None:
    """Return the text that stands for bytes in JSON."""
    return None if record is None else record.decode("latin-1")


def decoded(text: str | None) -> Any:
    """Return the bytes that such a text stands for."""
    return None if text is None else text.encode("latin-1")
