"""One cell, written on a condition: where it is absent, or still as it was read.

``pytest packages/memcached/tests/test_cell.py``
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import Conflict
from django_kvstore_memcached import MemcachedBackend
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]


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
