"""Servers that answer late, slowly or never: an error in time, and nothing wrong afterwards.

``pytest packages/memcached/tests/test_silence.py``
"""

from __future__ import annotations

import math
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import pytest

from django_kvstore.errors import OutcomeUnknown, Timeout
from django_kvstore.line import Progress
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.connection import Connection
from django_kvstore_memcached.keys import TOKEN_BYTES
from django_kvstore_testing.proxy import Proxy
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Raw = Callable[[Memcached, bytes, bytes], bytes]
Ending = Literal["reset", "close"]
FillThePool = Callable[[MemcachedBackend, str], int]
LetGo = Callable[[Proxy], None]
Impostor = Callable[[Callable[[socket.socket], None]], AbstractContextManager[int]]
Within = Callable[[float], AbstractContextManager[None]]


#: What the backend behind the proxy is told to wait, in seconds.
LIMIT = 0.4


def test_a_server_that_never_answers_is_an_error_in_time(
    proxied: MemcachedBackend, proxy: Proxy, space: str, let_go: LetGo, within: Within
) -> None:
    cells = {f"{space}{number}": b"value %d" % number for number in range(100)}
    proxied.set_many(cells, None)
    names = list(cells)
    proxy.hold("reply")
    made = proxy.connections
    with within(LIMIT + 0.5), pytest.raises(Timeout):
        proxied.get(names[0])
    assert proxy.connections == made  # another try would take as long again
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
    opened: Open,
    space: str,
    listener: socket.socket,
    within: Within,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[Connection] = []

    def has_room(line: Connection, record_bytes: int) -> bool:
        used.append(line)
        return True

    # Nothing is asked before the record is sent.
    monkeypatch.setattr(Connection, "has_room", has_room)
    backend = opened(f"memcached://127.0.0.1:{listener.getsockname()[1]}?timeout={LIMIT}")
    for server in backend._ring.servers:
        server.generations._held[space] = b"g" * TOKEN_BYTES, math.inf
    with within(LIMIT + 0.5), pytest.raises(Timeout, match="Nothing was written"):
        backend.set(space + "a", b"x" * 10_000_000, None)
    assert [line.line.progress for line in used] == [Progress.SOME]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that accepts, by way of its backlog, and does nothing else."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        yield listener


def test_connecting_takes_no_longer_than_it_may(opened: Open, space: str, within: Within) -> None:
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


def test_a_server_that_answers_a_byte_at_a_time_is_an_error_in_time(
    opened: Open, space: str, impostor: Impostor, within: Within
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
    opened: Open, space: str, impostor: Impostor, within: Within
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


def test_a_slow_answer_leaves_the_next_one_its_time(impostor: Impostor) -> None:
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


@pytest.mark.parametrize(("late", "limit", "in_time"), [(0.05, 10, True), (0.7, 1, False)])
def test_all_requests_of_a_first_write_share_one_limit(
    opened: Open,
    space: str,
    impostor: Impostor,
    within: Within,
    late: float,
    limit: int,
    in_time: bool,
) -> None:
    """It asks for the generation and for the largest item, and then is sent."""
    asked: list[bytes] = []
    answers = {
        b"get": b"END\r\n",
        b"add": b"STORED\r\n",
        b"stats": b"STAT item_size_max 1048576\r\nEND\r\n",
        b"set": b"STORED\r\n",
    }

    def be_just_in_time(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            asked.append(request.split()[0])
            time.sleep(late)
            connection.sendall(answers[asked[-1]])

    with impostor(be_just_in_time) as port:
        backend = opened(f"memcached://127.0.0.1:{port}?timeout={limit}")
        late_for_it = pytest.raises(Timeout, match="Nothing was written")
        with within(limit + 0.9), nullcontext() if in_time else late_for_it:
            backend.set(space + "a", b"x" * 1000, None)
        backend.close()
    requests = [b"get", b"add", b"stats", b"set"]
    assert asked == (requests if in_time else requests[: min(len(asked), 3)])


def test_an_interrupted_call_leaves_nothing_for_the_next(
    proxied: MemcachedBackend, backend: MemcachedBackend, proxy: Proxy, space: str, let_go: LetGo
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
