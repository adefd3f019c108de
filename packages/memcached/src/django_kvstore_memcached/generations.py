"""The generation of each prefix on one server: what makes clearing a store one small write.

``generations.current(connection, "shop:")`` stands at the front of every key of that prefix.

A new generation hides every entry of the old one, and memcached drops what nobody reads. One is
96 random bits and never comes again, so a generation that was evicted, or lost with its server,
takes its entries along and brings no older ones back.

A generation is held for `refresh` seconds, so that it costs no round trip of its own. Until that
is over, a process goes on with the generation from before another process's clearing: it reads the
old entries, and what it writes is lost with them. It is asked for anew on every new connection,
since the server may have been restarted.
"""

from __future__ import annotations

import secrets
import time
from threading import Lock
from typing import Final
from zlib import crc32

from pymemcache.exceptions import MemcacheServerError

from django_kvstore.records import BadRecord

from .connection import Connection
from .keys import TOKEN_BYTES, generation_key

#: More prefixes than any project has; an application that makes them without end stays small.
_MOST_HELD: Final = 10_000


class Generations:
    """What one process knows of one server's generations; thread-safe."""

    def __init__(self, refresh: float) -> None:
        self._refresh = refresh
        self._held: dict[str, tuple[bytes, float]] = {}
        self._lock = Lock()

    def current(self, connection: Connection, prefix: str) -> bytes:
        """Return the prefix's generation, asking the server when it is not known well enough."""
        held = self._held.get(prefix)
        if held is not None:
            token, known = held
            # Younger than the connection: so it is this server's, and not its predecessor's.
            if known >= connection.opened and time.monotonic() - known < self._refresh:
                return token
        return self._ask(connection, prefix)

    def renew(self, connection: Connection, prefix: str) -> None:
        """Give the prefix a new generation, on the server and at once in this process."""
        token = _new_token()
        # Should the answer be lost, the server is asked which one it has.
        self._held.pop(prefix, None)
        connection.writing = 1
        connection.store(b"set", generation_key(prefix), _pack(token, prefix))
        # Whatever was asked before this moment may have been answered with the old one.
        self._hold(prefix, token, time.monotonic())

    def _ask(self, connection: Connection, prefix: str) -> bytes:
        name = generation_key(prefix)
        for _ in range(10):
            asked = time.monotonic()
            found, _ = connection.look(b"get", name)
            if found is not None:
                token = _unpack(found, prefix)
                return self._hold(prefix, token, asked)
            token = _new_token()
            if connection.store(b"add", name, _pack(token, prefix)):
                return self._hold(prefix, token, asked)
        raise MemcacheServerError("it does not keep the store's generation")

    def _hold(self, prefix: str, token: bytes, known: float) -> bytes:
        """Hold what the server said; return that, or what was learnt from it since."""
        with self._lock:
            held = self._held.get(prefix)
            if held is not None and held[1] >= known:
                return held[0]
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
            self._held[prefix] = token, known
            return token


def _new_token() -> bytes:
    return secrets.token_urlsafe(TOKEN_BYTES * 3 // 4).encode()


def _pack(token: bytes, prefix: str) -> bytes:
    return b"%b%08x" % (token, crc32(token, crc32(prefix.encode())))


def _unpack(packed: bytes, prefix: str) -> bytes:
    token = packed[:TOKEN_BYTES]
    if packed != _pack(token, prefix):
        raise BadRecord("the store's generation is damaged")
    return token
