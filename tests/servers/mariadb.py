"""Starts a MariaDB of its own, apart from any that the machine runs.

``with MariaDB() as server: DATABASES = {"default": server.django_database()}``
"""

from __future__ import annotations

import os
import shutil
import socket
from typing import Any

from servers.server import Server

# A server is no user's everyday program: Debian keeps it where only root's PATH looks.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
PROGRAMS = ("mariadb-install-db", "mariadbd", "mariadb")


class MariaDB(Server):
    """One MariaDB: user "root" without a password, database "kvstore", utf8mb4, strict mode.

    Its packets end at the default of 16 MiB and 300 clients may connect. It does not wait for
    the disk, so it is quick; what was committed still survives ``kill``.
    """

    name = "MariaDB"
    users = ("mysql", "nobody")

    def available(self) -> str | None:
        missing = [program for program in PROGRAMS if binary(program) is None]
        if missing:
            return f"no {' and '.join(missing)} on PATH: apt-get install mariadb-server"
        return None

    def prepare(self) -> None:
        self.run(
            str(binary("mariadb-install-db")),
            "--no-defaults",
            f"--datadir={self._data}",
            # Otherwise only the system's root enters, through the Unix socket.
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        (self.folder / "init.sql").write_text("CREATE DATABASE IF NOT EXISTS kvstore;\n")

    def command(self) -> list[str]:
        return [
            str(binary("mariadbd")),
            "--no-defaults",
            f"--datadir={self._data}",
            f"--tmpdir={self.folder}",
            f"--socket={self.folder / 'sock'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--init-file={self.folder / 'init.sql'}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--max-connections=300",
            # ready() and the proxy's cut connections are no reason to lock the host out.
            "--max-connect-errors=1000000",
            # 2: handed to the operating system at each commit, so that kill() loses nothing.
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-doublewrite=0",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
        ]

    def ready(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                # A greeting is four bytes of header and protocol version 10; an error has 255.
                return connection.recv(5)[4:] == b"\x0a"
        except OSError:
            return False

    def django_database(self, name: str = "kvstore") -> dict[str, Any]:
        """The entry for settings.DATABASES."""
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": name,
            "USER": "root",
            "PASSWORD": "",
            "HOST": self.host,
            "PORT": str(self.port),
            "OPTIONS": {"charset": "utf8mb4"},
        }

    def sql(self, statement: str, database: str = "kvstore") -> str:
        """Run statements with the engine's own client and return its bare output."""
        place = (f"--host={self.host}", f"--port={self.port}", "--protocol=tcp", "--user=root")
        flags = ("--no-defaults", *place, "--batch", "--skip-column-names", database)
        return self.run(str(binary("mariadb")), *flags, text=statement)

    def create_database(self, name: str) -> None:
        """Make an empty database, for a test process that wants one to itself."""
        self.sql(f"CREATE DATABASE `{name}`")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")


def binary(program: str) -> str | None:
    return shutil.which(program, path=PLACES)
