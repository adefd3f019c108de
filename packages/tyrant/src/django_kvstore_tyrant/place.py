"""What counts at an entry's place: the record in its cell, or a version of that one's chain.

``places.look(b"shop:visits").record``

``docs/backends/tyrant.md`` says what counts when.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django_kvstore.errors import CorruptValue

from . import mark as marks
from . import protocol
from .cell import LETTER, OVERHEAD, Cell
from .chain import CLOSED, LOST, MARK, Chains, Link, Version
from .client import Client


class Place(NamedTuple):
    """What an entry's place held when it was looked at."""

    key: bytes
    #: None: there is no cell.
    cell: Cell | None
    #: Whether the cell's record was marked as one with a chain.
    marked: bool
    version: Version
    #: The record that counts, or None.
    record: bytes | None

    @property
    def link(self) -> Link:
        """The chain's place."""
        assert self.cell is not None
        return Link(self.key, self.cell.token)

    @property
    def lost(self) -> bool:
        """Whether there is a record that counts, but not to be found."""
        return self.version.kind == LOST


class Places:
    """The places of one server's cells, to be looked at."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.chains = Chains(client)

    def record(self, key: bytes) -> bytes | None:
        """Return the record that counts at one place, or None; as `look`, with less ado."""
        mark = marks.mark_name(key)
        found = self._client.ask(protocol.mget((mark, key)))[0]
        raw = found.get(key)
        if raw is None:
            return None
        if len(raw) >= OVERHEAD and raw.startswith(LETTER) and len(found) == 1:
            return bytes(raw[OVERHEAD:])
        return self._sound(self._look([key], found))[key].record

    def records(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the records that count at those places which have one."""
        found, marked = self._read(keys)
        if not marked:
            # There is no chain, so the cell's own record counts, where all is as we write it.
            plain = {
                key: raw[OVERHEAD:]
                for key, raw in found.items()
                if raw.startswith(LETTER) and len(raw) >= OVERHEAD
            }
            if len(plain) == len(found):
                return plain
        places = self._sound(self._look(list(dict.fromkeys(keys)), found))
        return {key: place.record for key, place in places.items() if place.record is not None}

    def look(self, key: bytes) -> Place:
        """Return what is at one place."""
        return self.look_at([key])[key]

    def look_at(self, keys: Iterable[bytes]) -> dict[bytes, Place]:
        """Return what is at several places: one request, and two more if chains are among them."""
        return self._sound(self.survey(keys))

    def survey(self, keys: Iterable[bytes]) -> dict[bytes, Place]:
        """As `look_at`, and those of which nobody can say what counts have no record."""
        left = list(dict.fromkeys(keys))
        return self._look(left, self._read(left)[0]) if left else {}

    def _look(self, keys: list[bytes], found: dict[bytes, bytes]) -> dict[bytes, Place]:
        places: dict[bytes, Place] = {}
        while keys:
            chained: dict[bytes, Cell] = {}
            for key in keys:
                raw = found.get(key)
                cell = None if raw is None else Cell.read(raw)
                if cell is not None and marks.holds(found.get(marks.mark_name(key)), cell.token):
                    chained[key] = cell
                else:
                    record = None if cell is None else cell.record
                    places[key] = Place(key, cell, False, Version(0), record)
            keys = self._follow(chained, places) if chained else []
            found = self._read(keys)[0] if keys else {}
        return places

    def _follow(self, chained: dict[bytes, Cell], places: dict[bytes, Place]) -> list[bytes]:
        """Find the places of cells with a chain; return the keys to be looked at again."""
        links = [Link(key, cell.token) for key, cell in chained.items()]
        doubtful = []
        for (key, cell), version in zip(chained.items(), self.chains.newest(links), strict=True):
            record = version.record if version.number else cell.record
            places[key] = Place(key, cell, True, version, record)
            if not version.number or version.kind in (CLOSED, LOST):
                doubtful.append(key)
        if not doubtful:
            return []
        # A cell goes before its chain does: if it is there still, so is all of the chain.
        now, _ = self._read(doubtful)
        cells = {key: Cell.read(raw) for key, raw in now.items() if key in chained}
        return [key for key in doubtful if cells.get(key) != chained[key]]

    def _sound(self, places: dict[bytes, Place]) -> dict[bytes, Place]:
        """Return the places; raises `CorruptValue` if one of them is lost."""
        for place in places.values():
            if place.lost:
                raise self._lost(place.key)
        return places

    def _lost(self, key: bytes) -> CorruptValue:
        return self._client.error(
            CorruptValue,
            f"the newest record of the cell {key!r} is missing or damaged: the counter of its "
            "changes alone knows of it.",
            hint="Set the entry anew, or restore the database from a backup.",
        )

    def _read(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], bool]:
        """Return what is there of the keys and their marks, and whether any mark is."""
        # Marks first: should one go meanwhile, the record that it marked has gone before it.
        names = [*map(marks.mark_name, keys)]
        found: dict[bytes, bytes]
        if len(keys) < 50 or not self._client.server.ordered:
            found = self._client.ask(protocol.mget([*names, *keys]))[0]
            return found, not found.keys().isdisjoint(names)
        # Where looking for names is cheap, one look may save asking for each mark.
        prefix = MARK + _common(min(keys), max(keys))
        any_mark, found = self._client.ask(protocol.fwmkeys(prefix, 1), protocol.mget(keys))
        if any_mark:
            found = self._client.ask(protocol.mget([*names, *keys]))[0]
        return found, bool(any_mark)


def _common(one: bytes, other: bytes) -> bytes:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return one[:at]
    return min(one, other)
