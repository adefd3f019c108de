"""Clearing a store is a new generation: seen at once here, soon elsewhere, and never undone.

``pytest packages/memcached/tests/test_clearing.py``
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import pytest

from django_kvstore.errors import CorruptValue, NotSupported, OutcomeUnknown
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


def sealed(token: bytes, space: str) -> bytes:
    """Return what is stored for a generation, with a checksum that matches its characters."""
    return b"%b%08x" % (token, crc32(token, crc32(space.encode())))


@pytest.mark.parametrize(
    "token",
    [
        b" 0\r\nflush_all\r\n",
        b"\r\nflush_all\r\n  ",
        b"a b\r\nflush_all\r\n",
        b" " * 16,
        b"\0" * 16,
        b"~" * 16,
        b"=" * 16,
        b"A" * 15 + b"\n",
        b"A" * 15 + b"\x7f",
        b"\xc3\xa9" * 8,
    ],
)
def test_a_planted_generation_never_becomes_part_of_a_command(
    opened: Open, own_server: Callable[..., Memcached], raw: Raw, space: str, token: bytes
) -> None:
    server = own_server()
    backend = opened(f"memcached://{server.address}")
    assert raw(server, b"set other 0 0 1\r\nx\r\n", b"\r\n") == b"STORED\r\n"
    planted = sealed(token, space)
    request = b"set %b 0 0 %d\r\n%b\r\n" % (generation_item(space), len(planted), planted)
    assert raw(server, request, b"\r\n") == b"STORED\r\n"
    cell = space + "a"
    calls: list[Callable[[], object]] = [
        lambda: backend.get(cell),
        lambda: backend.set(cell, b"1", None),
        lambda: backend.add(cell, b"1", None),
        lambda: backend.delete(cell),
        lambda: backend.compare_and_set(cell, b"1", b"2", None),
        lambda: backend.get_many([cell]),
        lambda: backend.set_many({cell: b"1"}, None),
        lambda: backend.delete_many([cell]),
    ]
    for call in calls:
        with pytest.raises(CorruptValue, match="generation is damaged"):
            call()
    assert raw(server, b"get other\r\n", b"END\r\n").startswith(b"VALUE other ")
    backend.clear(space)
    backend.set(cell, b"1", None)
    assert backend.get(cell) == b"1"


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


class Overtaken:
    """Connections on which the first to store a generation learns of that as the last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self.stored = threading.Event()
        store = Connection.store

        def store_and_wait(line: Connection, command: bytes, *arguments: bytes) -> bool:
            done = store(line, command, *arguments)
            if command == b"set" and arguments[0].startswith(b"~") and not self.stored.is_set():
                self.stored.set()
                assert self.go_on.wait(10)
            return done

        monkeypatch.setattr(Connection, "store", store_and_wait)


@pytest.mark.parametrize("refresh", ["1000", "0"])
def test_of_two_clearings_at_once_none_loses_what_is_written_after_both(
    opened: Open,
    memcached: Memcached,
    elsewhere: MemcachedBackend,
    monkeypatch: pytest.MonkeyPatch,
    space: str,
    refresh: str,
) -> None:
    backend = opened(f"memcached://{memcached.address}?refresh={refresh}")
    backend.set(space + "a", b"1", None)
    overtaken = Overtaken(monkeypatch)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(backend.clear, space)
        assert overtaken.stored.wait(10)
        backend.clear(space)
        overtaken.go_on.set()
        first.result()
    backend.set(space + "a", b"2", None)
    assert backend.add(space + "lock", b"3", None)
    assert elsewhere.get_many([space + "a", space + "lock"]) == {
        space + "a": b"2",
        space + "lock": b"3",
    }
    assert not elsewhere.add(space + "lock", b"4", None)
    backend.close()  # so that it asks for the generation again
    assert backend.get(space + "a") == b"2"
    assert not backend.add(space + "lock", b"5", None)


