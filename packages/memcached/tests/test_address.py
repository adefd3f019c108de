"""A URL's hosts are read, or refused with the way out, before anything is connected.

``pytest packages/memcached/tests/test_address.py``
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from django_kvstore.line import Address, show
from django_kvstore.url import StoreURL
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_memcached.address import read_addresses
from servers.memcached import Memcached

Open = Callable[..., MemcachedBackend]


@pytest.mark.parametrize(
    ("url", "addresses", "shown"),
    [
        ("memcached://localhost", (("localhost", 11211),), ["localhost:11211"]),
        ("memcached://10.0.0.1:11311", (("10.0.0.1", 11311),), ["10.0.0.1:11311"]),
        (
            "memcached://a:1;b;c:3?timeout=2",
            (("a", 1), ("b", 11211), ("c", 3)),
            ["a:1", "b:11211", "c:3"],
        ),
        ("memcached://[::1]:11211", (("::1", 11211),), ["[::1]:11211"]),
        ("memcached://[fe80::1]", (("fe80::1", 11211),), ["[fe80::1]:11211"]),
        ("memcached:///run/m.sock", ("/run/m.sock",), ["/run/m.sock"]),
        ("memcached:///a.sock;/b.sock", ("/a.sock", "/b.sock"), ["/a.sock", "/b.sock"]),
        (
            "memcached://%2Frun%2Fm.sock;a",
            ("/run/m.sock", ("a", 11211)),
            ["/run/m.sock", "a:11211"],
        ),
    ],
)
def test_addresses_are_read(url: str, addresses: tuple[Address, ...], shown: list[str]) -> None:
    assert read_addresses(StoreURL.parse(url)) == addresses
    assert [show(address) for address in addresses] == shown


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("memcached://", "names no server"),
        ("memcached://?timeout=1", "names no server"),
        ("memcached://a:b", "is not a host"),
        ("memcached://a:0", "is not a port"),
        ("memcached://a:65536", "is not a port"),
        ("memcached://::1", "is not a host"),
        ("memcached://a;;b", "is not a host"),
        ("memcached://a:11211/path", "hosts and a path"),
        ("memcached://a:1;b:1;a:1", "a:1 twice"),
        ("memcached://a;a:11211", "a:11211 twice"),
        ("memcached://user:hunter2@a", "SASL is not supported"),
    ],
)
def test_other_addresses_are_refused(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        read_addresses(StoreURL.parse(url))
    assert "hunter2" not in str(refused.value)


def test_making_a_backend_connects_to_nothing(opened: Open) -> None:
    # Port 1 is nobody's: were it connected to, this would fail.
    assert "memcached://127.0.0.1:1" in repr(opened("memcached://127.0.0.1:1"))


def test_ipv6(opened: Open, own_server: Callable[..., Memcached], space: str) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = own_server(host="::1")
    backend = opened(f"memcached://[::1]:{server.port}")
    backend.set(space + "a", b"1", None)
    assert backend.get(space + "a") == b"1"


def test_a_unix_socket(opened: Open, own_server: Callable[..., Memcached], space: str) -> None:
    server = own_server(unix=True)
    backend = opened(f"memcached://{server.socket_path}")
    cells = {f"{space}{number}": b"x" * 100 for number in range(5000)}
    backend.set_many(cells, None)
    assert backend.get_many(list(cells)) == cells
    assert backend.delete_many(list(cells)) == 5000


def test_a_name_with_several_addresses_needs_one_that_answers(
    opened: Open, memcached: Memcached, space: str
) -> None:
    # "localhost" may stand for ::1 first, where this server does not listen.
    backend = opened(f"memcached://localhost:{memcached.port}")
    backend.set(space + "a", b"1", None)
    assert backend.get(space + "a") == b"1"
