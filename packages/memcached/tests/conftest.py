"""Backends on real memcached servers, each closed at the end of its test, and ways to disturb them.

``def test_it(opened, memcached): backend = opened(f"memcached://{memcached.address}")``
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any

import pytest

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_testing.proxy import Proxy
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
Answer = Callable[[socket.socket], None]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Give ``opened(url)``: a backend made as the core makes it."""
    with ExitStack() as stack:

        def open_backend(text: str) -> MemcachedBackend:
            url = StoreURL.parse(text)
            params = read_params(MemcachedBackend.params, url.params, where="the test's store")
            backend = MemcachedBackend("tested", url, params)
            stack.callback(backend.close)
            return backend

        yield open_backend


@pytest.fixture(scope="session")
def memcached(engine: Callable[..., Any]) -> Memcached:
    """A server for every test that does not harm it."""
    server: Memcached = engine(Memcached)
    return server


@pytest.fixture
def own_server(available: Callable[..., None]) -> Iterator[Callable[..., Memcached]]:
    """Give ``own_server(...)``: a server of the test's own, to be killed and restarted."""
    with ExitStack() as stack:

        def start(**options: Any) -> Memcached:
            server = Memcached(**options)
            available(server)
            return stack.enter_context(server)

        yield start


@pytest.fixture
def proxy(memcached: Memcached) -> Iterator[Proxy]:
    """A proxy in front of the server, that cuts and holds."""
    with Proxy(memcached.host, memcached.port) as proxy:
        yield proxy


@pytest.fixture
def space() -> str:
    """The prefix of cells that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}:"


@pytest.fixture
def backend(opened: Open, memcached: Memcached) -> MemcachedBackend:
    """A backend on the server."""
    return opened(f"memcached://{memcached.address}")


def ask_raw(server: Memcached, request: bytes, last: bytes) -> bytes:
    """Return what the server answers to bytes that no client would send."""
    with server.connect() as connection:
        connection.sendall(request)
        answer = b""
        while not answer.endswith(last):
            piece = connection.recv(65_536)
            assert piece, f"the server ended the connection after {answer!r}"
            answer += piece
    return answer


@pytest.fixture
def raw() -> Callable[[Memcached, bytes, bytes], bytes]:
    """Give ``raw(server, request, last)``, past every client."""
    return ask_raw


@pytest.fixture
def proxied(opened: Open, proxy: Proxy) -> MemcachedBackend:
    """A backend that talks to the server through the proxy, and asks for nothing on the side."""
    return opened(f"memcached://{proxy.host}:{proxy.port}?timeout=0.4&refresh=1000")


def let_go(proxy: Proxy) -> None:
    """Let everything through, the answers that come too late first."""
    proxy.pass_through()
    until = time.monotonic() + 20
    while proxy.open_connections and time.monotonic() < until:
        time.sleep(0.005)


@pytest.fixture(name="let_go")
def _let_go() -> Callable[[Proxy], None]:
    """Give ``let_go(proxy)``."""
    return let_go


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


@pytest.fixture(name="within")
def _within() -> Callable[[float], AbstractContextManager[None]]:
    """Give ``with within(seconds): …``."""
    return within


@contextmanager
def impostor(answer: Answer) -> Iterator[int]:
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


@pytest.fixture(name="impostor")
def _impostor() -> Callable[[Answer], AbstractContextManager[int]]:
    """Give ``with impostor(answer) as port: …``."""
    return impostor


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


@pytest.fixture(name="fill_the_pool")
def _fill_the_pool() -> Callable[[MemcachedBackend, str], int]:
    """Give ``fill_the_pool(backend, cell)``."""
    return fill_the_pool
