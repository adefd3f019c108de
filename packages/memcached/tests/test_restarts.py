"""Connections that died while idle, are given back, or belong to a parent process.

``pytest packages/memcached/tests/test_restarts.py``
"""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import Unavailable
from django_kvstore.url import StoreURL
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


def test_a_restart_is_nobodys_problem(
    opened: Open, own_server: Callable[..., Memcached], space: str, fill_the_pool: FillThePool
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
    opened: Open, own_server: Callable[..., Memcached], space: str, fill_the_pool: FillThePool
) -> None:
    server = own_server()
    backend = opened(f"memcached://{server.address}")
    for _ in range(5):
        fill_the_pool(backend, space + "a")
        server.restart()
        for _ in range(10):
            backend.set(space + "a", b"1", None)
        assert backend.get(space + "a") == b"1"


def test_idle_connections_are_given_back(
    opened: Open, memcached: Memcached, proxy: Proxy, space: str, fill_the_pool: FillThePool
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


@pytest.mark.filterwarnings("error")
def test_a_backend_that_nobody_has_leaves_no_connection(
    opened: Open, memcached: Memcached, raw: Raw, space: str
) -> None:
    def connections() -> int:
        lines = raw(memcached, b"stats\r\n", b"END\r\n").splitlines()
        return int(next(line for line in lines if b" curr_connections " in line).split()[2])

    url = StoreURL.parse(f"memcached://{memcached.address}")
    backend = MemcachedBackend("dropped", url, opened(f"memcached://{memcached.address}").options)
    before = connections()
    backend.set(space + "a", b"1", None)
    assert connections() == before + 1
    del backend
    gc.collect()
    until = time.monotonic() + 5
    while connections() != before:
        assert time.monotonic() < until