@pytest.mark.parametrize("refresh", ["1000", "0"])
def test_a_reader_between_two_clearings_does_not_hold_the_first_generation(
    opened: Open,
    memcached: Memcached,
    monkeypatch: pytest.MonkeyPatch,
    space: str,
    refresh: str,
) -> None:
    """A thread asks for the generation, and both clearings end before its answer arrives."""
    backend = opened(f"memcached://{memcached.address}?refresh={refresh}")
    elsewhere = opened(f"memcached://{memcached.address}?refresh=0")
    look = Connection.look
    asked, go_on = threading.Event(), threading.Event()

    def look_and_wait(
        line: Connection, command: bytes, name: bytes
    ) -> tuple[bytes | None, bytes | None]:
        answer = look(line, command, name)
        if name == generation_item(space) and not asked.is_set():
            asked.set()
            assert go_on.wait(10)
        return answer

    elsewhere.set(space + "a", b"1", None)
    monkeypatch.setattr(Connection, "look", look_and_wait)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(backend.get, space + "a")
        assert asked.wait(10)
        for _ in range(2):
            backend.clear(space)
        go_on.set()
        assert reading.result() is None or reading.result() == b"1"
    backend.set(space + "a", b"2", None)
    assert elsewhere.get(space + "a") == b"2"
    assert backend.get(space + "a") == b"2"


@pytest.mark.parametrize("refresh", ["1000", "0"])
def test_what_is_written_under_the_last_generation_is_not_moved_to_an_earlier_one(
    opened: Open,
    memcached: Memcached,
    elsewhere: MemcachedBackend,
    monkeypatch: pytest.MonkeyPatch,
    space: str,
    refresh: str,
) -> None:
    """A lock is taken between two clearings of which the first to be stored ends last."""
    backend = opened(f"memcached://{memcached.address}?refresh={refresh}")
    overtaken = Overtaken(monkeypatch)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(backend.clear, space)
        assert overtaken.stored.wait(10)
        backend.clear(space)
        look = Connection.look
        asked, go_on = threading.Event(), threading.Event()

        def look_and_wait(
            line: Connection, command: bytes, name: bytes
        ) -> tuple[bytes | None, bytes | None]:
            answer = look(line, command, name)
            if name == generation_item(space) and not asked.is_set():
                asked.set()
                assert go_on.wait(10)
            return answer

        monkeypatch.setattr(Connection, "look", look_and_wait)
        backend.close()
        adding = threads.submit(backend.add, space + "lock", b"1", None)
        assert asked.wait(10)
        overtaken.go_on.set()
        first.result()
        go_on.set()
        assert adding.result()
    assert elsewhere.get(space + "lock") == b"1"
    assert not elsewhere.add(space + "lock", b"2", None)


def test_many_clearings_at_once_never_lose_a_later_write(
    opened: Open, memcached: Memcached, space: str
) -> None:
    backend = opened(f"memcached://{memcached.address}?refresh=1000")
    elsewhere = opened(f"memcached://{memcached.address}?refresh=0")
    with ThreadPoolExecutor(4) as threads:
        for number in range(30):
            list(threads.map(backend.clear, [space] * 4))
            backend.set(space + "a", b"%d" % number, None)
            assert elsewhere.get(space + "a") == b"%d" % number


def test_a_clearing_whose_answer_was_lost_is_asked_for(
    backend: MemcachedBackend, monkeypatch: pytest.MonkeyPatch, space: str
) -> None:
    """The server has the new generation, and this process is not told."""
    backend.set(space + "a", b"1", None)
    store = Connection.store

    def store_and_lose(line: Connection, command: bytes, *arguments: bytes) -> bool:
        stored = store(line, command, *arguments)
        if arguments[0].startswith(b"~"):
            backend.get(space + "a")  # another thread holds the generation in between
            raise ConnectionResetError("for a test")
        return stored

    monkeypatch.setattr(Connection, "store", store_and_lose)
    with pytest.raises(OutcomeUnknown):
        backend.clear(space)
    monkeypatch.undo()
    assert backend.get(space + "a") is None
    backend.set(space + "a", b"2", None)
    backend.close()
    assert backend.get(space + "a") == b"2"


def test_endless_prefixes_take_no_endless_memory(
    backend: MemcachedBackend, monkeypatch: pytest.MonkeyPatch, space: str
) -> None:
    monkeypatch.setattr("django_kvstore_memcached.generations._MOST_HELD", 10)
    for number in range(50):
        backend.set(f"{space[:-1]}-{number}:a", b"1", None)
    assert len(backend._ring.servers[0].generations._held) <= 10
    assert backend.get(f"{space[:-1]}-0:a") == b"1"
