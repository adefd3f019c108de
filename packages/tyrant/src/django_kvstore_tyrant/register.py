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

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Final, TypeVar

from django_kvstore import records
from django_kvstore.errors import CorruptValue, OutcomeUnknown, Refused, Unavailable

from . import mark as marks
from . import protocol
from .cell import Cell, Tokens
from .chain import ABSENT, CLOSED, LOST, VALUE, Link
from .client import Client
from .place import Place, Places

Seen = TypeVar("Seen")

#: How often a change may fail, one time after another, and nothing show what it failed for.
_FRUITLESS: Final = 20


class Registers(Places):
    """The cells of one server, each with its chain."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.tokens = Tokens()

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
        if self._begin(key, record):
            return True
        for place in self.unless_stuck(self._looks(key)):
            if place.record is not None:
                return False
            if self.change(place, record):
                break
        return True

    def unless_stuck(self, looks: Iterable[Seen]) -> Iterator[Seen]:
        """Pass on what is seen before each try at a change that only another change makes fail.

        Raises `Refused` if all stays as it was: then the server cannot write. It answers a
        `putkeep` in the same way when there is a record, and when its disk is full.
        """
        before, same = None, 0
        for seen in looks:
            same = same + 1 if seen == before else 0
            self._client.must(same < _FRUITLESS)
            before = seen
            yield seen

    def _looks(self, key: bytes) -> Iterator[Place]:
        while True:
            yield self.look(key)

    def _begin(self, key: bytes, record: bytes) -> bool:
        (done,) = self._client.tell(protocol.putkeep(key, self.tokens.make(record)))
        return bool(done)

    def _mark(self, link: Link) -> bool:
        """Mark the record as one with a chain; say whether it is in the cell after that."""
        # Sent twice, or by somebody who dies then, it changes nothing.
        _, raw = self._client.ask(marks.add(link.key, link.token), protocol.get(link.key))
        return raw is not None and Cell.read(raw).token == link.token

    # Deleting whatever is there.

    def take(self, key: bytes) -> bytes | None:
        """Delete the cell, whatever it holds; return the record that counted, or None.

        Each record counts for one of all who delete it, here or by `change`.
        """
        place = self.look(key)
        if place.record is None:
            return None
        if place.marked or records.has_expired(place.record, time.time()):
            # What has expired is as good as not there: it must not be the answer when somebody
            # writes the entry in that very moment, and his record is what goes.
            return self._give_up(place)
        return self.remove([place])[0]

    def delete(self, keys: Sequence[bytes]) -> Iterator[int]:
        """Delete the cells, step by step; yield how many of the records that go counted."""
        plain: list[Place] = []
        for place in self.look_at(keys).values():
            if place.record is not None and place.marked:
                yield self._give_up(place) is not None
            elif place.record is not None:
                plain.append(place)
        if plain:
            yield sum(record is not None for record in self.remove(plain))

    def _give_up(self, place: Place) -> bytes | None:
        """Delete by a version, as a conditional change does; its cell goes with a purge."""
        looks = chain([place], self._looks(place.key))
        for seen in self.unless_stuck(looks):
            place = seen
            if place.record is None or self.change(place, None):
                break
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
        except (Unavailable, Refused, CorruptValue) as error:
            raise self._client.error(
                OutcomeUnknown,
                "the entry was deleted, and whether there had been one was not to be learnt.",
                hint="It is not there now, unless somebody has written it again.",
            ) from error

    def _close(self, link: Link, record: bytes) -> bytes | None:
        """End the chain of a cell that is gone; return the record that counted then."""
        looks = (self.chains.newest([link])[0] for _ in repeat(None))
        for version in self.unless_stuck(looks):
            if version.kind == LOST:
                raise self._lost(link.key)
            if version.kind == CLOSED:
                break
            if self.chains.append(link, version, CLOSED, None):
                return version.record if version.number else record
        return None
