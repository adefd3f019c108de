"""Several servers: every key on one of them, and none of it lost in silence when one is down.

``pytest packages/memcached/tests/test_servers.py``
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import Conflict, NotSupported, OutcomeUnknown, Unavailable
from django_kvstore.options import StoreOptions
from django_kvstore.store import Store
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.batch import Batch
from django_kvstore_memcached.cell import Cell
from django_kvstore_memcached.ring import Ring
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]


class Named:
    """All that hashing knows of a server."""

    def __init__(self, name: str) -> None:
        self.name = name


def ring(*names: str) -> Ring:
    return Ring(Named(name) for name in names)  # type: ignore[misc]


KEYS = [b"=shop:%d" % number for number in range(20_000)]


@pytest.mark.parametrize("number", [2, 3, 5, 10])
def test_keys_are_spread_evenly(number: int) -> None:
    servers = ring(*[f"10.0.0.{last}:11211" for last in range(number)])
    counts = Counter(servers.owner(key).name for key in KEYS)
    assert len(counts) == number
    assert min(counts.values()) > 0.85 * len(KEYS) / number


def test_the_order_in_the_url_does_not_matter() -> None:
    one, other = ring("a:1", "b:1", "c:1"), ring("c:1", "a:1", "b:1")
    assert all(one.owner(key).name == other.owner(key).name for key in KEYS)


def test_a_server_more_takes_its_share_and_moves_nothing_else() -> None:
    before, after = ring("a:1", "b:1", "c:1"), ring("a:1", "b:1", "c:1", "d:1")
    moved = [
        after.owner(key).name for key in KEYS if before.owner(key).name != after.owner(key).name
    ]
    assert set(moved) == {"d:1"}
    assert 0.22 < len(moved) / len(KEYS) < 0.28


def test_where_a_key_belongs_never_changes() -> None:
    """Another release that hashed differently would find every store empty."""
    servers = ring("10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211")
    owners = [servers.owner(b"=:%d" % number).name.split(".")[3][0] for number in range(20)]
    assert "".join(owners) == "13131333113332212222"


class Pair:
    """Two servers and a backend on both."""

    def __init__(self, opened: Open, one: Memcached, other: Memcached, space: str) -> None:
        self.one, self.other = one, other
        self.backend = opened(f"memcached://{one.address};{other.address}")
        cells = [f"{space}{number}" for number in range(40)]
        self.on_one = [cell for cell in cells if self.owner(cell) == one.address]
        self.on_other = [cell for cell in cells if self.owner(cell) == other.address]
        assert len(self.on_one) > 5
        assert len(self.on_other) > 5
        self.cells = dict.fromkeys(cells, b"1")

    def owner(self, cell: str) -> str:
        return self.backend._cell(cell).server.name


@pytest.fixture
def pair(opened: Open, own_server: Callable[..., Memcached], space: str) -> Pair:
    return Pair(opened, own_server(), own_server(), space)


def test_each_cell_is_on_its_server_alone(opened: Open, pair: Pair) -> None:
    pair.backend.set_many(pair.cells, None)
    assert pair.backend.get_many(list(pair.cells)) == pair.cells
    only_one = opened(f"memcached://{pair.one.address}")
    only_other = opened(f"memcached://{pair.other.address}")
    assert sorted(only_one.get_many(list(pair.cells))) == sorted(pair.on_one)
    assert sorted(only_other.get_many(list(pair.cells))) == sorted(pair.on_other)
    assert pair.backend.delete_many(list(pair.cells)) == len(pair.cells)


def test_a_clearing_reaches_every_server(pair: Pair, space: str) -> None:
    pair.backend.set_many(pair.cells, None)
    pair.backend.clear(space)
    assert pair.backend.get_many(list(pair.cells)) == {}


def test_a_server_that_is_down_is_an_error_and_no_miss(pair: Pair, space: str) -> None:
    backend = pair.backend
    backend.set_many(pair.cells, None)
    pair.other.kill()
    for cell in pair.on_one:
        assert backend.get(cell) == b"1"
        backend.set(cell, b"2", None)
    for cell in pair.on_other:
        with pytest.raises(Unavailable, match=pair.other.address):
            backend.get(cell)
        with pytest.raises(Unavailable, match=pair.other.address):
            backend.set(cell, b"2", None)
        with pytest.raises(Unavailable):
            backend.delete(cell)
        with pytest.raises(Unavailable):
            backend.add(cell, b"2", None)
        with pytest.raises(Unavailable):
            backend.update(cell, lambda old: None)
    with pytest.raises(Unavailable, match=pair.other.address):
        backend.get_many(list(pair.cells))
    with pytest.raises(Unavailable, match=pair.other.address):
        backend.ping()
    assert backend.get_many(pair.on_one) == dict.fromkeys(pair.on_one, b"2")


def test_a_bulk_write_looks_at_every_server_first(pair: Pair, space: str) -> None:
    backend = pair.backend
    backend.set_many(pair.cells, None)
    pair.other.kill()
    with pytest.raises(Unavailable, match=pair.other.address):
        backend.set_many(dict.fromkeys(pair.cells, b"2"), None)
    with pytest.raises(Unavailable, match=pair.other.address):
        backend.delete_many(list(pair.cells))
    with pytest.raises(Unavailable, match=pair.other.address):
        backend.clear(space)
    assert backend.get_many(pair.on_one) == dict.fromkeys(pair.on_one, b"1")


def test_a_bulk_write_that_stops_half_way_says_so(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = pair.backend
    backend.set_many(pair.cells, None)
    stored = Batch.set
    written = []

    def store_one_and_lose_the_rest(batch: Batch, *arguments: object) -> int:
        if written:
            (pair.one if written[0] == pair.other.address else pair.other).kill()
        written.append(batch.server.name)
        return stored(batch, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Batch, "set", store_one_and_lose_the_rest)
    with pytest.raises(OutcomeUnknown, match="Part of the work had been done"):
        backend.set_many(dict.fromkeys(pair.cells, b"2"), None)
    done = pair.on_one if written[0] == pair.one.address else pair.on_other
    assert backend.get_many(done) == dict.fromkeys(done, b"2")


def test_a_server_that_comes_back_is_used_again(pair: Pair) -> None:
    backend = pair.backend
    backend.set_many(pair.cells, None)
    pair.other.restart()
    assert backend.get_many(list(pair.cells)) == dict.fromkeys(pair.on_one, b"1")
    backend.set_many(pair.cells, None)
    assert backend.get_many(list(pair.cells)) == pair.cells


ATOMIC: dict[str, Callable[[MemcachedBackend, str], object]] = {
    "compare_and_set": lambda backend, cell: backend.compare_and_set(cell, b"1", b"2", None),
    "take": lambda backend, cell: backend.compare_and_set(cell, b"1", None, None),
    "update": lambda backend, cell: backend.update(cell, lambda old: Write(b"2")),
}


@pytest.mark.parametrize("name", ATOMIC)
def test_a_server_without_versions_refuses_what_needs_them(
    opened: Open, own_server: Callable[..., Memcached], space: str, name: str
) -> None:
    """Its "cas" stores nothing, whatever it is told."""
    backend = opened(f"memcached://{own_server(options=('-C',)).address}")
    backend.contention_timeout = 1.0  # type: ignore[misc]
    cell = space + "a"
    assert backend.add(cell, b"1", None) is True
    assert backend.add(cell + "none", b"1", None) is True
    with pytest.raises(NotSupported, match="without the option -C"):
        ATOMIC[name](backend, cell)
    assert backend.get(cell) == b"1"
    assert backend.delete(cell) is True


def test_the_same_bytes_again_and_again_are_given_up(
    backend: MemcachedBackend, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever compares finds what he looks for, and somebody writes it anew before he is done."""
    look = Cell.look

    def be_faster(cell: Cell) -> tuple[bytes | None, bytes | None]:
        found = look(cell)
        backend.set(cell.cell, b"1", None)
        return found

    monkeypatch.setattr(Cell, "look", be_faster)
    backend.contention_timeout = 0.2  # type: ignore[misc]
    backend.set(space + "a", b"1", None)
    with pytest.raises(Conflict, match="others kept changing"):
        backend.compare_and_set(space + "a", b"1", b"2", None)
    assert backend.get(space + "a") == b"1"


