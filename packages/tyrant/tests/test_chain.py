"""Chains whose writers died or were slow, and chains that go while somebody reads them.

``pytest packages/tyrant/tests/test_chain.py``
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import OutcomeUnknown
from django_kvstore_tyrant import TyrantBackend, protocol
from django_kvstore_tyrant.chain import Chains, Link, Version
from django_kvstore_tyrant.mark import mark_name


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
