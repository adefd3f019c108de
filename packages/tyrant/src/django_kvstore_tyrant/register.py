"""One entry's cell, read and changed so that nobody's change is lost, whoever dies or is slow.

``place = registers.look(b"shop:visits")``, and ``registers.change(place, record)`` says whether
nobody was there before.

Tokyo Tyrant changes a record only unconditionally, but for `putkeep`, which writes where there is
nothing. So a plain write overwrites the cell, in one request, and a conditional one never does.
It flags the cell, once, as having a chain, and writes what comes next as a version of that chain
(see `chain`). The chain is named by the token of the cell's record: another plain write, which
has another token, leaves the whole chain behind without knowing of it. There is no lock, and no
step that must be followed by another one. ``docs/backends/tyrant.md`` says why it is right.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from django_kvstore.errors import CorruptValue, OutcomeUnknown, Unavailable

from . import protocol
from .cell import CHAINED, LEAVING, Cell, Foreign, Tokens, pack_flag
from .chain import ABSENT, CLOSED, VALUE, Chains, Link, Version
from .client import Client

#: How long, in seconds, a delete has from its flag to its end before others go on in its stead,
#: and after which time of its own, far less, it takes into account that they have.
_DEPARTURE: Final = 1.0
_PUNCTUAL: Final = 0.5


class Place(NamedTuple):
    """What an entry's place held when it was looked at."""

    key: bytes
    #: None: there is no cell.
    cell: Cell | None
    version: Version
    #: The record that counts, or None.
    record: bytes | None


class Registers:
    """The cells of one server, each with its chain."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.chains = Chains(client)
        self.tokens = Tokens()

    # Reading.

    def look(self, key: bytes) -> Place:
        """Return what is at one place. Raises `CorruptValue` when it is no cell."""
        return self.look_at([key])[key]

    def look_at(self, keys: Iterable[bytes]) -> dict[bytes, Place]:
        """Return what is at several places, in at most three requests unless others write."""
        places: dict[bytes, Place] = {}
        left = list(dict.fromkeys(keys))
        while left:
            found = self._read(left)
            chained: dict[bytes, Cell] = {}
            for key in left:
                raw = found.get(key)
                cell = None if raw is None else self._take_apart(raw)
                if cell is not None and cell.chained:
                    chained[key] = cell
                else:
                    record = None if cell is None else cell.record
                    places[key] = Place(key, cell, Version(0), record)
            left = self._follow(chained, found, places) if chained else []
        return places

    def _follow(
        self, chained: dict[bytes, Cell], found: dict[bytes, bytes], places: dict[bytes, Place]
    ) -> list[bytes]:
        """Find the places of cells with a chain; return the keys to be looked at again."""
        links = [Link(key, cell.token) for key, cell in chained.items()]
        doubtful = []
        for (key, cell), version in zip(chained.items(), self.chains.newest(links), strict=True):
            record = version.record if version.number else cell.record
            places[key] = Place(key, cell, version, record)
            if not version.number or version.kind == CLOSED:
                doubtful.append(key)
        if not doubtful:
            return []
        # A cell goes before its chain does: if it is there still, so is all of the chain.
        now = self._read(doubtful)
        return [key for key in doubtful if now.get(key) != found[key]]

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        if len(keys) == 1:
            (raw,) = self._client.ask(protocol.get(keys[0]))
            return {} if raw is None else {keys[0]: raw}
        found: dict[bytes, bytes] = self._client.ask(protocol.mget(keys))[0]
        return found

    def _take_apart(self, raw: bytes) -> Cell:
        try:
            return Cell.read(raw)
        except Foreign as error:
            raise self._client.error(
                CorruptValue,
                f"a cell was not written by this backend, or is damaged: {error}.",
                hint="Write or delete the entry; a database of another program's wants another "
                "namespace.",
            ) from error

    # Changing.

    def change(self, place: Place, record: bytes | None) -> bool:
        """Write the record, or delete with None, if the place still is what it was."""
        if place.cell is None:
            return record is None or self._begin(place.key, record)
        cell = self._chain(place.key, place.cell)
        if cell is None:
            return False
        if cell.leaving and not place.version.number and self._leaves(place.key, cell):
            return False
        kind = ABSENT if record is None else VALUE
        return self.chains.append(Link(place.key, cell.token), place.version, kind, record)

    def _begin(self, key: bytes, record: bytes) -> bool:
        (done,) = self._client.tell(protocol.putkeep(key, self.tokens.make(record)))
        return bool(done)

    def add(self, key: bytes, record: bytes) -> bool:
        """Write the record if there is none; one request where there is no cell."""
        while not self._begin(key, record):
            place = self.look(key)
            if place.record is not None:
                return False
            if place.cell is not None and self.change(place, record):
                return True
        return True

    def _chain(self, key: bytes, cell: Cell) -> Cell | None:
        """Flag the cell as having a chain; return it as it is then, None when it is another."""
        if cell.chained:
            return cell
        # Sent twice, or by somebody who dies then, the flag changes nothing.
        flag = pack_flag(self.tokens.flag(CHAINED))
        _, raw = self._client.ask(protocol.putcat(key, flag), protocol.get(key))
        now = None if raw is None else self._take_apart(raw)
        return now if now is not None and now.token == cell.token else None

    def _leaves(self, key: bytes, cell: Cell) -> bool:
        """Wait for the one who said that he deletes the cell; say whether he did."""
        deadline, pause = time.monotonic() + _DEPARTURE, 0.0005
        while time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
            (raw,) = self._client.ask(protocol.get(key))
            now = None if raw is None else self._take_apart(raw)
            if now is None or now.token != cell.token:
                return True
        return False

    # Deleting whatever is there.

    def take_out(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Delete the cells, whatever they hold; return the records that counted, or None.

        A record was there for one caller of all who delete it, here or by `change`.
        """
        begun = time.monotonic()
        flags = [self.tokens.flag(LEAVING) for _ in keys]
        commands = []
        for key, flag in zip(keys, flags, strict=True):
            commands += [
                protocol.putcat(key, pack_flag(flag)),
                protocol.get(key),
                protocol.out(key),
            ]
        replies = self._client.tell(*commands)
        punctual = time.monotonic() - begun < _PUNCTUAL
        taken: list[bytes | None] = []
        for at, (key, flag) in enumerate(zip(keys, flags, strict=True)):
            _, raw, gone = replies[3 * at : 3 * at + 3]
            taken.append(self._what_went(key, raw, flag.token, punctual) if gone else None)
        return taken

    def _what_went(
        self, key: bytes, raw: bytes | None, token: bytes, punctual: bool
    ) -> bytes | None:
        if raw is None or (cell := _cell(raw)) is None:
            # Written between two of the requests, or by somebody else: it was there.
            return raw or b""
        if punctual and not cell.chained_before(token):
            # Whoever chained it later saw the flag, and waited until the cell was gone.
            return cell.record
        try:
            return self._close(Link(key, cell.token), cell.record)
        except Unavailable as error:
            raise self._client.error(
                OutcomeUnknown,
                "an entry was deleted, and whether it had been there was not to be learnt.",
            ) from error

    def _close(self, link: Link, record: bytes | None) -> bytes | None:
        """End the chain of a cell that is gone; return the record that counted then."""
        while True:
            (version,) = self.chains.newest([link])
            if version.kind == CLOSED:
                return None
            if self.chains.append(link, version, CLOSED, None):
                return version.record if version.number else record


def _cell(raw: bytes) -> Cell | None:
    try:
        return Cell.read(raw)
    except Foreign:
        return None
