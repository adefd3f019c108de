"""Chains whose writers died or were slow, and chains that go while somebody reads them.

``pytest packages/tyrant/tests/test_chain.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import CorruptValue, NotSupported, OutcomeUnknown
from django_kvstore_tyrant import TyrantBackend, protocol
from django_kvstore_tyrant.chain import Chains, Link, Version
from django_kvstore_tyrant.mark import mark_name
from django_kvstore_tyrant.sweep import GRACE
from servers.tyrant import Tyrant

Open = Callable[[str], TyrantBackend]


def extend(backend: TyrantBackend, cell: str, number: int = 1) -> None:
    for _ in range(number):
        backend.update(cell, lambda old: Write((old or b"") + b"+"))


def forget(backend: TyrantBackend) -> None:
    backend._registers.chains._seen.clear()


@pytest.mark.parametrize("dead", [1, 2, 3, 10])
def test_writers_who_died_before_they_counted(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch, dead: int
) -> None:
    cell = space + "a"
    backend.set(cell, b"", None)
    for turn in range(1, 4):
        with monkeypatch.context() as patch:
            patch.setattr(Chains, "_tidy", lambda *_: None)
            extend(backend, cell, dead)
        forget(backend)
        assert backend.get(cell) == b"+" * (dead + 100) * (turn - 1) + b"+" * dead
        extend(backend, cell, 100)
        forget(backend)
        assert backend.get(cell) == b"+" * (dead + 100) * turn


def test_a_writer_whom_so_many_overtook_that_nothing_shows(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the commands of one request: the server had other things to do."""
    cell = space + "a"
    backend.set(cell, b"", None)
    extend(backend, cell, 5)
    tell = backend._client.tell

    def slow(*commands: protocol.Command) -> list[object]:
        replies = tell(*commands)
        if len(commands) == 4:
            replies[2] = (1000).to_bytes(
                4, "big" if backend._client.server.big_endian else "little"
            )
        return replies

    monkeypatch.setattr(backend._client, "tell", slow)
    with pytest.raises(OutcomeUnknown, match="Read, then decide"):
        extend(backend, cell)


