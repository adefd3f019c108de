"""Starts memcached from Debian's package.

``with Memcached() as server: pymemcache.PooledClient((server.host, server.port))``
"""

from __future__ import annotations

import shutil
import socket

from django_kvstore_testing.port import HOST
from servers.server import Server


class Memcached(Server):
    """One memcached on TCP, or on a Unix socket; several are several objects.

    ``host`` may be "::1" where the machine has IPv6, ``megabytes`` is its memory for items,
    ``largest_item`` its -I option ("1m", "512k"), and ``options`` are passed on as they are.
    """

    name = "memcached"
    users = ("memcache", "nobody")

    def __init__(
        self,
        *,
        host: str = HOST,
        unix: bool = False,
        megabytes: int = 64,
        largest_item: str = "",
        options: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.host = host
        self.unix = unix
        self.megabytes = megabytes
        self.largest_item = largest_item
        self.options = options

    @property
    def socket_path(self) -> str:
        """Where the Unix variant listens."""
        return str(self.folder / "memcached.sock")

    def available(self) -> str | None:
        if shutil.which("memcached") is None:
            return "no memcached on PATH: apt-get install memcached"
        return None

    def command(self) -> list[str]:
        place = (
            ["-s", self.socket_path, "-a", "0777"]
            if self.unix
            else ["-U", "0", "-l", self.host, "-p", str(self.port)]
        )
        largest = ["-I", self.largest_item] if self.largest_item else []
        return ["memcached", *place, "-m", str(self.megabytes), *largest, *self.options]

    def stop(self) -> None:
        # It has nothing to save, and takes a second to end in order.
        self.kill()

    def ready(self) -> bool:
        try:
            with self.connect() as connection:
                connection.sendall(b"version\r\n")
                return connection.recv(64).startswith(b"VERSION ")
        except OSError:
            return False

    def connect(self) -> socket.socket:
        """A raw connection to it, for what a client would not send."""
        if not self.unix:
            return socket.create_connection((self.host, self.port), timeout=1)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(1)
        try:
            connection.connect(self.socket_path)
        except OSError:
            connection.close()
            raise
        return connection
