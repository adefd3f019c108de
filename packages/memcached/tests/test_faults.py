"""Connections that are cut, held and lost: no wrong value, no hang, no outage like a miss.

``pytest packages/memcached/tests/test_faults.py``
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import KVStoreError, OutcomeUnknown, Timeout, Unavailable
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.connection import Connection
from servers.memcached import Memcached
from servers.proxy import Proxy

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]
Ending = Literal["reset", "close"]

LIMIT = 0.4


@pytest.fixture
def proxied(opened: Open, proxy: Proxy) -> MemcachedBackend:
    """A backend that talks to the server through the proxy, and asks for nothing on the side."""
    return opened(f"memcached://{proxy.host}:{proxy.port}?timeout={LIMIT}&refresh=1000")


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


def let_go(proxy: Proxy) -> None:
    """Let everything through, the answers that come too late first."""
    proxy.pass_through()
    until = time.monotonic() + 20
    while proxy.open_connections and time.monotonic() < until:
        time.sleep(0.005)


# Cut at every byte.


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
    proxied: MemcachedBackend, proxy: Proxy, space: str
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
    for turn in range(200):
        if turn % 3 == 0:
            proxy.cut_reply(turn * 7 % 90, "reset" if turn % 2 else "close", times=1)
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


# Never answered.


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


def test_a_server_that_never_answers_is_an_error_in_time(
    proxied: MemcachedBackend, proxy: Proxy, space: str
) -> None:
    cells = {f"{space}{number}": b"value %d" % number for number in range(100)}
    proxied.set_many(cells, None)
    names = list(cells)
    proxy.hold("reply")
    for name in names[:3]:
        with within(LIMIT + 0.5), pytest.raises(Timeout):
            proxied.get(name)
    with within(LIMIT + 0.5), pytest.raises(Timeout):
        proxied.get_many(names)
    with within(LIMIT + 0.5), pytest.raises(Timeout):
        proxied.ping()
    with within(LIMIT + 0.5), pytest.raises(Timeout):  # it reads before it writes
        proxied.compare_and_set(names[0], b"value 0", b"x", None)
    let_go(proxy)
    proxied.get(names[0])
    proxy.hold("reply")
    with within(LIMIT + 0.5), pytest.raises(OutcomeUnknown):
        proxied.set(names[0], b"value 0", None)
    let_go(proxy)
    proxied.get(names[0])
    proxy.hold("reply")
    with within(LIMIT + 0.5), pytest.raises(OutcomeUnknown):
        proxied.delete_many([f"{space}none"])
    let_go(proxy)
    for turn in range(10_000):
        name = names[turn % 100]
        assert proxied.get(name) == cells[name]


def test_a_server_that_reads_nothing_is_an_error_in_time(
    opened: Open, space: str, listener: socket.socket
) -> None:
    backend = opened(f"memcached://127.0.0.1:{listener.getsockname()[1]}?timeout={LIMIT}")
    for server in backend._ring.servers:
        server.check_room = lambda *arguments: None  # type: ignore[method-assign]
        server.generations._refresh = 1000.0
    with within(LIMIT + 0.5), pytest.raises(Timeout):
        backend.set(space + "a", b"x" * 10_000_000, None)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that accepts, by way of its backlog, and does nothing else."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        yield listener


def test_connecting_takes_no_longer_than_it_may(opened: Open, space: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        crowd = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            crowd.append(one)
        time.sleep(0.1)
        port = full.getsockname()[1]
        backend = opened(f"memcached://127.0.0.1:{port}?connect_timeout={LIMIT}")
        with within(LIMIT + 0.5), pytest.raises(Timeout, match="connecting"):
            backend.get(space + "a")
        with within(LIMIT + 0.5), pytest.raises(Timeout, match="Nothing was sent"):
            backend.set(space + "a", b"1", None)
        for one in crowd:
            one.close()


@contextmanager
def impostor(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that gives one connection after the other to `answer`; yields its port."""
    current: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    current[:] = [connection]
                    with connection, suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            for end in (listener, *current):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


def test_a_server_that_answers_a_byte_at_a_time_is_an_error_in_time(
    opened: Open, space: str
) -> None:
    def trickle(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"V")
            time.sleep(0.02)

    with impostor(trickle) as port:
        backend = opened(f"memcached://127.0.0.1:{port}?timeout={LIMIT}")
        with within(LIMIT + 0.5), pytest.raises(Timeout):
            backend.get(space + "a")


