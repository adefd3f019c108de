"""A cell is gone from the moment of its expiry on, to every call, and not before.

``pytest packages/memcached/tests/test_expired.py``
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from django_kvstore import records
from django_kvstore.backend import Write
from django_kvstore.line import Line
from django_kvstore_memcached import MemcachedBackend
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]

MONTH = 30 * 24 * 60 * 60


def record(cell: str, payload: bytes, expires: float | None) -> bytes:
    return records.pack(cell, payload, code=1, expires=expires)


def held_by_memcached(raw: Raw, server: Memcached, backend: MemcachedBackend, cell: str) -> bool:
    """Say whether memcached still has the item, whatever the backend says."""
    place = backend._cell(cell)
    name = place.server.run(place.name)
    return raw(server, b"mg %b\r\n" % name, b"\r\n") == b"HD\r\n"


@pytest.fixture
def expired(backend: MemcachedBackend, memcached: Memcached, raw: Raw, space: str) -> str:
    """A cell whose record has just expired, and which memcached still has."""
    cell = space + "expired"
    expires = time.time() + 0.2
    backend.set(cell, record(cell, b"old", expires), expires)
    assert backend.get(cell) is not None
    time.sleep(max(expires - time.time(), 0) + 0.002)
    assert held_by_memcached(raw, memcached, backend, cell)
    return cell


def test_an_expired_cell_is_absent_to_get(backend: MemcachedBackend, expired: str) -> None:
    assert backend.get(expired) is None
    assert backend.get_many([expired]) == {}


def test_an_expired_cell_is_absent_to_delete(backend: MemcachedBackend, expired: str) -> None:
    assert backend.delete(expired) is False


def test_an_expired_cell_is_absent_to_delete_many(
    backend: MemcachedBackend, expired: str, space: str
) -> None:
    backend.set(space + "b", b"1", None)
    assert backend.delete_many([expired, space + "b", space + "c"]) == 1


def test_an_expired_cell_is_absent_to_add(backend: MemcachedBackend, expired: str) -> None:
    assert backend.add(expired, b"new", None)
    assert backend.get(expired) == b"new"


def test_an_expired_cell_is_absent_to_compare_and_set(
    backend: MemcachedBackend, expired: str
) -> None:
    # What it held is no longer what it holds.
    _, version = backend._cell(expired).look()
    assert version is not None
    assert not backend.compare_and_set(expired, b"old", b"new", None)
    assert backend.compare_and_set(expired, None, b"new", None)
    assert backend.get(expired) == b"new"


def test_an_expired_cell_is_absent_to_update(backend: MemcachedBackend, expired: str) -> None:
    backend.update(expired, lambda old: Write(b"new" if old is None else b"wrong"))
    assert backend.get(expired) == b"new"


def test_one_of_many_adders_takes_over_an_expired_cell(
    backend: MemcachedBackend, expired: str
) -> None:
    won = []
    start = threading.Barrier(16)

    def contend(number: int) -> None:
        start.wait()
        if backend.add(expired, b"%d" % number, None):
            won.append(b"%d" % number)

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [backend.get(expired)]


@pytest.mark.parametrize("days", [29, 31, 400, 4000, 36_000])
def test_an_expiry_however_far_away_is_kept(
    backend: MemcachedBackend, memcached: Memcached, raw: Raw, space: str, days: int
) -> None:
    cell = space + "a"
    expires = time.time() + days * 24 * 60 * 60 + 0.5
    kept = record(cell, b"1", expires)
    backend.set(cell, kept, expires)
    assert backend.get(cell) == kept
    place = backend._cell(cell)
    look = raw(memcached, b"mg %b t\r\n" % place.server.run(place.name), b"\r\n")
    left = int(look.split()[1][1:])
    if expires < 2**31 - 2:
        assert expires <= time.time() + left <= expires + 4
    else:
        assert left == -1
    assert backend.delete(cell)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every request that goes to a server from now on."""
    requests: list[bytes] = []
    send = Line.sendall

    def note_and_send(line: Line, data: bytes, *arguments: float) -> None:
        requests.append(data)
        send(line, data, *arguments)

    monkeypatch.setattr(Line, "sendall", note_and_send)
    return requests


WRITES: dict[str, Callable[[MemcachedBackend, str, bytes, float], object]] = {
    "set": lambda backend, cell, new, expires: backend.set(cell, new, expires),
    "set_many": lambda backend, cell, new, expires: backend.set_many({cell: new}, expires),
    "add": lambda backend, cell, new, expires: backend.add(cell, new, expires),
    "add to nothing": lambda backend, cell, new, expires: backend.compare_and_set(
        cell, None, new, expires
    ),
    "compare_and_set": lambda backend, cell, new, expires: (
        backend.set(cell, b"old", None),
        backend.compare_and_set(cell, b"old", new, expires),
    ),
    "update": lambda backend, cell, new, expires: (
        backend.set(cell, b"old", None),
        backend.update(cell, lambda old: Write(new, expires)),
    ),
}


@pytest.mark.parametrize("way", WRITES)
@pytest.mark.parametrize("ttl", [30.0, 3600.0, 29 * 24 * 3600.0])
def test_the_servers_clock_need_not_agree_with_ours(
    backend: MemcachedBackend, space: str, sent: list[bytes], way: str, ttl: float
) -> None:
    """What goes to the server is how many seconds are left, and not a time of our clock."""
    cell = space + "a"
    expires = time.time() + ttl
    new = record(cell, b"new", expires)
    WRITES[way](backend, cell, new, expires)
    (written,) = [request for request in sent if new in request]
    exptime = int(written.split(b" ")[3])
    # It began a moment ago, on a machine that may be busy.
    assert ttl - 60 < exptime < ttl + 2
    assert exptime >= 1


def test_memcached_forgets_what_has_expired(
    backend: MemcachedBackend, memcached: Memcached, raw: Raw, space: str
) -> None:
    cell = space + "a"
    backend.set(cell, record(cell, b"1", time.time() + 0.5), time.time() + 0.5)
    assert held_by_memcached(raw, memcached, backend, cell)
    until = time.monotonic() + 6
    while held_by_memcached(raw, memcached, backend, cell):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("expires", [-1.0, 0.0, 1.0, MONTH - 1.0, 1_000_000_000.0])
def test_an_expiry_in_the_past_is_over_at_once(
    backend: MemcachedBackend, memcached: Memcached, raw: Raw, space: str, expires: float
) -> None:
    cell = space + "a"
    backend.set(cell, record(cell, b"1", expires), expires)
    assert not held_by_memcached(raw, memcached, backend, cell)
    assert backend.get(cell) is None


def test_writing_over_a_cell_forgets_its_expiry(
    backend: MemcachedBackend, memcached: Memcached, space: str
) -> None:
    cell = space + "a"
    backend.set(cell, record(cell, b"1", time.time() + 0.3), time.time() + 0.3)
    backend.set(cell, record(cell, b"2", None), None)
    time.sleep(0.4)
    assert backend.get(cell) == record(cell, b"2", None)
    assert backend.delete(cell)
