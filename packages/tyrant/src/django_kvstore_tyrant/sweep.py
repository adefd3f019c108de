"""Taking back the room of what is dead: expired records, deleted ones, and chains of neither.

``Sweep(client, registers, listing).purge(b"shop:", now)`` says how many records had expired.

What has expired is deleted at once, in the sense that nobody finds it. Its cell and its chain go
when they have been dead for an hour, since the engine has no way to delete a cell only if it is
still the same: by then nobody who wrote to it, or read it, is still at it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from django_kvstore import records

from . import protocol
from .chain import MARK, Link
from .client import Client
from .listing import Listing
from .register import Place, Registers

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
        self._sweep_chains(MARK + prefix, now)
        return total

    def clear(self, prefix: bytes) -> int:
        """Delete the cells that begin with `prefix`, and their chains; return how many counted."""
        total = 0
        for each in (prefix, MARK + prefix):
            cursor = None
            while True:
                names, cursor = self._listing.page(each, cursor, _PAGE)
                if each is prefix and names:
                    total += sum(
                        place.record is not None
                        for place in self._registers.look_at(names).values()
                    )
                self._delete(names)
                if cursor is None:
                    break
        return total

    def _bury(self, names: list[bytes], now: float) -> int:
        expired = 0
        old = []
        for key, place in self._registers.look_at(names).items() if names else ():
            since = _dead_since(place)
            if since is None or since > now:
                continue
            if since + GRACE < now:
                old.append(key)
                expired += place.record is not None
            elif place.record is not None:
                expired += self._registers.change(place, None)
        for key, record in zip(old, self._registers.take_out(old) if old else (), strict=True):
            if record and not _is_past(record, now):
                # It came back to life in the very moment: put it back, unless there is a newer.
                self._registers.add(key, record)
        return expired

    def _sweep_chains(self, prefix: bytes, now: float) -> None:
        """Delete the chains whose cell is another one, or gone, for an hour."""
        cursor = None
        chains: dict[Link, list[bytes]] = defaultdict(list)
        while True:
            names, cursor = self._listing.page(prefix, cursor, _PAGE)
            for name in names:
                chains[Link.read(name)[0]].append(name)
            # The last one may go on on the next page.
            whole = dict(list(chains.items())[: None if cursor is None else -1])
            for link in self._orphans(whole, now):
                self._delete(chains[link])
            for link in whole:
                del chains[link]
            if cursor is None:
                return

    def _orphans(self, chains: dict[Link, list[bytes]], now: float) -> list[Link]:
        keys = list({link.key for link in chains})
        if not keys:
            return []
        places = self._registers.look_at(keys)
        cells = {key: place.cell for key, place in places.items()}
        orphans = []
        for link in chains:
            cell = cells[link.key]
            if cell is None or cell.token != link.token:
                orphans.append(link)
        versions = zip(orphans, self._registers.chains.newest(orphans), strict=True)
        return [link for link, version in versions if version.time + GRACE < now]

    def _delete(self, names: list[bytes]) -> None:
        if names:
            (done,) = self._client.tell(protocol.misc(b"outlist", names))
            self._client.must(done is not None)


def _dead_since(place: Place) -> float | None:
    """Say when what is at the place died; None when it lives for ever, or nothing is there."""
    if place.record is not None:
        return records.expiry(place.record)
    if place.version.number:
        return place.version.time
    return place.cell.flags[-1].time if place.cell and place.cell.flags else None


def _is_past(record: bytes, now: float) -> bool:
    expires = records.expiry(record)
    return expires is not None and expires <= now
