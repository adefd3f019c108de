"""A TCP proxy that cuts, holds, delays or refuses what goes through it, to a byte.

``with Proxy(server.host, server.port) as proxy: proxy.cut_reply(after=7)`` and let a client talk
to ``proxy.host`` and ``proxy.port``; ``proxy.pass_through()`` makes it harmless again.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from .port import HOST, Port
from .proxied import Ending, Proxied, Stream, finish

Way = Literal["request", "reply"]


@dataclass
class Cut:
    """Where connections end: after so many bytes of one way."""

    way: Way
    after: int
    how: Ending
    times: int | None
    refuse: bool


class Proxy:
    """One listening port in front of one server; every method may be called at any time.

    A switch is in force when its method returns, for the connections that are open too, and it
    replaces the one before. ``connections`` counts the accepted ones, ``request_bytes`` and
    ``reply_bytes`` what was let through.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.host = HOST
        self.connections = 0
        self.request_bytes = 0
        self.reply_bytes = 0
        self._claim = Port.claim()
        self.port = self._claim.number
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._open: set[Proxied] = set()
        self._cut: Cut | None = None
        self._held: frozenset[Way] = frozenset()
        self._delay = 0.0
        self._sent: dict[int, bytearray] | None = None
        self._listener: socket.socket | None = None
        self._closing = False
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)
        self._listen()
        self._thread.start()

    # Switches.

    def pass_through(self) -> None:
        """Let everything through; what was held goes on its way now."""
        self._switch()

    def cut_reply(
        self, after: int, how: Ending = "reset", times: int | None = 1, refuse: bool = False
    ) -> None:
        """End a connection as soon as ``after`` bytes from the server went through it.

        Counted on each connection from this call on; 0 means when the first byte would go: the
        server has done its work, and its reply is swallowed. Only the first ``times`` connections
        that come so far are cut; None means each of them. With ``refuse`` every connection ends
        then, and no new one is accepted.
        """
        self._switch(cut=Cut("reply", after, how, times, refuse))

    def cut_request(
        self, after: int, how: Ending = "reset", times: int | None = 1, refuse: bool = False
    ) -> None:
        """The same for bytes from the client: the server sees exactly so many of them."""
        self._switch(cut=Cut("request", after, how, times, refuse))

    def hold(self, *ways: Way) -> None:
        """Accept, and never answer: keep back requests, replies, or (said nothing) both.

        Holding only replies lets the server do its work. What is held is not lost: after the
        next switch it arrives, late.
        """
        self._switch(held=frozenset(ways or ("request", "reply")))

    def delay(self, seconds: float) -> None:
        """Let each reply through that much later."""
        self._switch(delay=seconds)

    def refuse(self) -> None:
        """Reset every connection and listen no more, as if the server had died."""
        with self._lock:
            self._switch()
            self._stop_listening()
            self.drop()

    def drop(self, how: Ending = "reset") -> None:
        """End the connections that are open now; new ones are welcome."""
        with self._lock:
            for connection in list(self._open):
                self._finish(connection, how)

    @property
    def open_connections(self) -> int:
        """How many connections the client has open now."""
        with self._lock:
            return len(self._open)

    def record(self) -> None:
        """Keep what clients send from now on, for `times_sent`; forget what was kept before."""
        with self._lock:
            self._sent = {}

    def times_sent(self, text: bytes) -> int:
        """Return how often clients sent these bytes since `record`."""
        with self._lock:
            return sum(sent.count(text) for sent in (self._sent or {}).values())

    def settled(self) -> tuple[int, int]:
        """Return `request_bytes` and `reply_bytes` when they have stopped changing."""
        last, same = (-1, -1), 0
        while same < 5:
            time.sleep(0.002)
            now = (self.request_bytes, self.reply_bytes)
            last, same = now, same + 1 if now == last else 0
        return last

    def close(self) -> None:
        with self._lock:
            self._closing = True
            self._stop_listening()
            self.drop()
        self._wake()
        self._thread.join()
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
        self._claim.release()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The inside: one thread moves all the bytes, under the lock that the switches take.

    def _switch(
        self, cut: Cut | None = None, held: frozenset[Way] = frozenset(), delay: float = 0.0
    ) -> None:
        with self._lock:
            self._cut, self._held, self._delay = cut, held, delay
            for connection in self._open:
                connection.forget_counts()
            self._listen()
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_write.send(b"!")

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server((self.host, self.port), backlog=128)
            self._listener.setblocking(False)
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _run(self) -> None:
        while not self._closing:
            events = self._selector.select(self._pause())
            with self._lock:
                for key, _ in events:
                    if key.fileobj is self._wake_read:
                        with contextlib.suppress(BlockingIOError):
                            self._wake_read.recv(4096)
                    elif key.fileobj is self._listener:
                        self._accept()
                    elif key.data in self._open:
                        self._read(key.data, key.fileobj)
                for connection in list(self._open):
                    self._forward(connection)
                    if connection in self._open:
                        connection.watch(self._selector)

    def _pause(self) -> float | None:
        """How long the thread may sleep: until something held back by ``delay`` is due."""
        with self._lock:
            dues = [
                stream.due
                for connection in self._open
                for way, stream in ways(connection)
                if way not in self._held and not stream.blocked and stream.due is not None
            ]
        return max(0.001, min(dues) - time.monotonic()) if dues else None

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        self.connections += 1
        try:
            upstream = socket.create_connection(self.target, timeout=5)
        except OSError:
            # The nearest thing to what the client would have seen without a proxy.
            finish(client, "reset")
            return
        connection = Proxied(self.connections, client, upstream)
        self._open.add(connection)

    def _read(self, connection: Proxied, source: object) -> None:
        for _, stream in ways(connection):
            if stream.source is source and stream.wants_more():
                try:
                    data = stream.read(self._delay if stream is connection.replies else 0.0)
                    if self._sent is not None and stream is connection.requests:
                        self._sent.setdefault(connection.number, bytearray()).extend(data)
                except BlockingIOError:
                    pass
                except OSError:
                    self._finish(connection, "reset")

    def _forward(self, connection: Proxied) -> None:
        for way, stream in ways(connection):
            if connection not in self._open:
                return
            gone = stream.ended and way == "request"
            if way in self._held:
                stream.blocked = False
                if gone:
                    self._finish(connection, "close")
                continue
            cut = self._cut if self._cut is not None and self._cut.way == way else None
            try:
                sent = stream.send(None if cut is None else cut.after - stream.passed)
            except OSError:
                self._finish(connection, "reset")
                return
            if way == "request":
                self.request_bytes += sent
            else:
                self.reply_bytes += sent
            if cut and stream.passed >= cut.after and (sent or stream.waiting):
                self._perform(cut, connection)
            elif stream.ended and not stream.waiting:
                self._pass_end_on(connection, stream)

    def _pass_end_on(self, connection: Proxied, stream: Stream) -> None:
        if stream is connection.replies:
            self._finish(connection, "close")
            return
        # A client may say that it has asked everything, and go on listening.
        try:
            stream.shut_down()
        except OSError:
            self._finish(connection, "reset")

    def _perform(self, cut: Cut, connection: Proxied) -> None:
        if cut.times is not None:
            cut.times -= 1
            if cut.times <= 0:
                self._cut = None
        if cut.refuse:
            self._stop_listening()
            for other in self._open - {connection}:
                self._finish(other, cut.how)
        self._finish(connection, cut.how)

    def _finish(self, connection: Proxied, how: Ending) -> None:
        if connection in self._open:
            self._open.remove(connection)
            connection.unwatch(self._selector)
            connection.finish(how)


def ways(connection: Proxied) -> tuple[tuple[Way, Stream], tuple[Way, Stream]]:
    return ("request", connection.requests), ("reply", connection.replies)
