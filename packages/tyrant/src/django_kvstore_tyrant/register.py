"""One entry's cell, read and changed so that nobody's change is lost, whoever dies or is slow.

``place = registers.look(b"shop:visits")``, and ``registers.change(place, record)`` says whether
nobody was there before.

Tokyo Tyrant changes a record only unconditionally, but for `putkeep`, which writes where there is
nothing. So a plain write overwrites the cell, in one request, and a conditional one never does.
It marks the record that is in the cell as one with a chain, and writes what comes next as a
version of that chain (see `mark` and `chain`). The chain belongs to the token of the cell's
record: another plain write, which has another token, leaves all of the chain behind without
knowing of it. There is no lock, and no step that must be followed by another one.
``docs/backends/tyrant.md`` says why it is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django_kvstore.errors import OutcomeUnknown, Unavailable

from . import mark as marks
from . import protocol
from .cell import LETTER, OVERHEAD, Cell, Tokens
from .chain import ABSENT, CLOSED, MARK, VALUE, Chains, Link, Version
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


class Registers:
    """The cells of one server, each with its chain."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.chains = Chains(client)
        self.tokens = Tokens()

    # Reading.

    def record(self, key: bytes) -> bytes | None:
        """Return the record that counts at one place, or None; as `look`, with less ado."""
        mark = marks.mark_name(key)
        found = self._client.ask(protocol.mget((mark, key)))[0]
        raw = found.get(key)
        if raw is None:
            return None
        if len(raw) >= OVERHEAD and raw.startswith(LETTER) and len(found) == 1:
            return bytes(raw[OVERHEAD:])
        return self._look([key], found)[key].record

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
        places = self._look(list(dict.fromkeys(keys)), found)
        return {key: place.record for key, place in places.items() if place.record is not None}

    def look(self, key: bytes) -> Place:
        """Return what is at one place."""
        return self.look_at([key])[key]

    def look_at(self, keys: Iterable[bytes]) -> dict[bytes, Place]:
        """Return what is at several places: one request, and two more if chains are among them."""
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
            if not version.number or version.kind == CLOSED:
                doubtful.append(key)
        if not doubtful:
            return []
        # A cell goes before its chain does: if it is there still, so is all of the chain.
        now, _ = self._read(doubtful)
        cells = {key: Cell.read(raw) for key, raw in now.items() if key in chained}
        return [key for key in doubtful if cells.get(key) != chained[key]]

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
            found |= self._client.ask(protocol.mget(names))[0]
        return found, bool(any_mark)

    # Changing.

    def change(self, place: Place, record: bytes | None) -> bool:
        """Write the record, or delete with None, if the place still is what it was."""
        if place.cell is None:
            return record is None or self._begin(place.key, record)
        if not place.marked and not self._mark(place.link):
            return False
        kind = ABSENT if record is None else VALUE
        return self.chains.append(place.link, place.version, kind, record)

    def add(self, key: bytes, record: bytes) -> bool:
        """Write the record if there is none; one request where there is no cell."""
        while not self._begin(key, record):
            place = self.look(key)
            if place.record is not None:
                return False
            if place.cell is not None and self.change(place, record):
                return True
        return True

    def _begin(self, key: bytes, record: bytes) -> bool:
        (done,) = self._client.tell(protocol.putkeep(key, self.tokens.make(record)))
        return bool(done)

    def _mark(self, link: Link) -> bool:
        """Mark the record as one with a chain; say whether it is in the cell after that."""
        # Sent twice, or by somebody who dies then, it changes nothing.
        _, raw = self._client.ask(marks.add(link.key, link.token), protocol.get(link.key))
        return raw is not None and Cell.read(raw).token == link.token

    # Deleting whatever is there.

    def delete(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Delete the cells, whatever they hold; return the records that counted, or None.

        Each record counts for one of all who delete it, here or by `change`.
        """
        taken: dict[bytes, bytes | None] = dict.fromkeys(keys)
        plain: list[Place] = []
        for key, place in self.look_at(keys).items():
            if place.record is not None and place.marked:
                taken[key] = self._give_up(place)
            elif place.record is not None:
                plain.append(place)
        if plain:
            taken.update(zip((place.key for place in plain), self.remove(plain), strict=True))
        return [taken[key] for key in keys]

    def _give_up(self, place: Place) -> bytes | None:
        """Delete by a version, as a conditional change does; its cell goes with a purge."""
        while place.record is not None and not self.change(place, None):
            place = self.look(place.key)
        return place.record

    def remove(self, places: Sequence[Place]) -> list[bytes | None]:
        """Delete the cells themselves; return the records that counted, or None."""
        commands = []
        for place in places:
            commands += [
                protocol.get(place.key),
                protocol.out(place.key),
                protocol.get(marks.mark_name(place.key)),
            ]
        replies = self._client.tell(*commands)
        return [
            self._removed(place.key, *replies[3 * at : 3 * at + 3])
            for at, place in enumerate(places)
        ]

    def _removed(
        self, key: bytes, raw: bytes | None, gone: bool, mark: bytes | None
    ) -> bytes | None:
        """Say what was removed: `raw` was there just before, `mark` is there since."""
        if not gone:
            return None
        if raw is None:
            return b""  # written in the instant between the two, or nothing could be deleted
        cell = Cell.read(raw)
        if not marks.holds(mark, cell.token):
            # Whoever marks it now finds the cell gone, so nobody else had it or will have it.
            return cell.record
        try:
            return self._close(Link(key, cell.token), cell.record)
        except Unavailable as error:
            raise self._client.error(
                OutcomeUnknown,
                "the entry was deleted, and whether there had been one was not to be learnt.",
                hint="It is not there now, unless somebody has written it again.",
            ) from error

    def _close(self, link: Link, record: bytes) -> bytes | None:
        """End the chain of a cell that is gone; return the record that counted then."""
        while True:
            (version,) = self.chains.newest([link])
            if version.kind == CLOSED:
                return None
            if self.chains.append(link, version, CLOSED, None):
                return version.record if version.number else record


def _common(one: bytes, other: bytes) -> bytes:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return one[:at]
    return min(one, other)
