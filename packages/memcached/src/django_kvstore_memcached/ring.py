"""Which of several servers keeps which key: rendezvous hashing.

``ring.owner(b"=shop:greeting")``

Every server gets a score for the key, and the highest one has it: all processes agree without
asking anybody, the order in the URL does not matter, and a server that is added to n others takes
over one key in n + 1 and moves no other. A server that is down keeps its keys: its part of the
store is unavailable, and not suddenly empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final

from .server import Server

_MASK: Final = 2**64 - 1


class Ring:
    """The servers of one store."""

    def __init__(self, servers: Iterable[Server]) -> None:
        self.servers = tuple(servers)
        # Odd, so that multiplying by it loses nothing.
        self._factors = [(_number(server.name.encode()) | 1, server) for server in self.servers]

    def owner(self, tail: bytes) -> Server:
        """Return the server of the key with this tail, whatever its generation."""
        owner, best = self.servers[0], -1
        if len(self.servers) > 1:
            number = _number(tail)
            for factor, server in self._factors:
                score = number * factor & _MASK
                if score > best:
                    owner, best = server, score
        return owner

    def shares(
        self, cells: Sequence[str], tails: Sequence[bytes]
    ) -> Iterator[tuple[Server, Sequence[str], Sequence[bytes]]]:
        """Yield each server with those of the cells that are on it, and the tails of their keys."""
        if len(self.servers) == 1:
            yield self.servers[0], cells, tails
            return
        shares: dict[Server, tuple[list[str], list[bytes]]] = {}
        for cell, tail in zip(cells, tails, strict=True):
            some, ends = shares.setdefault(self.owner(tail), ([], []))
            some.append(cell)
            ends.append(tail)
        for server, (some, ends) in shares.items():
            yield server, some, ends


def _number(text: bytes) -> int:
    return int.from_bytes(sha256(text).digest()[:8], "big")
