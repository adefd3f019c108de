"""Taking back the room of what is dead: expired records, deleted ones, and chains of neither.

``Sweep(client, registers, listing).purge(b"shop:", now)`` says how many records had expired.

What has expired is deleted at once, in the sense that nobody finds it. Its cell and its chain go
when they have been dead for an hour, since the engine has no way to delete a cell only if it is
still the same: by then nobody who wrote to it, or read it, is still at it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from django_kvstore import records
from django_kvstore.errors import OutcomeUnknown

from . import protocol
from .chain import MARK, Link
from .client import Client
from .listing import Listing
from .mark import is_mark, last_time
from .place import Place
from .register import Registers

#: How long a cell has been dead before it goes, in seconds.
GRACE: Final = 3600.0
_PAGE: Final = 250


class Sweep:
    """The broom of one server."""

    def __init__(self, client: Client, registers: Registers, listing: Listing) -> None:
        self._client = client
        self._registers = registers
        self._listing = listing

    def purge(self, prefix: bytes, now: float) -> int:
        """Delete the expired records of cells that begin with `prefix`; return how many."""
        total, cursor = 0, None
        while True:
            names, cursor = self._listing.page(prefix, cursor, _PAGE)
            total += self._bury(names, now)
            if cursor is None:
                break
        self._sweep_marks(MARK + prefix, now)
        return total

    def clear(self, prefix: bytes) -> Iterator[int]:
        """Delete the cells that begin with `prefix`, and their chains; yield how many counted."""
        for each in (prefix, MARK + prefix):
            cursor = None
            while True:
                names, cursor = self._listing.page(each, cursor, _PAGE)
                if names:
                    places = self._registers.survey(names).values() if each is prefix else ()
                    now = time.time()
                    counted = sum(
                        place.lost or (place.record is not None and _lives(place.record, now))
                        for place in places
                    )
                    (done,) = self._client.tell(protocol.misc(b"outlist", names))
                    yield counted
                    self._client.must(done is not None)
                if cursor is None:
                    break

    def _bury(self, names: list[bytes], now: float) -> int:
        expired, old = 0, []
        for place in self._registers.survey(names).values() if names else ():
            since = _dead_since(place)
            if since is None or since > now:
                continue
            if since + GRACE < now:
                old.append(place)
                expired += place.record is not None
            elif place.record is not None:
                expired += self._registers.change(place, None)
        for place in old:
            self._remove(place, now)
        return expired

    def _remove(self, place: Place, now: float) -> None:
        try:
            (record,) = self._registers.remove([place])
        except OutcomeUnknown:
            return  # nothing was there, as was to be expected
        # An empty one stands for what was not there yet when it was looked at once more.
        if record and _lives(record, now):
            # It came back to life in that very moment: put it back, unless there is a newer one.
            self._registers.add(place.key, record)

    def _sweep_marks(self, prefix: bytes, now: float) -> None:
        """Delete chains whose record is gone, and marks without a chain, after an hour."""
        cursor = None
        chains: dict[Link, list[bytes]] = defaultdict(list)
        while True:
            names, cursor = self._listing.page(prefix, cursor, _PAGE)
            marks = [name for name in names if is_mark(name)]
            for name in names:
                if not is_mark(name):
                    chains[Link.read(name)[0]].append(name)
            # The last one may go on on the next page.
            whole = dict(list(chains.items())[: None if cursor is None else -1])
            for link in whole:
                del chains[link]
            self._delete(self._forgotten(marks, now))
            for link in self._orphans(list(whole), now):
                self._delete(whole[link])
            if cursor is None:
                return

    def _forgotten(self, marks: list[bytes], now: float) -> list[bytes]:
        """Return the marks that mark nothing: nobody will miss them, not even for a moment."""
        if not marks:
            return []
        found = self._client.ask(protocol.mget(marks))[0]
        keys = {mark: Link.read(mark)[0].key for mark, raw in found.items() if _is_old(raw, now)}
        places = self._registers.survey(keys.values()) if keys else {}
        return [mark for mark, key in keys.items() if not places[key].version.number]

    def _orphans(self, links: list[Link], now: float) -> list[Link]:
        if not links:
            return []
        places = self._registers.survey({link.key for link in links})
        orphans = [
            link
            for link in links
            if (cell := places[link.key].cell) is None or cell.token != link.token
        ]
        versions = self._registers.chains.newest(orphans)
        return [
            link
            for link, version in zip(orphans, versions, strict=True)
            if version.time + GRACE < now
        ]

    def _delete(self, names: list[bytes]) -> None:
        if names:
            (done,) = self._client.tell(protocol.misc(b"outlist", names))
            self._client.must(done is not None)


def _dead_since(place: Place) -> float | None:
    """Say when what is at the place died; None when it lives, or nothing is there."""
    if place.record is not None:
        return records.expiry(place.record)
    if place.lost:
        return None  # whoever reads it is to be told
    return place.version.time if place.version.number else None


def _is_old(mark: bytes, now: float) -> bool:
    return last_time(mark) + GRACE < now


def _lives(record: bytes, now: float) -> bool:
    expires = records.expiry(record)
    return expires is None or expires > now
