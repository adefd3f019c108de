"""Starts a PostgreSQL of its own, apart from any that the machine runs.

``with PostgreSQL() as server: DATABASES = {"default": server.django_database()}``
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import struct
from pathlib import Path
from typing import Any, ClassVar

from servers.server import Server

PROGRAMS = ("initdb", "postgres", "psql")
# Debian installs several versions side by side, none of them on PATH.
DEBIAN = Path("/usr/lib/postgresql")
PROTOCOL_3 = 196_608


class PostgreSQL(Server):
    """One PostgreSQL: user "postgres" without a password, UTF-8, 200 connections.

    It does not wait for the disk, so it is quick; what was committed still survives ``kill``,
    though not the machine's own crash.
    """

    name = "PostgreSQL"
    users = ("postgres", "nobody")  # it refuses to run as root
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": does not wait for clients

    def available(self) -> str | None:
        missing = [program for program in PROGRAMS if binary(program) is None]
        if missing:
            return (
                f"no {' and '.join(missing)} in /usr/lib/postgresql/*/bin or on PATH: "
                "apt-get install postgresql"
            )
        return None

    def prepare(self) -> None:
        # No locale: the server then starts on machines that have none installed, and orders text
        # by code point everywhere.
        options = ("--encoding=UTF8", "--no-locale", "--auth=trust", "--username=postgres")
        self.run(str(binary("initdb")), "-D", self._data, "--no-sync", *options)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": self.host,
            "unix_socket_directories": "",
            "max_connections": "200",
            # synchronous_commit stays on: a commit reaches the operating system before the answer.
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "jit": "off",
        }
        command = [str(binary("postgres")), "-D", self._data, "-p", str(self.port)]
        return command + [f"--{name}={value}" for name, value in settings.items()]

    def ready(self) -> bool:
        login = b"user\0postgres\0database\0postgres\0\0"
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(struct.pack("!II", 8 + len(login), PROTOCOL_3) + login)
                # "R" lets us in; while it recovers it answers "E" and error 57P03.
                return connection.recv(1) == b"R"
        except OSError:
            return False

    def django_database(self, name: str = "postgres") -> dict[str, Any]:
        """The entry for settings.DATABASES."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": "postgres",
            "PASSWORD": "",
            "HOST": self.host,
            "PORT": str(self.port),
        }

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run statements with the engine's own client and return its bare output."""
        place = ("-h", self.host, "-p", str(self.port), "-U", "postgres", "-d", database)
        flags = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
        return self.run(str(binary("psql")), *place, *flags, text=statement)

    def create_database(self, name: str) -> None:
        """Make an empty database, for a test process that wants one to itself."""
        self.sql(f'CREATE DATABASE "{name}"')

    @property
    def _data(self) -> str:
        return str(self.folder / "data")


def binary(program: str) -> Path | None:
    """The newest version's program."""
    found: list[tuple[int, Path]] = []
    for path in DEBIAN.glob(f"*/bin/{program}"):
        with contextlib.suppress(ValueError):
            found.append((int(path.parent.parent.name), path))
    if found:
        return max(found)[1]
    on_path = shutil.which(program)
    return Path(on_path) if on_path else None
