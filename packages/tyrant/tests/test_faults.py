"""Connections that are cut, held and lost: no wrong value, no hang, no outage like a miss.

``pytest packages/tyrant/tests/test_faults.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import KVStoreError, OutcomeUnknown, Timeout, Unavailable
from django_kvstore_testing.proxy import Proxy
from django_kvstore_tyrant import TyrantBackend
from servers.tyrant import Tyrant

Open = Callable[[str], TyrantBackend]
Ending = Literal["reset", "close"]

LIMIT = 0.4


@pytest.fixture
def proxied(opened: Open, proxy: Proxy) -> TyrantBackend:
    """A backend that talks to the server through the proxy."""
    return opened(f"tyrant://{proxy.host}:{proxy.port}?timeout={LIMIT}")


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


# Cut at every byte.


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_read_survives_one_cut_at_every_byte(
    proxied: TyrantBackend, proxy: Proxy, space: str, how: Ending
) -> None:
    cell, value = space + "a", b"a value of its own"
    proxied.set(cell, value, None)
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.get(cell))
    assert length > len(cell) + len(value)
    for offset in range(length):
        proxied.get(cell)  # so that there is an idle connection
        proxy.cut_reply(offset, how, times=1)
        assert proxied.get(cell) == value, offset


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_read_that_is_cut_for_ever_is_told(
    proxied: TyrantBackend, proxy: Proxy, space: str, how: Ending
) -> None:
    cell, value = space + "a", b"v"
    proxied.set(cell, value, None)
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.get(cell))
    for offset in range(length):
        proxy.cut_reply(offset, how, times=None)
        with pytest.raises(Unavailable):
            proxied.get(cell)
    proxy.pass_through()
    assert proxied.get(cell) == value


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("way", ["reply", "request"])
def test_a_write_that_is_cut_is_unknown_and_not_sent_again(
    proxied: TyrantBackend, proxy: Proxy, space: str, how: Ending, way: str
) -> None:
    cell = space + "a"
    count = (lambda: proxy.reply_bytes) if way == "reply" else (lambda: proxy.request_bytes)
    proxied.set(cell, b"before", None)
    length = bytes_of(count, lambda: proxied.set(cell, b"before", None))
    for offset in range(length):
        proxied.set(cell, b"before", None)
        cut = proxy.cut_reply if way == "reply" else proxy.cut_request
        cut(offset, how, times=1)
        with pytest.raises(OutcomeUnknown):
            proxied.set(cell, b"after!", None)
        assert proxied.get(cell) in ({b"after!"} if way == "reply" else {b"before", b"after!"})


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("way", ["reply", "request"])
def test_an_atomic_change_that_is_cut_anywhere_happens_once_or_not(
    proxied: TyrantBackend, proxy: Proxy, space: str, how: Ending, way: str
) -> None:
    """Offsets count from the first byte of all the requests that one change makes."""
    cell, steps = space + "n", 0
    proxied.set(cell, b"0", None)

    def count_up() -> None:
        proxied.update(cell, lambda record: Write(str(int(record or b"0") + 1).encode()))

    for _ in range(3):
        count_up()
    known = {3}
    count = (lambda: proxy.reply_bytes) if way == "reply" else (lambda: proxy.request_bytes)
    length = bytes_of(count, count_up)
    known = {4}
    for offset in range(0, length + 10, 3):
        proxied.get(cell)
        (proxy.cut_reply if way == "reply" else proxy.cut_request)(offset, how, times=1)
        before, unknown = min(known), False
        try:
            count_up()
            known = {number + 1 for number in known}
        except OutcomeUnknown:
            known |= {number + 1 for number in known}
            steps += 1
            unknown = True
        except Unavailable:
            pass
        proxy.pass_through()
        found = int(proxied.get(cell) or b"0")
        assert found in known, offset
        # On a busy machine the server may do what it was sent after the next read.
        known = {found, found + 1} if unknown and found == before else {found}
    assert steps > 0


# Held.


def test_a_server_that_never_answers_is_told_in_time(
    proxied: TyrantBackend, proxy: Proxy, space: str
) -> None:
    cells = {f"{space}{number}": str(number).encode() for number in range(100)}
    proxied.set_many(cells, None)
    first, *others = cells
    calls: list[tuple[Callable[[], object], type[KVStoreError]]] = [
        (lambda: proxied.get(first), Timeout),
        (lambda: proxied.get_many(others), Timeout),
        (lambda: proxied.scan(space, None, 10), Timeout),
        (proxied.ping, Timeout),
        (lambda: proxied.set(first, b"late", None), OutcomeUnknown),
        (lambda: proxied.add(space + "new", b"late", None), OutcomeUnknown),
        (lambda: proxied.compare_and_set(first, b"0", b"late", None), Timeout),
    ]
    for fresh in (False, True):
        for call, kind in calls:
            proxy.pass_through()
            if fresh:
                proxied.close()
            else:
                proxied.ping()
            proxy.hold()
            begun = time.monotonic()
            with pytest.raises(Timeout if fresh else kind):
                call()
            assert time.monotonic() - begun < LIMIT + 0.5
    proxy.pass_through()
    deadline = time.monotonic() + 5
    while proxied.get(first) != b"late" and time.monotonic() < deadline:
        time.sleep(0.01)
    for turn in range(10_000):
        name = others[turn % len(others)]
        assert proxied.get(name) == cells[name]


def test_a_reply_that_comes_late_answers_nobody(
    proxied: TyrantBackend, proxy: Proxy, space: str
) -> None:
    proxied.set(space + "a", b"a's", None)
    proxied.set(space + "b", b"b's", None)
    proxy.hold("reply")
    with pytest.raises(Timeout):
        proxied.get(space + "a")
    proxy.pass_through()
    for _ in range(20):
        assert proxied.get(space + "b") == b"b's"
        assert proxied.get(space + "c") is None


# Lost.


def test_connections_that_the_server_ended_are_nobodys_problem(
    proxied: TyrantBackend, proxy: Proxy, space: str
) -> None:
    """Neither for reading nor for writing: it is seen before anything is sent."""
    for number in range(20):
        for how in ("reset", "close"):
            proxied.ping()
            proxy.drop(how)
            time.sleep(0.01)
            proxied.set(space + "a", str(number).encode(), None)
            proxy.drop(how)
            time.sleep(0.01)
            assert proxied.add(f"{space}{how}{number}", b"", None)
            proxy.drop(how)
            time.sleep(0.01)
            assert proxied.get(space + "a") == str(number).encode()


def test_what_nobody_asked_is_nobodys_answer(opened: Open, server: Tyrant, space: str) -> None:
    """A connection on which something waits to be read is not used again."""
    backend = opened(f"tyrant://{server.address}")
    backend.set(space + "a", b"a's", None)
    connection = backend._client._pool.take()
    assert connection is not None
    connection._line._socket.send(b"\xc8\x88")
    time.sleep(0.1)
    backend._client._pool.give(connection)
    assert backend.get(space + "a") == b"a's"


@pytest.mark.parametrize("name", ["stand-in-hash", "stand-in-tree", "hash", "tree"])
def test_a_server_killed_and_restarted(
    opened: Open, own_server: Callable[..., Tyrant], name: str
) -> None:
    server = own_server(name)
    backend = opened(f"tyrant://{server.address}?timeout=2")
    backend.set(":a", b"1", None)
    backend.set(":b", b"2", None)
    server.stop()
    for call in (
        lambda: backend.get(":a"),
        lambda: backend.set(":a", b"3", None),
        lambda: backend.delete(":a"),
        lambda: backend.scan(":", None, 10),
    ):
        with pytest.raises(Unavailable):
            call()
    server.start()
    assert backend.get(":a") == b"1"
    for _ in range(3):
        server.kill()
        with pytest.raises(Unavailable):
            backend.get(":a")
        server.start()
        backend.set(":c", b"4", None)
        assert backend.get(":c") == b"4"