def test_the_second_half_of_an_answer_gets_what_time_the_first_left(
    opened: Open, space: str
) -> None:
    def stop_half_way(connection: socket.socket) -> None:
        connection.recv(4096)
        time.sleep(0.9)
        connection.sendall(b"VALUE ")
        connection.recv(4096)

    with impostor(stop_half_way) as port:
        backend = opened(f"memcached://127.0.0.1:{port}?timeout=1")
        with within(1 + 0.5), pytest.raises(Timeout):
            backend.get(space + "a")


ANSWERS: list[tuple[Callable[[Connection], object], bytes, object]] = [
    (lambda line: line.look(b"get", b"a"), b"END\r\n", (None, None)),
    (
        lambda line: line.look(b"get", b"a"),
        b"VALUE a 0 4\r\n\r\n\r\n\r\nEND\r\n",
        (b"\r\n\r\n", None),
    ),
    (lambda line: line.look(b"get", b"a"), b"VALUE a 0 0\r\n\r\nEND\r\n", (b"", None)),
    (lambda line: line.look(b"gets", b"a"), b"VALUE a 7 1 99\r\nx\r\nEND\r\n", (b"x", b"99")),
    (lambda line: line.store(b"set", b"a", b"x"), b"STORED\r\n", True),
    (lambda line: line.store(b"cas", b"a", b"x", version=b"9"), b"EXISTS\r\n", False),
    (lambda line: line.store(b"cas", b"a", b"x", version=b"9"), b"NOT_FOUND\r\n", False),
    (lambda line: line.delete_all([b"a"]), b"HD t-1 f0\r\nDELETED\r\n", 1),
    (lambda line: line.delete_all([b"a", b"b"]), b"EN\r\nNOT_FOUND\r\nHD t5 f0\r\nDELETED\r\n", 1),
    (lambda line: line.delete_all([b"a"]), b"ERROR\r\nDELETED\r\n", 1),  # before 1.6
    (lambda line: line.has_room(2000), b"STAT item_size_max 2048\r\nSTAT x y\r\nEND\r\n", False),
    (lambda line: line.has_room(2000), b"SERVER_ERROR unsupported\r\n", True),
    (lambda line: line.get_many([b"a", b"b"]), b"VALUE b 0 1\r\nx\r\nEND\r\n", {b"b": b"x"}),
    (lambda line: line.store_all({b"a": b"x", b"b": b"y"}, 0, 0), b"STORED\r\nSTORED\r\n", 2),
]


