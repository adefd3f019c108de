"""Values in several parts: what lost a part is absent, and what is replaced leaves nothing behind.

``pytest packages/memcached/tests/test_large.py``
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from django_kvstore import records, split
from django_kvstore.errors import Unavailable
from django_kvstore.options import StoreOptions
from django_kvstore.store import Store
from django_kvstore_memcached import MemcachedBackend
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
OwnServer = Callable[..., Memcached]
Raw = Callable[[Memcached, bytes, bytes], bytes]

LARGE = b"large" * 700_000


def store_on(backend: MemcachedBackend) -> Store:
    return Store(backend, StoreOptions(namespace="large"))


def items(server: Memcached, raw: Raw) -> int:
    """Return how many items the server holds."""
    lines = raw(server, b"stats\r\n", b"END\r\n").splitlines()
    return int(next(line for line in lines if b" curr_items " in line).split()[2])


def parts(store: Store, key: str) -> list[str]:
    """Return the names of the cells that hold the value's parts."""
    cell = store.coder.cell(key)
    record = store.backend.get(cell)
    assert record is not None
    head = split.read_head(records.unpack(cell, record).payload)
    return head.cells(store.options.namespace)


CALLS: dict[str, tuple[Callable[[Store, str], Any], Any]] = {
    "get": (lambda store, key: store.get(key, "gone"), "gone"),
    "get_many": (lambda store, key: store.get_many([key]), {}),
    "exists": (lambda store, key: store.exists(key), False),
    "ttl": (lambda store, key: store.ttl(key), 0.0),
    "touch": (lambda store, key: store.touch(key, 100), False),
    "compare_and_set": (lambda store, key: store.compare_and_set(key, LARGE, 1), False),
    "pop": (lambda store, key: store.pop(key, "gone"), "gone"),
    "delete": (lambda store, key: store.delete(key), False),
    "delete_many": (lambda store, key: store.delete_many([key]), 0),
    "put": (lambda store, key: store.put(key, 1), True),
    "incr": (lambda store, key: store.incr(key, 3), 3),
    "add": (lambda store, key: store.add(key, 1), True),
}


def lose_by_eviction(backend: MemcachedBackend, store: Store, key: str) -> None:
    """Fill the server until it has dropped a part of the value, but not its head."""
    for _ in range(10):
        # Not looked at in between: what is read is dropped last.
        for number in range(64):
            backend.set(f"large-filler:{number}", bytes(1_000_000), None)
        if store.get(key) is None:
            assert backend.get(store.coder.cell(key)) is not None
            return
    pytest.fail("the server evicts nothing")


@pytest.mark.parametrize("call", CALLS)
def test_what_lost_a_part_to_eviction_is_absent(
    opened: Open, own_server: OwnServer, call: str
) -> None:
    server = own_server(megabytes=16)
    backend = opened(f"memcached://{server.address}")
    store = store_on(backend)
    store.set("key", LARGE)
    assert store.get("key") == LARGE
    lose_by_eviction(backend, store, "key")
    act, expected = CALLS[call]
    assert act(store, "key") == expected


@pytest.fixture
def two(opened: Open, own_server: OwnServer) -> tuple[Store, dict[str, Memcached]]:
    """A store on two servers, and these by name."""
    servers = {server.address: server for server in (own_server(), own_server())}
    return store_on(opened(f"memcached://{';'.join(servers)}")), servers


def lose_by_restart(store: Store, servers: dict[str, Memcached]) -> str:
    """Restart the server that has some parts of a value, and not its head; return the key."""
    backend: Any = store.backend
    for number in range(100):
        key = f"key-{number}"
        store.set(key, LARGE, ttl=1000)
        holders = {backend._cell(part).server.name for part in parts(store, key)}
        head = backend._cell(store.coder.cell(key)).server.name
        if holders - {head}:
            assert store.get(key) == LARGE
            servers[(holders - {head}).pop()].restart()
            return key
    pytest.fail("one server has everything")


