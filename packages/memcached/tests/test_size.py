"""A record that is too large for the server leaves the old one where it is.

``pytest packages/memcached/tests/test_size.py``
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import ValueTooLarge
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.connection import Connection
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]


def test_the_longest_record_fits(backend: MemcachedBackend, space: str) -> None:
    assert backend.cell_bytes is not None
    longest = b"x" * backend.cell_bytes
    for name in ("a", "k" * 1000):
        backend.set(space + name, longest, None)
        assert backend.get(space + name) == longest
    assert backend.compare_and_set(space + "a", longest, longest[::-1], None)


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
    monkeypatch.setattr(Connection, "has_room", lambda *arguments: True)
    backend.set(space + "a", b"old", None)
    with pytest.raises(ValueTooLarge, match="deletes the old value"):
        backend.set(space + "a", b"x" * 1_048_576, None)
    assert backend.get(space + "a") is None
    backend.set(space + "a", b"new", None)
    assert backend.get(space + "a") == b"new"


@pytest.mark.parametrize("size", ["2047", "0", "-1", "1.5", "many"])
def test_an_item_must_have_room_for_a_part(opened: Open, size: str) -> None:
    with pytest.raises(ValueError, match="item_bytes"):
        opened(f"memcached://127.0.0.1?item_bytes={size}")
    assert opened("memcached://127.0.0.1?item_bytes=2048").cell_bytes == 2048


@pytest.mark.parametrize(("given", "read"), [("0", 0.0), ("0.5", 0.5), ("10", 10.0)])
def test_a_refresh_may_be_zero(opened: Open, given: str, read: float) -> None:
    assert opened(f"memcached://127.0.0.1?refresh={given}").options["refresh"] == read
    for wrong in ("-1", "nan", "inf", "soon"):
        with pytest.raises(ValueError, match="refresh"):
            opened(f"memcached://127.0.0.1?refresh={wrong}")
