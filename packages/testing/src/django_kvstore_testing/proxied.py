"""One connection through the proxy: two streams of bytes, and how it ends.

``Proxied(client, upstream)``; made by `Proxy`, which tests use.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

if sys.platform == "linux":
    import fcntl

Ending = Literal["reset", "close"]

CHUNK = 65_536

# linux/sockios.h: how many bytes wait to be sent. Those that only wait to be acknowledged do not
# count; on one machine they have arrived.
SIOCOUTQNSD = 0x894B
# From the same system's netinet/tcp.h.
TCP_CLOSE = 7

# Past this, the proxy reads no more until the other side has taken some.
FULL = 4 * 1024 * 1024


@dataclass(eq=False)
class Stream:
    """The bytes going one way: read from ``source``, kept a while perhaps, sent to ``sink``."""

    source: socket.socket
    sink: socket.socket
    waiting: deque[tuple[float, memoryview]] = field(default_factory=deque)
    size: int = 0
    passed: int = 0
    ended: bool = False
    blocked: bool = False
    shut: bool = False

    @property
    def due(self) -> float | None:
        """When the next bytes may go; None when there are none."""
        return self.waiting[0][0] if self.waiting else None

    def wants_more(self) -> bool:
        return not self.ended and self.size < FULL

    def read(self, delay: float) -> bytes:
        """Read what has come; return it."""
        data = self.source.recv(CHUNK)
        if data:
            self.waiting.append((time.monotonic() + delay, memoryview(data)))
            self.size += len(data)
        else:
            self.ended = True
        return data

    def send(self, most: int | None) -> int:
        """Send what is due, ``most`` bytes at most; return how many went."""
        sent = 0
        self.blocked = False
        while self.waiting and (most is None or sent < most):
            due, data = self.waiting[0]
            if due > time.monotonic():
                break
            part = data if most is None else data[: most - sent]
            try:
                count = self.sink.send(part)
            except BlockingIOError:
                self.blocked = True
                break
            sent += count
            if count < len(data):
                self.waiting[0] = (due, data[count:])
            else:
                self.waiting.popleft()
        self.size -= sent
        self.passed += sent
        return sent

    def shut_down(self) -> None:
        """Tell the sink that nothing more comes this way."""
        if not self.shut:
            self.shut = True
            self.sink.shutdown(socket.SHUT_WR)


class Proxied:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, number: int, client: socket.socket, upstream: socket.socket) -> None:
        self.number = number
        self.client = client
        self.upstream = upstream
        self.requests = Stream(client, upstream)
        self.replies = Stream(upstream, client)
        for end in (client, upstream):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def forget_counts(self) -> None:
        self.requests.passed = self.replies.passed = 0

    def watch(self, selector: selectors.BaseSelector) -> None:
        """Ask the selector for just what can be done now, or it would return at once for ever."""
        for incoming, outgoing in (self.requests, self.replies), (self.replies, self.requests):
            end = incoming.source
            interest = (selectors.EVENT_READ if incoming.wants_more() else 0) | (
                selectors.EVENT_WRITE if outgoing.blocked else 0
            )
            known = selector.get_map().get(end)
            if known is None and interest:
                selector.register(end, interest, self)
            elif known is not None and not interest:
                selector.unregister(end)
            elif known is not None and known.events != interest:
                selector.modify(end, interest, self)

    def unwatch(self, selector: selectors.BaseSelector) -> None:
        for end in (self.client, self.upstream):
            with contextlib.suppress(KeyError):  # one may not be watched now
                selector.unregister(end)

    def finish(self, how: Ending) -> None:
        """End both sides: with a reset, or with an orderly end of the stream."""
        finish(self.client, how)
        finish(self.upstream, how)


def finish(end: socket.socket, how: Ending) -> None:
    with contextlib.suppress(OSError):
        # A reset throws away what the kernel has not delivered yet, and the other side is to see
        # exactly the bytes that were let through.
        wait_until_delivered(end)
        if how == "reset":
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            # close() alone would reset when something that was sent to us is still unread.
            end.shutdown(socket.SHUT_WR)
    end.close()


def wait_until_delivered(end: socket.socket) -> None:
    """Wait, a second at most, until the other side's kernel has all that was sent."""
    if sys.platform != "linux":
        return
    give_up = time.monotonic() + 1
    while time.monotonic() < give_up:
        unsent = fcntl.ioctl(end, SIOCOUTQNSD, struct.pack("i", 0))
        # After a reset by the other side nothing is delivered any more, and nothing is waited for.
        state = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if struct.unpack("i", unsent)[0] == 0 or state == TCP_CLOSE:
            return
        time.sleep(0.001)
