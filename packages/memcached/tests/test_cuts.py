"""Connections that are cut at every byte: no wrong value, no outage like a miss, no write twice.

``pytest packages/memcached/tests/test_cuts.py``
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import KVStoreError, OutcomeUnknown, Unavailable
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_testing.proxy import Proxy
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]
Ending = Literal["reset", "close"]
FillThePool = Callable[[MemcachedBackend, str], int]
LetGo = Callable[[Proxy], None]
Impostor = Callable[[Callable[[socket.socket], None]], AbstractContextManager[int]]
Within = Callable[[float], AbstractContextManager[None]]


def sets_done(raw: Raw, server: Memcached) -> int:
    lines = raw(server, b"stats\r\n", b"END\r\n").splitlines()
    return int(next(line for line in lines if line.startswith(b"STAT cmd_set ")).split()[2])


def bytes_of(count: Callable[[], int], call: Callable[[], object]) -> int:
    """Return by how much a call raises one of the proxy's counters, which follow a moment later."""

    def settled() -> int:
        last, same = count(), 0
        while same < 5:
            time.sleep(0.005)
            last, same = (last, same + 1) if count() == last else (count(), 0)
        return last

    before = settled()
    call()
    return settled() - before


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_read_survives_one_cut_at_every_byte(
    proxied: MemcachedBackend, proxy: Proxy, space: str, how: Ending
) -> None:
    cell, value = space + "a", b"a value\r\nEND\r\n of its own"
    proxied.set(cell, value, None)
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.get(cell))
    assert length > len(value) + 20
    for offset in range(length):
        proxied.get(cell)  # so that there is an idle connection
        proxy.cut_reply(offset, how, times=1)
        assert proxied.get(cell) == value, offset
        assert proxied.get_many([cell, space + "b"]) == {cell: value}
    proxy.pass_through()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_read_that_is_cut_again_and_again_is_an_outage(
    proxied: MemcachedBackend, proxy: Proxy, space: str, how: Ending
) -> None:
    cell, value = space + "a", b"a value\r\nEND\r\n of its own"
    proxied.set(cell, value, None)
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.get(cell))
    for offset in range(length):
        proxy.cut_reply(offset, how, times=None)
        with pytest.raises(Unavailable) as raised:
            proxied.get(cell)
        assert raised.value.__cause__ is not None
        with pytest.raises(Unavailable):
            proxied.get_many([cell, space + "b"])
        proxy.pass_through()
        assert proxied.get(cell) == value, offset


def test_a_read_that_makes_the_first_generation_is_still_a_read(
    proxied: MemcachedBackend, proxy: Proxy, space: str
) -> None:
    length = len(b"END\r\nSTORED\r\nEND\r\n")
    for offset in range(length):
        cell = f"{space[:-1]}-{offset}:a"
        proxy.cut_reply(offset, times=None)
        with pytest.raises(Unavailable):
            proxied.get(cell)
        proxy.pass_through()
        assert proxied.get(cell) is None


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_write_whose_reply_is_cut_is_unknown_and_not_repeated(
    proxied: MemcachedBackend,
    proxy: Proxy,
    memcached: Memcached,
    raw: Raw,
    space: str,
    how: Ending,
) -> None:
    cell = space + "a"
    proxied.set(cell, b"0", None)
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.set(cell, b"0", None))
    assert length == len(b"STORED\r\n")
    for offset in range(length):
        proxied.get(cell)
        proxy.cut_reply(offset, how, times=None)
        before = sets_done(raw, memcached)
        with pytest.raises(OutcomeUnknown) as raised:
            proxied.set(cell, b"%d" % offset, None)
        assert raised.value.__cause__ is not None
        assert sets_done(raw, memcached) == before + 1
        proxy.pass_through()
        assert proxied.get(cell) == b"%d" % offset


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_write_whose_request_is_cut_leaves_the_old_value(
    proxied: MemcachedBackend, proxy: Proxy, space: str, how: Ending
) -> None:
    cell = space + "a"
    proxied.set(cell, b"old", None)
    length = bytes_of(lambda: proxy.request_bytes, lambda: proxied.set(cell, b"old", None))
    assert length > len(cell)
    for offset in range(length):
        proxied.get(cell)
        proxy.cut_request(offset, how, times=None)
        with pytest.raises(OutcomeUnknown):
            proxied.set(cell, b"new", None)
        proxy.pass_through()
        assert proxied.get(cell) == b"old", offset


