"""Backends on Tokyo Tyrants: the stand-in everywhere, real ones where there are any.

``def test_it(backend): ...`` runs on a hash and on a B+ tree of each, files and in memory.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_testing.proxy import Proxy
from django_kvstore_tyrant import TyrantBackend
from servers.tyrant import TokyoTyrant, Tyrant, TyrantStandIn

Open = Callable[..., TyrantBackend]

SERVERS: dict[str, Callable[..., Tyrant]] = {
    "stand-in-hash": lambda **options: TyrantStandIn("hash", **options),
    "stand-in-tree": lambda **options: TyrantStandIn("btree", **options),
    "hash": lambda **options: TokyoTyrant("hash", **options),
    "tree": lambda **options: TokyoTyrant("btree", **options),
    "memory-hash": lambda **options: TokyoTyrant("memory-hash", **options),
    "memory-tree": lambda **options: TokyoTyrant("memory-tree", **options),
}
FILES = ["stand-in-hash", "stand-in-tree", "hash", "tree"]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Give ``opened(url)``: a backend made as the core makes it."""
    with ExitStack() as stack:

        def open_backend(text: str) -> TyrantBackend:
            url = StoreURL.parse(text)
            params = read_params(TyrantBackend.params, url.params, where="the test's store")
            backend = TyrantBackend("tested", url, params)
            stack.callback(backend.close)
            return backend

        yield open_backend


@pytest.fixture(scope="session")
def servers(available: Callable[..., None]) -> Iterator[Callable[[str], Tyrant]]:
    """Give ``servers(name)``: one server of each kind, for tests that do it no harm."""
    started: dict[str, Tyrant] = {}
    with ExitStack() as stack:

        def get(name: str) -> Tyrant:
            if name not in started:
                server = SERVERS[name]()
                available(server, optional=isinstance(server, TokyoTyrant))
                started[name] = stack.enter_context(server)
            return started[name]

        yield get


@pytest.fixture
def own_server(available: Callable[..., None]) -> Iterator[Callable[..., Tyrant]]:
    """Give ``own_server(name, …)``: a server of the test's own, to be killed and restarted."""
    with ExitStack() as stack:

        def start(name: str, **options: Any) -> Tyrant:
            server = SERVERS[name](**options)
            available(server, optional=isinstance(server, TokyoTyrant))
            return stack.enter_context(server)

        yield start


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, servers: Callable[[str], Tyrant]) -> Tyrant:
    """Each kind of server in turn."""
    return servers(request.param)


@pytest.fixture
def backend(opened: Open, server: Tyrant) -> TyrantBackend:
    """A backend on the server."""
    return opened(f"tyrant://{server.address}")


@pytest.fixture
def proxy(server: Tyrant) -> Iterator[Proxy]:
    """A proxy in front of the server, that cuts and holds."""
    with Proxy(server.host, server.port) as proxy:
        yield proxy


@pytest.fixture
def space() -> str:
    """The prefix of cells that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}:"
