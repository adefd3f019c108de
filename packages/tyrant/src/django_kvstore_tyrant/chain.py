"""Chains: what happened to a cell since it was written, one version after another.

``chains.newest([Link(b"shop:visits", token)])`` gives the version that counts, and
``chains.append(link, version, VALUE, record)`` says whether it is the one after that.

A version is a record of its own in the database, and `putkeep` writes it: of all who want to
write version 8 one succeeds. The newest version is the one after which there is none. Old
versions are deleted. So that a late writer cannot take a deleted version for a free one, and a
reader need not begin at the first, a counter, which only `addint` changes, follows the newest
version: it never runs ahead, and lags by one for each writer who died before he counted.

A name is NUL, the cell's name, the token of the cell's record, and the number in 4 bytes,
big-endian; number 0 is the counter.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from django_kvstore.errors import NotSupported, OutcomeUnknown, Refused, Unavailable

from . import mark as marks
from . import protocol
from .client import Client

VALUE: Final = ord("V")
ABSENT: Final = ord("A")
#: The last version of a cell that was deleted: nothing comes after it.
CLOSED: Final = ord("Z")
#: What is left of a large version once there is a newer one.
STUB: Final = ord("S")
#: No version has it: the counter is ahead of the versions, or the newest cannot be read.
LOST: Final = 0

#: What every name of a chain's begins with, and no cell's.
MARK: Final = b"\0"
_SUFFIX: Final = 12
_HEAD = struct.Struct(">BI")
#: How many versions are looked for at once, at first and at most.
_AHEAD: Final = 2
_FARTHEST: Final = 512
#: How often what the counter knows of is looked for before it is taken for lost.
_MISSES: Final = 50
#: The last version with a record: the counter is an int of 32 bits, and wants room to spare.
LAST: Final = 2**31 - 2**16
#: How many versions behind the counter are left, and how many are deleted each time, since
#: writers who count at the same moment miss one of them.
_KEPT: Final = 64
_DELETED: Final = 4
_LARGE: Final = 1024


class Link(NamedTuple):
    """What a chain hangs on: a cell, and the token of the record in it."""

    key: bytes
    token: bytes

    def name(self, number: int) -> bytes:
        """Return the name of a version; of the counter for 0."""
        return MARK + self.key + self.token + number.to_bytes(4, "big")

    @classmethod
    def read(cls, name: bytes) -> tuple[Link, int]:
        """Return the link and the number of which a name is made."""
        key, token = name[len(MARK) : -_SUFFIX], name[-_SUFFIX:-4]
        return cls(key, token), int.from_bytes(name[-4:], "big")


class Version(NamedTuple):
    """A version taken apart; number 0 stands for the cell's own record."""

    number: int
    kind: int = VALUE
    time: int = 0
    record: bytes | None = None


@dataclass
class Search:
    """Where a newest version is looked for."""

    at: int
    ahead: int = _AHEAD
    misses: int = 0

    @property
    def end(self) -> int:
        """The last version that is looked for this time."""
        return self.at + self.ahead

    def go_on(self, at: int) -> None:
        """Look from there on next time, and farther: others may be writing meanwhile."""
        self.at = at
        self.ahead = min(self.ahead * 2, _FARTHEST)


