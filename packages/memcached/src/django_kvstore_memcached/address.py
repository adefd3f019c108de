"""Where the servers of a URL are: hosts with ports, or Unix sockets.

``read_addresses(StoreURL.parse("memcached://10.0.0.1;[::1]:11212"))``
"""

from __future__ import annotations

from django_kvstore.line import Address, show
from django_kvstore.url import StoreURL, host_and_port

DEFAULT_PORT = 11211


def read_addresses(url: StoreURL) -> tuple[Address, ...]:
    """Return the address of every server of `url`; raises ``ValueError`` with the way out."""
    if url.username is not None:
        raise ValueError(
            "it gives a user name, and SASL is not supported: remove what stands before the '@' "
            "and let a firewall or a Unix socket say who may connect"
        )
    if url.hosts and url.path:
        raise ValueError(
            "it gives hosts and a path: write memcached://host:port;host:port, "
            "or memcached:///path/to/memcached.sock for a Unix socket"
        )
    addresses: tuple[Address, ...]
    if url.path:
        addresses = tuple("/" + path.lstrip("/") for path in url.path.split(";"))
    else:
        addresses = tuple(_read_host(host) for host in url.hosts)
    if not addresses:
        raise ValueError("it names no server: write memcached://127.0.0.1:11211, say")
    for number, address in enumerate(addresses):
        if address in addresses[:number]:
            raise ValueError(f"it names the server {show(address)} twice")
    return addresses


def _read_host(host: str) -> Address:
    # An encoded path stands for a host, so that sockets and hosts can be named side by side.
    return host if host.startswith("/") else host_and_port(host, DEFAULT_PORT)
