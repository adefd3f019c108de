"""Many cells: one request for each server, and never one that is too long.

``pytest packages/memcached/tests/test_batch.py``
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_kvstore.line import Line
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.batch import batches
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is sent, by all connections; each is one round trip."""
    sent: list[bytes] = []
    send = Line.sendall

    def note(line: Line, data: bytes) -> None:
        sent.append(data)
        send(line, data)

    monkeypatch.setattr(Line, "sendall", note)
    return sent


CALLS: dict[str, Callable[[MemcachedBackend, dict[str, bytes]], object]] = {
    "get": lambda backend, cells: backend.get(next(iter(cells))),
    "set": lambda backend, cells: backend.set(next(iter(cells)), b"1", None),
    "add": lambda backend, cells: backend.add(next(iter(cells)) + "new", b"1", None),
    "delete": lambda backend, cells: backend.delete(next(iter(cells))),
    "get_many": lambda backend, cells: backend.get_many(list(cells)),
    "set_many": lambda backend, cells: backend.set_many(cells, None),
    "delete_many": lambda backend, cells: backend.delete_many(list(cells)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_one_round_trip(
    opened: Open, memcached: Memcached, requests: list[bytes], space: str, name: str
) -> None:
    backend = opened(f"memcached://{memcached.address}?refresh=1000")
    cells = {f"{space}{number}": b"1" for number in range(500)}
    backend.set_many(cells, None)
    requests.clear()
    CALLS[name](backend, cells)
    assert len(requests) == 1


@pytest.mark.parametrize("name", ["get_many", "set_many", "delete_many"])
def test_a_bulk_call_is_one_round_trip_for_each_server(
    opened: Open,
    memcached: Memcached,
    own_server: Callable[..., Memcached],
    requests: list[bytes],
    space: str,
    name: str,
) -> None:
    backend = opened(f"memcached://{memcached.address};{own_server().address}?refresh=1000")
    cells = {f"{space}{number}": b"1" for number in range(500)}
    backend.set_many(cells, None)
    requests.clear()
    CALLS[name](backend, cells)
    assert len(requests) == 2


def test_no_request_is_too_long(backend: MemcachedBackend) -> None:
    records = {f":{number}": b"x" * (number * 100) for number in range(2000)}
    made = list(batches(backend._ring, records, records))
    assert [cell for batch in made for cell in batch.cells] == list(records)
    assert max(len(batch.cells) for batch in made) <= 500
    assert 3_000_000 < max(sum(map(len, batch.records)) for batch in made) <= 4 * 1024 * 1024
    assert len(made) < 60
    assert [len(batch.cells) for batch in batches(backend._ring, records)] == [500] * 4


def test_a_record_longer_than_a_request_should_be_goes_alone(backend: MemcachedBackend) -> None:
    records = {":a": b"1", ":b": b"x" * 5_000_000, ":c": b"1"}
    made = list(batches(backend._ring, records, records))
    assert [batch.cells for batch in made] == [[":a"], [":b"], [":c"]]


def test_many_large_values_come_back(backend: MemcachedBackend, space: str) -> None:
    cells = {f"{space}{number}": bytes([number]) * 700_000 for number in range(12)}
    backend.set_many(cells, None)
    assert backend.get_many([*cells, space + "none"]) == cells
    assert backend.delete_many([*cells, space + "none"]) == 12


def test_nothing_is_asked_for_nothing(backend: MemcachedBackend, requests: list[bytes]) -> None:
    assert backend.get_many([]) == {}
    backend.set_many({}, None)
    assert backend.delete_many([]) == 0
    assert requests == []


def test_a_key_given_twice_counts_once(backend: MemcachedBackend, space: str) -> None:
    backend.set(space + "a", b"1", None)
    assert backend.get_many([space + "a", space + "a"]) == {space + "a": b"1"}
    assert backend.delete_many([space + "a", space + "a"]) == 1
