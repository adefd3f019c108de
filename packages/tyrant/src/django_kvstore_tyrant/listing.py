"""Names in the order of their bytes, a batch at a time, none of them missed.

``listing.page(b"shop:", None, 1000)`` gives up to a thousand names and the cursor of the next.

`fwmkeys` is what lists names in one step, while nobody can write; the server's other ways, its
iterator and `misc range`, are shared by all connections or lose their place when somebody writes
just then. It can begin nowhere but at a prefix. On a tree that is enough: what comes after a name
is what begins with it, then what begins with all of it but the last byte and goes on with a
greater one, and so on. A hash has no order, so there all names come at once, and are sorted here.
"""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections import OrderedDict
from typing import Final, NamedTuple

from . import protocol
from .client import Client

#: How many names are asked of a tree at once.
BATCH: Final = 65_536
#: Of how many walks the batch is kept between two pages.
_WALKS: Final = 8


class Batch(NamedTuple):
    """All names there were between `after` and the last of them."""

    after: bytes
    names: list[bytes]
    #: Whether there were none after these.
    last: bool

    def tells(self, after: bytes) -> bool:
        """Say whether this is the batch to tell what comes after that name."""
        return self.after <= after and (self.last or after < self.names[-1])

    def page(self, after: bytes, limit: int) -> tuple[list[bytes], bool]:
        """Return up to `limit` names that come after that one, and whether these are the last."""
        at = bisect_right(self.names, after)
        return self.names[at : at + limit], self.last and at + limit >= len(self.names)


class Listing:
    """The names on one server."""

    def __init__(self, client: Client, batch: int = BATCH) -> None:
        self._client = client
        self._size = batch
        self._batches: OrderedDict[tuple[str, bytes], Batch] = OrderedDict()

    def page(self, prefix: bytes, cursor: str | None, limit: int) -> tuple[list[bytes], str | None]:
        """Return up to `limit` names, sorted, and the cursor: None when these are the last.

        A cursor is the walk's own number and the last name, so any process can go on from it; the
        one that began has the names at hand already.
        """
        walk, _, told = (cursor or secrets.token_hex(8) + ":").partition(":")
        after = bytes.fromhex(told)
        batch = self._batches.pop((walk, prefix), None)
        if batch is None:
            batch = self._first(prefix, after)
        elif not batch.tells(after):
            batch = self._next(prefix, after)
        names, last = batch.page(after, limit)
        if last:
            return names, None
        self._batches[walk, prefix] = batch
        while len(self._batches) > _WALKS:
            self._batches.popitem(last=False)
        return names, f"{walk}:{names[-1].hex()}"

    def _first(self, prefix: bytes, after: bytes) -> Batch:
        """Return the names after `after` that begin with `prefix`: all of them if they are few."""
        if not self._client.server.ordered:
            (names,) = self._client.ask(protocol.fwmkeys(prefix))
            return Batch(b"", sorted(names), last=True)
        names = self._under(prefix, self._size + 1)
        if len(names) <= self._size:
            return Batch(b"", names, last=True)
        return Batch(b"", names, last=False) if names[-1] > after else self._next(prefix, after)

    def _next(self, prefix: bytes, after: bytes) -> Batch:
        """Return names that come after `after` and begin with `prefix`, some if there are any."""
        if not after.startswith(prefix):
            return Batch(after, [], last=True)  # another walk's cursor
        # The name itself, if it is still there, and those that begin with it.
        names = [name for name in self._under(after, self._size + 1) if name != after]
        for length in range(len(after) - 1, len(prefix) - 1, -1):
            if len(names) > self._size // 2:
                return Batch(after, names, last=False)
            names += self._siblings(after[:length], after[length], self._size - len(names))
        # Had the last step come to its limit, there may be more.
        return Batch(after, names, last=len(names) <= self._size // 2)

    def _siblings(self, stem: bytes, byte: int, most: int) -> list[bytes]:
        """Return names that begin with `stem` and a byte greater than `byte`, from the first on."""
        stems = [stem + bytes((each,)) for each in range(byte + 1, 256)]
        names: list[bytes] = []
        if not stems:
            return names
        inhabited = self._client.ask(*(protocol.fwmkeys(each, 1) for each in stems))
        for each, some in zip(stems, inhabited, strict=True):
            if some:
                names += self._under(each, most - len(names))
                if len(names) >= most:
                    break
        return names

    def _under(self, prefix: bytes, most: int) -> list[bytes]:
        names: list[bytes] = self._client.ask(protocol.fwmkeys(prefix, most))[0]
        return names
