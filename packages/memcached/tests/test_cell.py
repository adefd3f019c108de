"""One cell: conditions, versions, expiry to the moment, and records that are too large.

``pytest packages/memcached/tests/test_cell.py``
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from django_kvstore import records
from django_kvstore.backend import Write
from django_kvstore.errors import Conflict, ValueTooLarge
from django_kvstore_memcached import MemcachedBackend
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]

MONTH = 30 * 24 * 60 * 60


def record(cell: str, payload: bytes, expires: float | None) -> bytes:
    return records.pack(cell, payload, code=1, expires=expires)


# Conditions.


def test_a_cell_is_written_where_it_is_as_expected(backend: MemcachedBackend, space: str) -> None:
    cell = space + "a"
    assert not backend.compare_and_set(cell, b"0", b"1", None)
    assert backend.compare_and_set(cell, None, b"1", None)
    assert not backend.compare_and_set(cell, None, b"2", None)
    assert not backend.compare_and_set(cell, b"2", b"3", None)
    assert backend.compare_and_set(cell, b"1", b"2", None)
    assert backend.get(cell) == b"2"


def test_a_cell_is_deleted_where_it_is_as_expected(backend: MemcachedBackend, space: str) -> None:
    cell = space + "a"
    assert not backend.compare_and_set(cell, b"1", None, None)
    assert backend.compare_and_set(cell, None, None, None)
    backend.set(cell, b"1", None)
    assert not backend.compare_and_set(cell, None, None, None)
    assert not backend.compare_and_set(cell, b"2", None, None)
    assert backend.get(cell) == b"1"
    assert backend.compare_and_set(cell, b"1", None, None)
    assert backend.get(cell) is None
    assert backend.get_many([cell]) == {}
    assert not backend.delete(cell)
    assert backend.add(cell, b"3", None)
    assert backend.get(cell) == b"3"


def test_an_update_starts_again_when_somebody_was_faster(
    backend: MemcachedBackend, space: str
) -> None:
    cell = space + "a"
    backend.set(cell, b"1", None)
    seen = []

    def change(old: bytes | None) -> Write:
        seen.append(old)
        if len(seen) == 1:
            backend.set(cell, b"2", None)
        return Write(b"mine")

    backend.update(cell, change)
    assert seen == [b"1", b"2"]
    assert backend.get(cell) == b"mine"


def test_an_update_may_leave_the_cell_alone_create_it_or_delete_it(
    backend: MemcachedBackend, space: str
) -> None:
    cell = space + "a"
    backend.update(cell, lambda old: None)
    assert backend.get(cell) is None
    backend.update(cell, lambda old: Write(None))
    assert backend.get(cell) is None
    backend.update(cell, lambda old: Write(b"1" if old is None else b"wrong"))
    backend.update(cell, lambda old: None)
    assert backend.get(cell) == b"1"
    backend.update(cell, lambda old: Write(None))
    assert backend.get(cell) is None


def test_an_update_gives_up_with_a_conflict(
    backend: MemcachedBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = space + "a"
    monkeypatch.setattr(MemcachedBackend, "contention_timeout", 0.05)

    def change(old: bytes | None) -> Write:
        backend.set(cell, (old or b"") + b"x", None)
        return Write(b"never")

    with pytest.raises(Conflict, match="kept changing"):
        backend.update(cell, change)
    assert set(backend.get(cell) or b"") == {ord("x")}


def test_a_deletion_is_refused_when_somebody_was_faster(
    backend: MemcachedBackend, space: str
) -> None:
    backend.set(space + "a", b"1", None)
    cell = backend._cell(space + "a")
    found, version = cell.look()
    assert found == b"1"
    backend.set(space + "a", b"2", None)
    assert not cell.swap(version, Write(None))
    assert backend.get(space + "a") == b"2"


def test_an_error_of_the_callers_own_is_the_callers(backend: MemcachedBackend, space: str) -> None:
    def change(old: bytes | None) -> Write:
        raise ValueError("of the caller's own")

    with pytest.raises(ValueError, match=r"^of the caller's own$"):
        backend.update(space + "a", change)


def test_a_swap_of_equal_bytes_is_not_refused(backend: MemcachedBackend, space: str) -> None:
    """Somebody who writes the same record again has not changed the cell."""
    cell = space + "a"
    backend.set(cell, b"same", None)
    stop = threading.Event()

    def rewrite() -> None:
        while not stop.is_set():
            backend.set(cell, b"same", None)

    thread = threading.Thread(target=rewrite)
    thread.start()
    try:
        for _ in range(300):
            assert backend.compare_and_set(cell, b"same", b"same", None)
    finally:
        stop.set()
        thread.join()


def test_every_increment_counts(backend: MemcachedBackend, space: str) -> None:
    cell = space + "a"

    def count() -> None:
        for _ in range(100):
            backend.update(cell, lambda old: Write(b"%d" % (int(old or b"0") + 1)))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert backend.get(cell) == b"800"


# Expiry.


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


# Size.


def test_the_longest_record_fits(backend: MemcachedBackend, space: str) -> None:
    assert backend.cell_bytes is not None
    longest = b"x" * backend.cell_bytes
    for name in ("a", "k" * 1000):
        backend.set(space + name, longest, None)
        assert backend.get(space + name) == longest
    assert backend.compare_and_set(space + "a", longest, longest[::-1] + b"", None)


WAYS: dict[str, Callable[[MemcachedBackend, str, bytes], object]] = {
    "set": lambda backend, cell, large: backend.set(cell, large, None),
    "set_many": lambda backend, cell, large: backend.set_many(
        {cell: large, cell + "2": b"2"}, None
    ),
    "compare_and_set": lambda backend, cell, large: backend.compare_and_set(
        cell, b"old", large, None
    ),
    "update": lambda backend, cell, large: backend.update(cell, lambda old: Write(large)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_is_too_large_leaves_the_old_one(
    backend: MemcachedBackend, space: str, way: str
) -> None:
    cell = space + "a"
    backend.set(cell, b"old", None)
    with pytest.raises(ValueTooLarge, match="item_bytes=1048192"):
        WAYS[way](backend, cell, b"x" * 1_048_576)
    assert backend.get(cell) == b"old"
    assert backend.get(cell + "2") is None


def test_a_server_with_smaller_items_is_asked_before_it_refuses(
    opened: Open, own_server: Callable[..., Memcached], space: str
) -> None:
    server = own_server(largest_item="512k")
    backend = opened(f"memcached://{server.address}")
    cell = space + "a"
    backend.set(cell, b"old", None)
    with pytest.raises(ValueTooLarge, match=r"524288 at most.*item_bytes=523904"):
        backend.set(cell, b"x" * 600_000, None)
    assert backend.get(cell) == b"old"
    backend.set(cell, b"x" * 523_904, None)
    # Restarted with another limit: what was learnt of the old process is not taken for the new.
    server.stop()
    server.largest_item = "1m"
    server.start()
    backend.set(cell, b"x" * 600_000, None)
    assert len(backend.get(cell) or b"") == 600_000


def test_a_server_that_keeps_its_limit_to_itself_still_tells_of_the_loss(
    backend: MemcachedBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django_kvstore_memcached.connection import Connection

    monkeypatch.setattr(Connection, "has_room", lambda *arguments: True)
    backend.set(space + "a", b"old", None)
    with pytest.raises(ValueTooLarge, match="deletes the old value"):
        backend.set(space + "a", b"x" * 1_048_576, None)
    assert backend.get(space + "a") is None
    backend.set(space + "a", b"new", None)
    assert backend.get(space + "a") == b"new"
