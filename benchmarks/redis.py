"""Starts a Redis for the peers that keep their values there; none of our engines does.

``stage.server(Redis())``
"""

from __future__ import annotations

import shutil
import socket

from servers.server import Server


class Redis(Server):
    """One Redis in memory alone, on a port of its own."""

    name = "Redis"
    users = ("redis", "nobody")

    def available(self) -> str | None:
        if shutil.which("redis-server") is None:
            return "no redis-server on PATH: apt-get install redis-server"
        return None

    def command(self) -> list[str]:
        place = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)]
        return ["redis-server", *place, "--save", "", "--appendonly", "no"]

    def ready(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    @property
    def url(self) -> str:
        return f"redis://{self.address}"