def test_a_mark_that_a_purge_took_is_put_back(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = space + "a"
    backend.set(cell, b"", None)
    append = Chains.append

    def late(self: Chains, link: Link, after: Version, kind: int, record: bytes | None) -> bool:
        backend._client.tell(protocol.out(mark_name(link.key)))
        return append(self, link, after, kind, record)

    monkeypatch.setattr(Chains, "append", late)
    extend(backend, cell)
    assert backend.get(cell) == b"+"


@pytest.mark.parametrize("then", [None, b"new"])
def test_a_chain_that_goes_while_it_is_read(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch, then: bytes | None
) -> None:
    """The reader does not take the record that the chain began with for the one that counts."""
    cell = space + "a"
    backend.set(cell, b"long ago", None)
    backend.update(cell, lambda old: Write(b"now"))
    newest = Chains.newest

    def late(self: Chains, links: Sequence[Link]) -> list[Version]:
        monkeypatch.setattr(Chains, "newest", newest)
        backend.clear(space)
        if then is not None:
            backend.set(cell, then, None)
        return newest(self, links)

    forget(backend)
    monkeypatch.setattr(Chains, "newest", late)
    assert backend.get(cell) == then


@pytest.mark.parametrize("then", [None, b"new"])
def test_a_chain_that_goes_while_many_are_read(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch, then: bytes | None
) -> None:
    """Whichever request of the reader's it is after which all is cleared."""
    cells = [f"{space}{number:02}" for number in range(60)]
    ask = backend._client.ask
    for turn in range(4):
        backend.set_many(dict.fromkeys(cells, b"long ago"), None)
        backend.update(cells[7], lambda old: Write(b"now"))
        asked = 0

        def late(*commands: protocol.Command, turn: int = turn) -> list[Any]:
            nonlocal asked
            replies = ask(*commands)
            if asked == turn:
                monkeypatch.setattr(backend._client, "ask", ask)
                backend.clear(space)
                if then is not None:
                    backend.set(cells[7], then, None)
            asked += 1
            return replies

        forget(backend)
        monkeypatch.setattr(backend._client, "ask", late)
        assert backend.get_many(cells).get(cells[7]) in (b"now", then), turn
        monkeypatch.setattr(backend._client, "ask", ask)
        backend.clear(space)


def test_a_mark_keeps_its_size(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_kvstore_tyrant.mark.KEPT", 8)
    cell = space + "a"
    for number in range(30):
        backend.set(cell, b"%d" % number, None)
        extend(backend, cell, 2)
        assert backend.get(cell) == b"%d++" % number
    (mark,) = backend._client.ask(protocol.get(mark_name(cell.encode())))
    assert len(mark) == 8 * 12


def test_what_was_set_together_is_changed_apart(backend: TyrantBackend, space: str) -> None:
    """Cells that were set together have one token, and each a chain of its own."""
    cells = [f"{space}{number}" for number in range(100)]
    backend.set_many(dict.fromkeys(cells, b""), None)
    for cell in cells:
        extend(backend, cell)
    extend(backend, cells[0])
    expected = {**dict.fromkeys(cells, b"+"), cells[0]: b"++"}
    for _ in range(2):
        assert backend.get_many(cells) == expected
        assert dict(backend.scan(space, None, 1000).cells) == expected
        assert set(backend.scan_keys(space, None, 1000).keys) == set(cells)
        assert backend.count(space) == 100
        assert backend.purge(space, time.time() + 2 * GRACE) == 0
    for cell in cells:
        extend(backend, cell)
    assert backend.get_many(cells) == {cell: value + b"+" for cell, value in expected.items()}
    assert backend.clear(space) == 100
    assert backend.get_many(cells) == {}


@pytest.mark.parametrize("raw", [None, b"", b"S\0\0\0\0", b"?\0\0\0\0what"])
def test_a_record_that_is_lost_is_no_miss(
    backend: TyrantBackend, space: str, raw: bytes | None
) -> None:
    cell = space + "a"
    backend.set(space + "b", b"1", None)
    backend.set(cell, b"", None)
    extend(backend, cell, 3)
    token = backend._registers.look(cell.encode()).link.token
    name = Link(cell.encode(), token).name(3)
    backend._client.tell(protocol.out(name) if raw is None else protocol.put(name, raw))
    calls: list[Callable[[], object]] = [
        lambda: backend.get(cell),
        lambda: backend.get_many([space + "b", cell]),
        lambda: backend.scan(space, None, 10),
        lambda: backend.add(cell, b"2", None),
        lambda: backend.delete(cell),
        lambda: extend(backend, cell),
    ]
    for seen in (True, False):
        for call in calls:
            if not seen:
                forget(backend)
            with pytest.raises(CorruptValue, match="Set the entry anew"):
                call()
    assert backend.purge(space, time.time() + 2 * GRACE) == 0
    assert backend._client.ask(protocol.get(cell.encode())) != [None]
    backend.set(cell, b"", None)
    extend(backend, cell)
    assert backend.get(cell) == b"+"
    backend._client.tell(protocol.out(backend._registers.look(cell.encode()).link.name(1)))
    assert backend.clear(space) == 2


@pytest.mark.parametrize("changes", [1, 2, 3, 30])
@pytest.mark.parametrize("seen", [True, False])
def test_a_reader_comes_to_an_end_while_others_write(
    opened: Open,
    server: Tyrant,
    space: str,
    monkeypatch: pytest.MonkeyPatch,
    changes: int,
    seen: bool,
) -> None:
    """Between any two requests of the reader's so many changes are made and counted."""
    reader, writer = (opened(f"tyrant://{server.address}") for _ in range(2))
    cell, asked, made = space + "a", 0, 10
    writer.set(cell, b"", None)
    extend(writer, cell, made)
    if seen:
        assert reader.get(cell) == b"+" * made
    ask = reader._client.ask

    def late(*commands: protocol.Command) -> list[Any]:
        nonlocal asked, made
        asked += 1
        assert asked < 20, "the reader does not come to an end"
        replies = ask(*commands)
        extend(writer, cell, changes)
        made += changes
        return replies

    monkeypatch.setattr(reader._client, "ask", late)
    found = reader.get(cell)
    assert found is not None
    assert 10 < len(found) <= made


def test_more_changes_than_can_be_counted_are_refused(
    backend: TyrantBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_kvstore_tyrant.chain.LAST", 3)
    cell = space + "a"
    backend.set(cell, b"", None)
    extend(backend, cell, 3)
    with pytest.raises(NotSupported, match="Set it anew"):
        extend(backend, cell)
    assert backend.get(cell) == b"+++"
    backend.set(cell, b"+++", None)
    extend(backend, cell)
    assert backend.get(cell) == b"++++"
    extend(backend, cell, 2)
    assert backend.delete(cell)
    assert backend.get(cell) is None