def store_on(backend: MemcachedBackend, namespace: str) -> Store:
    return Store(backend, StoreOptions(namespace=namespace))


@pytest.fixture
def changed(opened: Open, pair: Pair, space: str) -> tuple[Store, dict[str, int]]:
    """A store that had two servers, then one, and has two again; and what is in it by right."""
    name = space[:-1]
    keys = [f"key-{number}" for number in range(60)]
    both = store_on(pair.backend, name)
    both.set_many(dict.fromkeys(keys, 1))
    one = store_on(opened(f"memcached://{pair.one.address}"), name)
    one.set_many(dict.fromkeys(keys[:20], 2))
    one.delete_many(keys[20:40])
    again = store_on(opened(f"memcached://{pair.one.address};{pair.other.address}"), name)
    # What the warning on the page says, of some keys at least: this is no promise.
    assert again.get_many(keys) != dict.fromkeys(keys[:20], 2)
    return again, dict.fromkeys(keys, 1)


def test_after_a_clearing_nothing_from_before_an_earlier_list_comes_back(
    opened: Open, pair: Pair, changed: tuple[Store, dict[str, int]], space: str
) -> None:
    store, keys = changed
    store.clear()
    assert store.get_many(keys) == {}
    # Nor when the list becomes again what it was.
    one = store_on(opened(f"memcached://{pair.one.address}"), space[:-1])
    one.set_many(dict.fromkeys(keys, 3))
    one.clear()
    assert one.get_many(keys) == {}
    store = store_on(opened(f"memcached://{pair.one.address};{pair.other.address}"), space[:-1])
    store.clear()
    assert store.get_many(keys) == {}


def test_a_namespace_of_its_own_for_each_list_shows_nothing_from_another(
    changed: tuple[Store, dict[str, int]], space: str
) -> None:
    store, keys = changed
    fresh = store_on(store.backend, f"{space[:-1]}-2")  # type: ignore[arg-type]
    assert fresh.get_many(keys) == {}
    fresh.set_many(keys)
    assert fresh.get_many(keys) == keys


def test_the_check_says_what_to_do_when_the_list_changes(opened: Open) -> None:
    several = opened("memcached://10.0.0.1;10.0.0.2;10.0.0.3")
    (message,) = several.check(deploy=True)
    assert message.id == "django_kvstore.memcached.I001"
    assert "3 memcached servers" in message.msg
    assert "manage.py kvstore clear tested" in message.hint
    assert list(several.check(deploy=False)) == []
    assert list(several.check()) == []
    assert list(opened("memcached://10.0.0.1").check(deploy=True)) == []
