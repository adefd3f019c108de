"""The generation of each prefix on one server: what makes clearing a store one small write.

``generations.current(connection, "shop:")`` stands at the front of every key of that prefix.

A new generation hides every entry of the old one, and memcached drops what nobody reads. One is
96 random bits and never comes again, so a generation that was evicted, or lost with its server,
takes its entries along and brings no older ones back.

A generation is held for `refresh` seconds, so that it costs no round trip of its own. Until that
is over, a process goes on with the generation from before another process's clearing: it reads the
old entries, and what it writes is lost with them. It is asked for anew on every new connection,
since the server may have been restarted, and after every clearing, since only the server knows
which of two clearings at the same moment was the last one.
"""

from __future__ import annotations

import re
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

#: What a generation looks like. It becomes part of commands, so no other character may be in it.
_TOKEN: Final = re.compile(rb"[A-Za-z0-9_\-]{%d}" % TOKEN_BYTES)


class Generations:
    """What one process knows of one server's generations; thread-safe."""

    def __init__(self, refresh: float) -> None:
        self._refresh = refresh
        self._held: dict[str, tuple[bytes, float]] = {}
        #: When this process last cleared a prefix: no older answer may be held.
        self._cleared = float("-inf")
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
        """Give the prefix a new generation on the server, which every later call asks for."""
        connection.writing = 1
        try:
            connection.store(b"set", generation_key(prefix), _pack(_new_token(), prefix))
        finally:
            # Another thread may have cleared since the server stored this one, so it is not held.
            # Should the answer be lost, the server is asked, too.
            with self._lock:
                self._held.pop(prefix, None)
                self._cleared = time.monotonic()

    def _ask(self, connection: Connection, prefix: str) -> bytes:
        name = generation_key(prefix)
        for _ in range(10):
            asked = time.monotonic()
            found, _ = connection.look(b"get", name)
            token = _new_token() if found is None else _unpack(found, prefix)
            if found is not None or connection.store(b"add", name, _pack(token, prefix)):
                self._hold(prefix, token, asked)
                return token
        raise MemcacheServerError("it does not keep the store's generation")

    def _hold(self, prefix: str, token: bytes, asked: float) -> None:
        """Hold what the server said, unless it was asked before something newer was learnt."""
        with self._lock:
            held = self._held.get(prefix)
            if asked <= self._cleared or (held is not None and held[1] >= asked):
                return
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
            self._held[prefix] = token, asked


def _new_token() -> bytes:
    return secrets.token_urlsafe(TOKEN_BYTES * 3 // 4).encode()


def _pack(token: bytes, prefix: str) -> bytes:
    return b"%b%08x" % (token, crc32(token, crc32(prefix.encode())))


def _unpack(packed: bytes, prefix: str) -> bytes:
    token = packed[:TOKEN_BYTES]
    if packed != _pack(token, prefix) or not _TOKEN.fullmatch(token):
        raise BadRecord("the store's generation is damaged")
    return token