@pytest.mark.parametrize(("ask", "answer", "expected"), ANSWERS)
def test_an_answer_may_come_in_any_two_pieces(
    ask: Callable[[Connection], object], answer: bytes, expected: object
) -> None:
    cuts = iter(range(1, len(answer)))

    def answer_in_two(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(4096):
            cut = next(cuts)
            connection.sendall(answer[:cut])
            time.sleep(0.003)
            connection.sendall(answer[cut:])

    with impostor(answer_in_two) as port:
        connection = Connection(("127.0.0.1", port), connect_timeout=1, timeout=1)
        try:
            for _ in range(1, len(answer)):
                connection.largest_item = None
                assert ask(connection) == expected
        finally:
            connection.close()


def test_a_slow_answer_leaves_the_next_one_its_time() -> None:
    def be_slow(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"END")
        time.sleep(0.8)
        connection.sendall(b"\r\n")
        connection.recv(4096)
        time.sleep(0.5)
        connection.sendall(b"END\r\n")
        connection.recv(4096)

    with impostor(be_slow) as port:
        connection = Connection(("127.0.0.1", port), connect_timeout=1, timeout=1)
        try:
            assert connection.look(b"get", b"a") == (None, None)
            assert connection.look(b"get", b"b") == (None, None)
        finally:
            connection.close()


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"VALUE someone-elses-key 0 1\r\nx\r\nEND\r\n",
        b"VALUE\r\n",
        b"VALUE a b c\r\n",
        b"STORED\r\n",
        b"\r\n",
        b"ERROR\r\n",
        b"SERVER_ERROR out of memory\r\n",
        b"CLIENT_ERROR unauthenticated\r\n",
    ],
)
def test_a_server_that_talks_nonsense_is_an_outage(opened: Open, space: str, words: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(words)

    with impostor(talk) as port:
        backend = opened(f"memcached://127.0.0.1:{port}")
        for _ in range(2):
            with pytest.raises(Unavailable):
                backend.get(space + "a")
            with pytest.raises(Unavailable):
                backend.get_many([space + "a", space + "b"])
            with pytest.raises(Unavailable):
                backend.ping()
        backend.close()


# Died, and come back.


def fill_the_pool(backend: MemcachedBackend, cell: str) -> int:
    """Use several connections at once; return how many are idle now."""
    start = threading.Barrier(6, timeout=10)
    backend.close()

    def hold_one(line: Any) -> object:
        start.wait()
        return line.get(b"x")

    server = backend._cell(cell).server
    threads = [threading.Thread(target=server.run, args=(hold_one,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(server._idle)


def test_a_restart_is_nobodys_problem(
    opened: Open, own_server: Callable[..., Memcached], space: str
) -> None:
    server = own_server()
    backend = opened(f"memcached://{server.address}?refresh=0.5")
    cell = space + "a"
    calls: list[Callable[[], object]] = [
        lambda: backend.get(cell),
        lambda: backend.set(cell, b"1", None),
        lambda: backend.delete(cell),
        lambda: backend.add(cell, b"1", None),
        lambda: backend.set_many({cell: b"1"}, None),
        lambda: backend.clear(space),
        lambda: backend.update(cell, lambda old: Write(b"1")),
    ]
    for first in calls:
        backend.set(cell, b"old", None)
        assert fill_the_pool(backend, cell) == 6
        server.kill()
        with pytest.raises(Unavailable):
            backend.get(cell)
        server.start()
        first()
        assert backend.get(cell) in (None, b"1")
        for _ in range(20):
            backend.set(cell, b"2", None)
            assert backend.get(cell) == b"2"
    # What was written since the restart stays: it is under the new server's generation.
    time.sleep(0.6)
    assert backend.get(cell) == b"2"


def test_a_quick_restart_is_noticed_before_a_write(
    opened: Open, own_server: Callable[..., Memcached], space: str
) -> None:
    server = own_server()
    backend = opened(f"memcached://{server.address}")
    for _ in range(5):
        fill_the_pool(backend, space + "a")
        server.restart()
        for _ in range(10):
            backend.set(space + "a", b"1", None)
        assert backend.get(space + "a") == b"1"


def test_an_interrupted_call_leaves_nothing_for_the_next(
    proxied: MemcachedBackend, backend: MemcachedBackend, proxy: Proxy, space: str
) -> None:
    cell = space + "a"
    proxied.set(cell, b"old", None)

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for turn in range(3):
            proxied.get(cell)
            proxy.hold("reply")
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                proxied.get(cell)
            assert len(proxied._cell(cell).server._idle) == 0
            backend.set(cell, b"%d" % turn, None)
            let_go(proxy)
            assert proxied.get(cell) == b"%d" % turn
    finally:
        signal.signal(signal.SIGALRM, before)


def test_idle_connections_are_given_back(
    opened: Open, memcached: Memcached, proxy: Proxy, space: str
) -> None:
    backend = opened(f"memcached://{proxy.host}:{proxy.port}?pool_size=3&idle_timeout=0.2")
    cell = space + "a"
    backend.set(cell, b"1", None)
    assert fill_the_pool(backend, cell) == 3
    server = backend._cell(cell).server
    backend.close_old()
    assert len(server._idle) == 3
    time.sleep(0.25)
    made = proxy.connections
    assert backend.get(cell) == b"1"  # on a new one: nobody knows what became of the old
    assert proxy.connections == made + 1
    time.sleep(0.25)
    backend.close_old()
    assert len(server._idle) == 0
    backend.get(cell)
    backend.close()
    assert len(server._idle) == 0
    assert backend.get(cell) == b"1"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(
    opened: Open, memcached: Memcached, space: str
) -> None:
    backend = opened(f"memcached://{memcached.address}")
    cells = {f"{space}{number}": b"value %d" % number for number in range(10)}
    backend.set_many(cells, None)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            backend.forked()
            right = all(backend.get(name) == value for name, value in [*cells.items()] * 100)
            code = 0 if right else 2
        finally:
            os._exit(code)
    for name, value in [*cells.items()] * 100:
        assert backend.get(name) == value
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    for name, value in cells.items():  # the child's end has not ended the parent's connection
        assert backend.get(name) == value
