"""A small key-value server, in a thread of the tests: one JSON object a line, asked and answered.

``with ShelfServer() as server: connect(server.host, server.port)``

It expires cells by itself and keeps them while it is stopped. Reads with ``"replica": true`` see
what was there some time ago.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from types import TracebackType
from typing import Any

from django_kvstore_testing.port import HOST, Port

#: How many seconds the replica is behind.
LAG = 0.3


class ShelfServer:
    """It listens from `start` to `stop`; the cells outlive both."""

    def __init__(self) -> None:
        self.host = HOST
        self._claim = Port.claim()
        self.port = self._claim.number
        self._cells: dict[str, tuple[str, float | None]] = {}
        self._before: dict[str, tuple[str | None, float]] = {}
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()

    def __enter__(self) -> ShelfServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._claim.release()

    def start(self) -> None:
        listener = self._listener = socket.create_server((self.host, self.port), backlog=128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        assert self._listener is not None
        with self._lock:
            ends = [self._listener, *self._open]
            self._open.clear()
        for end in ends:
            with contextlib.suppress(OSError):  # the client was faster
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        return  # the client ended within a request
                    request = json.loads(line)
                    answer = getattr(self, f"do_{request.pop('do')}")(**request)
                    connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            pass  # the client is gone
        finally:
            with self._lock:
                self._open.discard(connection)

    # What it can do; under the lock.

    def _get(self, name: str) -> str | None:
        text, expires = self._cells.get(name, (None, None))
        if expires is not None and expires <= time.time():
            del self._cells[name]
            return None
        return text

    def _put(self, name: str, text: str | None, expires: float | None) -> None:
        self._before[name] = (self._get(name), time.monotonic())
        if text is None:
            self._cells.pop(name, None)
        else:
            self._cells[name] = (text, expires)

    def do_get(self, names: list[str], replica: bool = False) -> list[str | None]:
        with self._lock:
            if not replica:
                return [self._get(name) for name in names]
            now = time.monotonic()
            before = {name: self._before.get(name, (None, 0.0)) for name in names}
            return [
                before[name][0] if now - before[name][1] < LAG else self._get(name)
                for name in names
            ]

    def do_set(self, cells: dict[str, str], expires: float | None) -> bool:
        with self._lock:
            for name, text in cells.items():
                self._put(name, text, expires)
            return True

    def do_delete(self, names: list[str]) -> int:
        with self._lock:
            there = [name for name in names if self._get(name) is not None]
            for name in there:
                self._put(name, None, None)
            return len(there)

    def do_swap(self, name: str, old: str | None, new: str | None, expires: float | None) -> bool:
        with self._lock:
            if self._get(name) != old:
                return False
            self._put(name, new, expires)
            return True

    def do_scan(self, prefix: str, after: str, limit: int) -> list[list[Any]]:
        with self._lock:
            names = sorted(name for name in self._cells if name.startswith(prefix))
            listed = []
            for name in names:
                if name > after and (text := self._get(name)) is not None:
                    listed.append([name, text])
                    if len(listed) == limit:
                        break
            return listed
