"""Backends on real memcached servers, each closed at the end of its test.

``def test_it(opened, memcached): backend = opened(f"memcached://{memcached.address}")``
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_memcached import MemcachedBackend
from servers.memcached import Memcached
from servers.proxy import Proxy

Open = Callable[..., MemcachedBackend]


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
