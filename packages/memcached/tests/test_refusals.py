"""A server that answers and refuses: the error says why, and what was not done.

``pytest packages/memcached/tests/test_refusals.py``
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import NotSupported, Refused, Unavailable
from django_kvstore.options import StoreOptions
from django_kvstore.store import Store
from django_kvstore_memcached import MemcachedBackend
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]
OwnServer = Callable[..., Memcached]

CALLS: dict[str, Callable[[MemcachedBackend, str], object]] = {
    "get": lambda backend, cell: backend.get(cell),
    "get_many": lambda backend, cell: backend.get_many([cell, cell + "2"]),
    "set": lambda backend, cell: backend.set(cell, b"1", None),
    "set of a large record": lambda backend, cell: backend.set(cell, b"1" * 100_000, None),
    "set_many": lambda backend, cell: backend.set_many({cell: b"1", cell + "2": b"2"}, None),
    "add": lambda backend, cell: backend.add(cell, b"1", None),
    "update": lambda backend, cell: backend.update(cell, lambda old: Write(b"1")),
    "delete": lambda backend, cell: backend.delete(cell),
    "delete_many": lambda backend, cell: backend.delete_many([cell, cell + "2"]),
    "clear": lambda backend, cell: backend.clear(cell.partition(":")[0] + ":"),
    "ping": lambda backend, cell: backend.ping(),
}


@pytest.fixture
def crowded(own_server: OwnServer) -> Iterator[Memcached]:
    """A server that has as many connections as it accepts."""
    server = own_server(options=("-c", "64", "-t", "1"))
    with ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(server.connect())
            connection.sendall(b"version\r\n")
            # It may end the connection before it has read the question.
            answer = b"ERROR"
            with suppress(ConnectionError):
                answer = connection.recv(100)
            if not answer.startswith(b"VERSION"):
                yield server
                return
    pytest.fail("the server accepts any number of connections")


@pytest.mark.parametrize("call", CALLS)
def test_a_server_without_a_connection_left_is_told(
    opened: Open, crowded: Memcached, space: str, call: str
) -> None:
    backend = opened(f"memcached://{crowded.address}")
    with pytest.raises(Unavailable, match="limit of its connections") as caught:
        CALLS[call](backend, space + "a")
    assert "Nothing was written. Start it with a larger -c" in str(caught.value)


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_wants_a_password_is_told(
    opened: Open,
    impostor: Callable[..., ExitStack],
    space: str,
    call: str,
) -> None:
    def talk(connection: socket.socket) -> None:
        while connection.recv(1_000_000):
            connection.sendall(b"CLIENT_ERROR unauthenticated\r\n")

    with impostor(talk) as port:
        backend = opened(f"memcached://127.0.0.1:{port}")
        with pytest.raises(Refused, match="wants a user name and a password") as caught:
            CALLS[call](backend, space + "a")
        assert not isinstance(caught.value, Unavailable)
        backend.close()


def test_a_server_that_makes_no_room_is_told(
    opened: Open, own_server: OwnServer, space: str
) -> None:
    server = own_server(megabytes=2, options=("-M",))
    backend = opened(f"memcached://{server.address}")

    def fill() -> None:
        for number in range(10_000):
            backend.set(f"{space}{number}", bytes(10_000), None)

    with pytest.raises(Refused, match="out of memory") as caught:
        fill()
    assert "The value was not stored" in str(caught.value)
    assert "without -M" in str(caught.value)
    assert backend.get(space + "0") == bytes(10_000)


@pytest.mark.parametrize("call", ["get", "get_many", "ping"])
def test_a_read_that_is_refused_does_not_speak_of_a_value(
    opened: Open, impostor: Callable[..., ExitStack], space: str, call: str
) -> None:
    def talk(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(b"ERROR\r\n")

    with impostor(talk) as port:
        backend = opened(f"memcached://127.0.0.1:{port}")
        with pytest.raises(Unavailable) as caught:
            CALLS[call](backend, space + "a")
        assert "not stored" not in str(caught.value)
        backend.close()


def test_a_server_without_versions_does_not_deny_what_was_stored(
    opened: Open, own_server: OwnServer
) -> None:
    """get_or_set() has stored the value when it cannot give its lock back."""
    backend = opened(f"memcached://{own_server(options=('-C',)).address}")
    store = Store(backend, StoreOptions(namespace="refusals"))
    assert store.get_or_set("key", lambda: "made") == "made"
    assert store.get("key") == "made"
    assert store.get_or_set("key", lambda: "another") == "made"
    with pytest.raises(NotSupported, match="without the option -C") as caught:
        store.incr("key")
    assert "Nothing was written" not in str(caught.value)
    assert "what the call had stored before it stays" in str(caught.value)