@pytest.mark.parametrize("call", CALLS)
def test_what_lost_a_part_to_a_restart_is_absent(
    two: tuple[Store, dict[str, Memcached]], call: str
) -> None:
    store, servers = two
    key = lose_by_restart(store, servers)
    act, expected = CALLS[call]
    assert act(store, key) == expected


def test_what_lost_a_part_is_computed_once(two: tuple[Store, dict[str, Memcached]]) -> None:
    store, servers = two
    key = lose_by_restart(store, servers)
    computed: list[int] = []

    def compute() -> bytes:
        computed.append(1)
        return LARGE

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: store.get_or_set(key, compute), range(8)))
    assert all(value == LARGE for value in got)
    assert len(computed) == 1


def test_requests_for_a_value_in_one_part(
    opened: Open, own_server: OwnServer, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a value may have lost a part costs nothing where it has none."""
    backend = opened(f"memcached://{own_server().address}?refresh=1000")
    store = store_on(backend)
    store.set("key", "value", ttl=1000)
    sent: list[int] = []
    (server,) = backend._ring.servers
    run = server.run

    def count_and_run(ask: Any, **arguments: Any) -> Any:
        sent.append(1)
        return run(ask, **arguments)

    monkeypatch.setattr(server, "run", count_and_run)
    expected = {"exists": 1, "ttl": 1, "delete": 1, "set": 1, "get": 1, "touch": 2, "pop": 2}
    counts = {}
    for name in expected:
        sent.clear()
        getattr(store, name)("key", *(["value"] if name == "set" else []))
        counts[name] = len(sent)
        monkeypatch.undo()
        store.set("key", "value", ttl=1000)
        monkeypatch.setattr(server, "run", count_and_run)
    assert counts == expected


def test_large_values_set_at_once_leave_one_behind(
    opened: Open, own_server: OwnServer, raw: Raw
) -> None:
    server = own_server(megabytes=256)
    store = store_on(opened(f"memcached://{server.address}"))
    small = store_on(opened(f"memcached://{server.address}?item_bytes=50000"))
    small.set("key", b"first" * 20_000)
    before = items(server, raw)

    def overwrite(number: int) -> None:
        for turn in range(12):
            small.set("key", bytes([number, turn]) * 50_000)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(overwrite, range(8)))
    assert items(server, raw) == before
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda each: small.set_many({"key": bytes([each]) * 100_000}), range(24)))
    assert items(server, raw) == before
    assert small.delete("key")
    assert store.get("key") is None
    assert items(server, raw) == before - 4  # three parts and their head


def test_touching_a_large_value_at_once_leaves_nothing_behind(
    opened: Open, own_server: OwnServer, raw: Raw
) -> None:
    server = own_server(megabytes=256)
    store = store_on(opened(f"memcached://{server.address}?item_bytes=50000"))
    store.set("key", bytes(100_000))
    before = items(server, raw)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda each: store.touch("key", 1000 + each), range(40)))
    assert store.get("key") == bytes(100_000)
    assert items(server, raw) == before


WRITES: dict[str, Callable[[Store, str], object]] = {
    "set": lambda store, key: store.set(key, LARGE),
    "set_many": lambda store, key: store.set_many({key: LARGE, key + "-b": LARGE}),
    "add": lambda store, key: store.add(key, LARGE),
    "put": lambda store, key: store.put(key, LARGE),
    "compare_and_set": lambda store, key: store.compare_and_set(key, "old", LARGE),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_failed_leaves_no_parts_on_the_other_server(
    two: tuple[Store, dict[str, Memcached]], raw: Raw, write: str
) -> None:
    store, servers = two
    (_, alive), (_, dead) = servers.items()
    keys = [f"key-{number}" for number in range(20)]
    for key in keys:
        store.get(key)
        store.set(key, "old")
    held = items(alive, raw)
    dead.kill()
    failed = 0
    for key in keys:
        try:
            WRITES[write](store, key)
        except Unavailable:
            failed += 1
        else:
            for name in (key, key + "-b"):
                with suppress(Unavailable):  # which has no parts then
                    store.delete(name)
    assert failed > 5
    assert items(alive, raw) <= held + 1  # a generation of the parts
