"""The contract on memcached: on one server, which is stopped for its outages, and on two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from django_kvstore_testing import Contract
from django_kvstore_testing.atomic import Atomic
from django_kvstore_testing.base import Base
from django_kvstore_testing.bulk import Bulk
from django_kvstore_testing.corruption import Corruption
from django_kvstore_testing.expiry import Expiry
from django_kvstore_testing.failure import Failure
from django_kvstore_testing.life import Life
from django_kvstore_testing.missing import Missing
from django_kvstore_testing.namespaces import Namespaces
from django_kvstore_testing.refusing import Refusing
from django_kvstore_testing.splitting import Splitting
from servers.memcached import Memcached


class OwnServer(Base):
    """A server of the class's own, which its checks may stop or fill."""

    megabytes: ClassVar[int] = 64
    flags: ClassVar[tuple[str, ...]] = ()
    server: ClassVar[Memcached]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def own_one(cls, available: Callable[..., None]) -> Iterator[None]:
        cls.server = Memcached(megabytes=cls.megabytes, options=cls.flags)
        available(cls.server)
        with cls.server:
            yield

    @pytest.fixture
    def store_url(self) -> str:
        return f"memcached://{self.server.address}"


class TestContract(OwnServer, Contract):
    networked = True

    def stop_server(self) -> None:
        self.server.stop()

    def start_server(self) -> None:
        self.server.start()


class TestFullServer(OwnServer, Refusing):
    """A server that refuses, as ``-M`` has it, instead of evicting: its memory is filled."""

    megabytes = 2
    flags = ("-M",)
    #: The names of the items that fill it.
    filling: ClassVar[list[bytes]] = []

    def refuse(self) -> None:
        """Fill the server, past the store, with items of about 50 kB: it has no room for more."""
        with self.server.connect() as connection, connection.makefile("rb") as replies:
            for size in (49_000, 50_200, 52_000):
                reply = b"STORED\r\n"
                while reply == b"STORED\r\n":
                    name = b"fill-%d" % len(self.filling)
                    item = b"set %s 0 0 %d\r\n%s\r\n" % (name, size, bytes(size))
                    connection.sendall(item)
                    reply = replies.readline()
                    self.filling.append(name)
                assert b"out of memory" in reply

    def allow(self) -> None:
        with self.server.connect() as connection, connection.makefile("rb") as replies:
            while self.filling:
                connection.sendall(b"delete %s\r\n" % self.filling.pop())
                replies.readline()


class TestTwoServers(
    Missing, Bulk, Atomic, Expiry, Namespaces, Failure, Corruption, Splitting, Life
):
    """What several servers can break: a call for many keys or parts, clearing, and an outage."""

    servers: ClassVar[tuple[Memcached, ...]]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def own_two(cls, available: Callable[..., None]) -> Iterator[None]:
        one, other = cls.servers = (Memcached(), Memcached())
        available(one)
        with one, other:
            yield

    @pytest.fixture
    def store_url(self) -> str:
        return f"memcached://{';'.join(server.address for server in self.servers)}"

    def stop_server(self) -> None:
        for server in self.servers:
            server.stop()

    def start_server(self) -> None:
        for server in self.servers:
            server.start()
