"""Clearing a store is a new generation: seen at once here, soon elsewhere, and never undone.

``pytest packages/memcached/tests/test_clearing.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from django_kvstore.errors import CorruptValue, NotSupported
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.connection import Connection
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]


@pytest.fixture
def elsewhere(opened: Open, memcached: Memcached) -> MemcachedBackend:
    """What another process has: nothing in common but the server."""
    return opened(f"memcached://{memcached.address}?refresh=0.3")


def generation_item(space: str) -> bytes:
    return b"~kvstore~" + space.encode()


def test_clearing_takes_everything_of_the_prefix_and_nothing_else(
    backend: MemcachedBackend, space: str
) -> None:
    others = [space.replace("test", "other") + "a", space[:-1] + ";a", space[:-1] + "!a", ":a"]
    mine = [f"{space}{number}" for number in range(100)] + [space + "é" * 300]
    backend.set_many(dict.fromkeys(mine + others, b"1"), None)
    assert backend.clear(space) is None
    assert backend.get_many(mine) == {}
    assert sorted(backend.get_many(others)) == sorted(others)
    assert not backend.delete(mine[0])
    assert backend.add(mine[0], b"2", None)
    assert backend.get(mine[0]) == b"2"
    backend.delete_many(others)


def test_clearing_what_was_never_used(backend: MemcachedBackend, space: str) -> None:
    backend.clear(space)
    backend.set(space + "a", b"1", None)
    backend.clear(space)
    assert backend.get(space + "a") is None


@pytest.mark.parametrize("prefix", ["", "shop", "shop:a", "shop:a:"])
def test_clearing_a_part_is_declared_away(backend: MemcachedBackend, prefix: str) -> None:
    with pytest.raises(NotSupported):
        backend.clear(prefix)


def test_another_process_notices_within_the_refresh(
    backend: MemcachedBackend, elsewhere: MemcachedBackend, space: str
) -> None:
    backend.set(space + "a", b"1", None)
    assert elsewhere.get(space + "a") == b"1"
    backend.clear(space)
    time.sleep(0.3)
    assert elsewhere.get(space + "a") is None
    elsewhere.set(space + "a", b"2", None)
    assert backend.get(space + "a") == b"2"


def test_a_refresh_of_zero_notices_at_once(
    backend: MemcachedBackend, opened: Open, memcached: Memcached, space: str
) -> None:
    exact = opened(f"memcached://{memcached.address}?refresh=0")
    for number in range(20):
        backend.set(space + "a", b"%d" % number, None)
        assert exact.get(space + "a") == b"%d" % number
        backend.clear(space)
        assert exact.get(space + "a") is None


def test_what_another_process_writes_meanwhile_is_lost_with_the_rest(
    backend: MemcachedBackend, opened: Open, memcached: Memcached, space: str
) -> None:
    """The price of no round trip, as the documentation says; it must not come back later."""
    slow = opened(f"memcached://{memcached.address}?refresh=1000")
    slow.set(space + "a", b"1", None)
    backend.clear(space)
    slow.set(space + "b", b"2", None)
    assert slow.get(space + "b") == b"2"
    assert backend.get_many([space + "a", space + "b"]) == {}
    slow.close()  # as a new connection does
    assert slow.get_many([space + "a", space + "b"]) == {}


def test_an_evicted_generation_brings_no_old_entries_back(
    backend: MemcachedBackend,
    elsewhere: MemcachedBackend,
    memcached: Memcached,
    raw: Raw,
    space: str,
) -> None:
    seen = set()
    for number in range(10):
        backend.set(space + "a", b"%d" % number, None)
        item = raw(memcached, b"get " + generation_item(space) + b"\r\n", b"END\r\n")
        seen.add(item.split()[4])
        assert raw(memcached, b"delete " + generation_item(space) + b"\r\n", b"\r\n") == (
            b"DELETED\r\n"
        )
        backend.close()
        assert backend.get(space + "a") is None
    assert len(seen) == 10
    elsewhere.set(space + "a", b"elsewhere", None)
    assert backend.get(space + "a") == b"elsewhere"


def test_processes_that_start_together_agree_on_the_first_generation(
    opened: Open, memcached: Memcached, space: str
) -> None:
    backends = [opened(f"memcached://{memcached.address}") for _ in range(5)]
    for number, one in enumerate(backends):
        one.set(f"{space}{number}", b"1", None)
    for one in backends:
        assert len(one.get_many([f"{space}{number}" for number in range(5)])) == 5


@pytest.mark.parametrize("damage", [b"", b"x" * 24, b"~" * 16 + b"0" * 8, b"y" * 1000])
def test_a_damaged_generation_is_an_error_until_the_store_is_cleared(
    backend: MemcachedBackend, memcached: Memcached, raw: Raw, space: str, damage: bytes
) -> None:
    backend.set(space + "a", b"1", None)
    request = b"set %b 0 0 %d\r\n%b\r\n" % (generation_item(space), len(damage), damage)
    assert raw(memcached, request, b"\r\n") == b"STORED\r\n"
    backend.close()
    with pytest.raises(CorruptValue, match="generation is damaged"):
        backend.get(space + "a")
    with pytest.raises(CorruptValue, match="Clear the store"):
        backend.set(space + "a", b"2", None)
    backend.clear(space)
    assert backend.get(space + "a") is None
    backend.set(space + "a", b"2", None)
    assert backend.get(space + "a") == b"2"


def test_a_prefix_costs_no_round_trip_while_it_is_known(
    opened: Open, own_server: Callable[..., Memcached], raw: Raw, space: str
) -> None:
    # Of its own, since others read from the one for all while this one counts.
    alone = own_server()
    slow = opened(f"memcached://{alone.address}")

    def reads() -> int:
        lines = raw(alone, b"stats\r\n", b"END\r\n").splitlines()
        return int(next(line for line in lines if line.startswith(b"STAT cmd_get ")).split()[2])

    for server in slow._ring.servers:
        server.generations._refresh = 1000.0
    slow.get(space + "a")
    before = reads()
    for number in range(100):
        slow.get(f"{space}{number}")
    assert reads() - before == 100


def test_an_answer_from_before_a_clearing_is_not_held_after_it(
    backend: MemcachedBackend, monkeypatch: pytest.MonkeyPatch, space: str
) -> None:
    """One thread has just been told the old generation when another one clears."""
    backend.set(space + "a", b"1", None)
    ask = Connection.look
    asked = []

    def ask_and_be_overtaken(
        line: Connection, command: bytes, name: bytes
    ) -> tuple[bytes | None, bytes | None]:
        answer = ask(line, command, name)
        asked.append(name)
        if asked == [generation_item(space)]:
            backend.clear(space)
        return answer

    monkeypatch.setattr(Connection, "look", ask_and_be_overtaken)
    backend.close()
    backend.get(space + "a")
    assert asked[0] == generation_item(space)
    assert backend.get(space + "a") is None
    backend.set(space + "a", b"2", None)
    assert backend.get(space + "a") == b"2"


def test_endless_prefixes_take_no_endless_memory(
    backend: MemcachedBackend, monkeypatch: pytest.MonkeyPatch, space: str
) -> None:
    monkeypatch.setattr("django_kvstore_memcached.generations._MOST_HELD", 10)
    for number in range(50):
        backend.set(f"{space[:-1]}-{number}:a", b"1", None)
    assert len(backend._ring.servers[0].generations._held) <= 10
    assert backend.get(f"{space[:-1]}-0:a") == b"1"