WRITES: dict[str, Callable[[MemcachedBackend, str], object]] = {
    "add": lambda backend, cell: backend.add(cell + "new", b"1", None),
    "delete": lambda backend, cell: backend.delete(cell),
    "compare_and_set": lambda backend, cell: backend.compare_and_set(cell, b"1", b"2", None),
    "take": lambda backend, cell: backend.compare_and_set(cell, b"1", None, None),
    "update": lambda backend, cell: backend.update(cell, lambda old: Write((old or b"") + b"1")),
    "set_many": lambda backend, cell: backend.set_many({cell: b"2", cell + "b": b"2"}, None),
    "delete_many": lambda backend, cell: backend.delete_many([cell, cell + "b"]),
    "clear": lambda backend, cell: backend.clear(cell[: cell.index(":") + 1]),
}


@pytest.mark.parametrize("name", WRITES)
def test_any_write_cut_at_any_byte_tells_the_truth(
    proxied: MemcachedBackend, backend: MemcachedBackend, proxy: Proxy, space: str, name: str
) -> None:
    """After `Unavailable` nothing has changed; after `OutcomeUnknown` all or nothing has."""
    cell, write = space + "a", WRITES[name]

    def state() -> tuple[bytes | None, ...]:
        backend.close()
        return tuple(backend.get(cell + end) for end in ("", "b", "new"))

    def start() -> tuple[bytes | None, ...]:
        backend.set(cell, b"1", None)
        backend.delete(cell + "b")
        backend.delete(cell + "new")
        proxied.close()
        proxied.get(cell)
        return state()

    before = start()
    length = bytes_of(lambda: proxy.reply_bytes, lambda: write(proxied, cell))
    after = state()
    assert after != before
    outcomes = set()
    for offset in range(length):
        assert start() == before
        proxy.cut_reply(offset, "reset", times=None)
        with pytest.raises(KVStoreError) as raised:
            write(proxied, cell)
        proxy.pass_through()
        outcomes.add(type(raised.value))
        if raised.type is OutcomeUnknown:
            assert state() in (before, after)
        else:
            assert raised.type is Unavailable
            assert state() == before
    assert OutcomeUnknown in outcomes


def test_a_clearing_of_unknown_outcome_is_looked_up(
    proxied: MemcachedBackend, proxy: Proxy, space: str, fill_the_pool: FillThePool
) -> None:
    """By every connection: also by those that knew the generation from before."""
    cell = space + "a"
    proxied.set(cell, b"1", None)
    fill_the_pool(proxied, cell)
    assert proxied.get(cell) == b"1"
    proxy.cut_reply(0, times=1)
    with pytest.raises(OutcomeUnknown):
        proxied.clear(space)
    assert len(proxied._cell(cell).server._idle) > 0
    assert proxied.get(cell) is None


def test_increments_under_cuts_are_counted_once_each(
    proxied: MemcachedBackend, proxy: Proxy, space: str
) -> None:
    cell = space + "a"
    sure = unknown = 0
    turn = 0
    # Which reply a cut falls into depends on the machine, too.
    while turn < 200 or (unknown <= 5 and turn < 5000):
        if turn % 3 == 0:
            proxy.cut_reply(turn * 7 % 90, "reset" if turn % 2 else "close", times=1)
        turn += 1
        try:
            proxied.update(cell, lambda old: Write(b"%d" % (int(old or b"0") + 1)))
            sure += 1
        except OutcomeUnknown:
            unknown += 1
        except Unavailable:
            pass
    proxy.pass_through()
    assert unknown > 5
    assert sure <= int(proxied.get(cell) or b"0") <= sure + unknown