class Chains:
    """The chains of one server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        #: Where the newest versions were when last seen: a hint that saves a round trip.
        self._seen: dict[Link, int] = {}

    def newest(self, links: Sequence[Link]) -> list[Version]:
        """Return the newest version of each chain; number 0 where there is none.

        Its kind is `LOST` where it is not to be found though the counter knows of it: while the
        chain's record is in its cell that is damage, and after that what is left to be deleted.
        """
        searches = {link: Search(self._seen.get(link, 0)) for link in links}
        newest: dict[Link, Version] = {}
        while searches:
            names = [name for each in searches.items() for name in self._names(*each)]
            (found,) = self._client.ask(protocol.mget(names))
            for link, search in list(searches.items()):
                version = self._find(link, search, found)
                if version is not None:
                    newest[link] = version
                    del searches[link]
        return [newest[link] for link in links]

    def _names(self, link: Link, search: Search) -> list[bytes]:
        # The counter first: what is deleted after it was read is seen to be missing.
        return [link.name(0), *map(link.name, range(search.at or 1, search.end + 1))]

    def _find(self, link: Link, search: Search, found: Mapping[bytes, bytes]) -> Version | None:
        """Return the newest version if it is among what was found; else say where to look."""
        count = self._count(found.get(link.name(0)))
        if count > search.end:
            search.go_on(count)
            return None
        last = max(search.at, count)
        if not last or link.name(last) in found:
            while link.name(last + 1) in found:
                last += 1
            if last == search.end:
                search.go_on(last)
                return None
            version = _read(last, found.get(link.name(last)))
            if version.kind != LOST:
                self._remember(link, last)
                return version
        # It was deleted since the counter was read, or the whole chain is going, or damaged.
        search.misses += 1
        search.go_on(count)
        return Version(last, LOST) if search.misses > _MISSES else None

    def append(self, link: Link, after: Version, kind: int, record: bytes | None) -> bool:
        """Write the version that comes after `after`; say whether it is this one.

        Raises `OutcomeUnknown` when that cannot be known.
        """
        number = after.number + 1
        if kind == VALUE and number > LAST:
            raise self._client.error(
                NotSupported,
                f"the entry has been changed {LAST:,} times since it was set.",
                hint="Set it anew, to the value that it has: that begins at 0 again.",
            )
        name, counter = link.name(number), link.name(0)
        body = _HEAD.pack(kind, int(time.time()) & 0xFFFFFFFF) + (record or b"")
        before, done, since, marked = self._client.tell(
            protocol.get(counter),
            protocol.putkeep(name, body),
            protocol.get(counter),
            protocol.get(marks.mark_name(link.key)),
        )
        if not done:
            return False
        try:
            if self._count(before) >= number or self._is_gone(link, after.number, before, since):
                # That version had been there and was deleted: this one comes too late.
                self._client.tell(protocol.out(name))
                return False
            if kind != CLOSED and not marks.holds(marked, link.token):
                # A purge took it for forgotten. Until it is back nobody sees this version.
                self._client.must(*self._client.tell(marks.add(link.key, link.token)))
        except (Unavailable, Refused) as error:
            raise self._client.error(
                OutcomeUnknown,
                f"{error.reason} The change had been written, and whether it counts is not known.",
                hint="Read, then decide.",
            ) from error
        if self._count(since) >= number + _KEPT:
            raise self._client.error(
                OutcomeUnknown,
                "others changed the entry so often meanwhile that nothing shows what became of "
                "this change.",
                hint="Read, then decide.",
            )
        self._remember(link, number)
        self._tidy(link, after, self._count(before))
        return True

    def _tidy(self, link: Link, after: Version, count: int) -> None:
        """Count the new version, and take back the room of the ones before it."""
        commands = [protocol.addint(link.name(0), 1)]
        if after.number and after.record and len(after.record) > _LARGE:
            commands.append(protocol.put(link.name(after.number), _HEAD.pack(STUB, 0)))
        last = count - _KEPT
        if last > 0:
            old = [link.name(number) for number in range(max(1, last - _DELETED + 1), last + 1)]
            commands.append(protocol.misc(b"outlist", old))
        try:
            self._client.tell(*commands)
        except (Unavailable, Refused, OutcomeUnknown):
            return  # the version is there, and the next writer's concern is only one more

    def _is_gone(self, link: Link, number: int, before: bytes | None, since: bytes | None) -> bool:
        """Say whether the chain was deleted as a whole; the counter is there in any other case.

        Or in any but one: that the writer of the first version died before he counted.
        """
        if not number or before is not None or since is not None:
            return False
        return self._client.ask(protocol.get(link.name(number))) == [None]

    def _count(self, raw: bytes | None) -> int:
        if raw is None:
            return 0
        return int.from_bytes(raw, "big" if self._client.server.big_endian else "little")

    def _remember(self, link: Link, number: int) -> None:
        if number:
            if len(self._seen) >= 1024:
                self._seen.clear()
            self._seen[link] = number


def _read(number: int, raw: bytes | None) -> Version:
    if not number:
        return Version(0)
    if raw is None or len(raw) < _HEAD.size:
        return Version(number, LOST)
    kind, when = _HEAD.unpack_from(raw)
    if kind == VALUE:
        return Version(number, kind, when, raw[_HEAD.size :])
    return Version(number, kind if kind in (ABSENT, CLOSED) else LOST, when)
