"""Writes that end in the middle: never told as if nothing had happened.

``pytest packages/tyrant/tests/test_outcome.py``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import OutcomeUnknown, Unavailable
from django_kvstore_tyrant import TyrantBackend, protocol
from django_kvstore_tyrant.mark import mark_name
from servers.tyrant import Tyrant

Open = Callable[[str], TyrantBackend]

CELLS = {f":{number}": b"1" for number in range(1200)}
CALLS: list[Callable[[TyrantBackend], object]] = [
    lambda backend: backend.set_many(CELLS, None),
    lambda backend: backend.delete_many(list(CELLS)[:70]),
    lambda backend: backend.clear(":"),
]


@pytest.fixture(params=["stand-in-hash", "stand-in-tree", "hash", "tree"])
def server(request: pytest.FixtureRequest, own_server: Callable[..., Tyrant]) -> Tyrant:
    return own_server(request.param)


@pytest.fixture
def backend(opened: Open, server: Tyrant) -> TyrantBackend:
    backend = opened(f"tyrant://{server.address}")
    backend.set_many(CELLS, None)
    return backend


@pytest.fixture
def end_after(
    backend: TyrantBackend, server: Tyrant, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], None]:
    """Give ``end_after(commands)``: the server ends after the next write of so many, or more."""
    tell = backend._client.tell

    def end(least: int) -> None:
        def last(*commands: protocol.Command) -> list[Any]:
            replies = tell(*commands)
            if len(commands) >= least:
                monkeypatch.setattr(backend._client, "tell", tell)
                server.stop()
            return replies

        monkeypatch.setattr(backend._client, "tell", last)

    return end


@pytest.mark.parametrize("call", CALLS, ids=["set", "delete", "clear"])
def test_many_that_were_written_in_part(
    backend: TyrantBackend,
    server: Tyrant,
    end_after: Callable[[int], None],
    call: Callable[[TyrantBackend], object],
) -> None:
    end_after(1)
    with pytest.raises(OutcomeUnknown, match="Part of the work"):
        call(backend)
    with pytest.raises(Unavailable):
        call(backend)
    server.start()
    call(backend)


def test_deleted_in_part_within_one_portion(
    backend: TyrantBackend, end_after: Callable[[int], None]
) -> None:
    """A changed entry is deleted on its own."""
    for cell in (":1", ":2"):
        backend.update(cell, lambda old: Write(b"2"))
    end_after(4)
    with pytest.raises(OutcomeUnknown, match="Part of the work"):
        backend.delete_many([":1", ":2"])


def test_a_disk_that_is_full_before_the_last_one(
    backend: TyrantBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = backend._client.tell

    def full(*commands: protocol.Command) -> list[Any]:
        if len(commands) > 1:
            return [*tell(*commands[:-1]), False]
        tell(*commands)
        return [None]

    monkeypatch.setattr(backend._client, "tell", full)
    with pytest.raises(OutcomeUnknown, match="failed to write"):
        backend.set_many({":1": b"2", ":2": b"2"}, None)


@pytest.mark.parametrize("missing", ["mark", "counter"])
def test_a_change_that_was_written_is_not_told_as_one_that_was_not(
    backend: TyrantBackend,
    server: Tyrant,
    end_after: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
) -> None:
    """Repeating it would count twice."""
    backend.update(":1", lambda old: Write(b"2"))
    name = mark_name(b":1")
    if missing == "counter":
        name = backend._registers.look(b":1").link.name(0)

    def change(old: bytes | None) -> Write:
        backend._client.tell(protocol.out(name))
        end_after(4)
        return Write(b"3")

    with pytest.raises(OutcomeUnknown, match="Read, then decide"):
        backend.update(":1", change)
