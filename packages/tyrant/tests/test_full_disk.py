"""A server that can no longer write: told as that, and soon.

``pytest packages/tyrant/tests/test_full_disk.py``

It answers `putkeep` as if a record were there, and there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import OutcomeUnknown, Refused
from django_kvstore_tyrant import TyrantBackend, protocol
from django_kvstore_tyrant.client import Client
from django_kvstore_tyrant.mark import mark_name
from servers.tyrant import Tyrant

Open = Callable[[str], TyrantBackend]


@pytest.fixture(params=["stand-in-hash", "stand-in-tree", "hash", "tree"])
def backend(
    request: pytest.FixtureRequest,
    opened: Open,
    own_server: Callable[..., Tyrant],
    monkeypatch: pytest.MonkeyPatch,
) -> TyrantBackend:
    """A backend whose server wrote some entries, and writes no more."""
    server = own_server(request.param)
    backend = opened(f"tyrant://{server.address}")
    backend.set_many({":plain": b"1", ":changed": b"1", ":taken": b"1"}, None)
    backend.update(":changed", lambda old: Write(b"2"))
    backend.update(":taken", lambda old: Write(None))
    found = backend._client.server
    server.stop()
    server.read_only = True
    server.start()
    backend.close()
    # Opened for reading alone a server is refused; one whose disk is full is not.
    monkeypatch.setattr("django_kvstore_tyrant.client.greet", lambda _: found)
    run, requests = Client._run, 0

    def counted(self: Client, *arguments: Any, **options: Any) -> list[Any]:
        nonlocal requests
        requests += 1
        assert requests < 1000, "it does not come to an end"
        return run(self, *arguments, **options)

    monkeypatch.setattr(Client, "_run", counted)
    return backend


@pytest.mark.parametrize(
    "call",
    [
        lambda backend: backend.set(":plain", b"2", None),
        lambda backend: backend.set_many({":plain": b"2"}, None),
        lambda backend: backend.add(":new", b"2", None),
        lambda backend: backend.add(":taken", b"2", None),
        lambda backend: backend.compare_and_set(":new", None, b"2", None),
        lambda backend: backend.compare_and_set(":plain", b"1", b"2", None),
        lambda backend: backend.compare_and_set(":changed", b"2", b"3", None),
        lambda backend: backend.update(":new", lambda old: Write(b"2")),
        lambda backend: backend.update(":plain", lambda old: Write(b"2")),
        lambda backend: backend.update(":changed", lambda old: Write(b"3")),
        lambda backend: backend.delete(":changed"),
    ],
    ids=lambda _: "",
)
def test_what_cannot_be_written_is_told(
    backend: TyrantBackend, call: Callable[[TyrantBackend], object]
) -> None:
    with pytest.raises((Refused, OutcomeUnknown), match="failed to write"):
        call(backend)
    assert backend.get_many([":plain", ":changed", ":taken", ":new"]) == {
        ":plain": b"1",
        ":changed": b"2",
    }
    assert not backend.compare_and_set(":plain", b"2", b"3", None)


def test_a_chain_that_cannot_be_ended_is_told(backend: TyrantBackend) -> None:
    """A disk that is full lets records be deleted."""
    key = b":changed"
    raw, mark = backend._client.ask(protocol.get(key), protocol.get(mark_name(key)))
    with pytest.raises(OutcomeUnknown, match="not to be learnt"):
        backend._registers._removed(key, raw, True, mark)
