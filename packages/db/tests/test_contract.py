"""The contract on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_kvstore_testing import Contract
from django_kvstore_testing.base import Base
from django_kvstore_testing.failure import Failure
from django_kvstore_testing.network import Network
from django_kvstore_testing.proxy import Proxy


class OnDatabase(Base):
    """A chapter whose store's table lies in the database of one kind."""

    kind: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def entry(cls, request: pytest.FixtureRequest) -> dict[str, Any]:
        """The entry for DATABASES."""
        found: dict[str, Any] = request.getfixturevalue(cls.kind)
        return found

    @pytest.fixture(scope="class")
    @classmethod
    def connection(cls, entry: dict[str, Any], known_database: Any) -> Iterator[Any]:
        """Django's connection to the database."""
        with known_database(f"contract_{cls.kind}", entry) as connection:
            yield connection

    @pytest.fixture
    def store_url(self, connection: BaseDatabaseWrapper) -> str:
        url = f"db://contract?using={connection.alias}"
        self.make_store(url).backend.provision()
        return url


class TestContractOnSQLite(OnDatabase, Contract):
    kind = "sqlite"

    def refuse(self) -> None:
        self._allow_writes(False)

    def allow(self) -> None:
        self._allow_writes(True)

    def _allow_writes(self, allowed: bool) -> None:
        with connections[f"contract_{self.kind}"].cursor() as cursor:
            cursor.execute(f"PRAGMA query_only = {int(not allowed)}")


class TestContractOnPostgreSQL(OnDatabase, Contract):
    kind = "postgresql"


class TestContractOnMariaDB(OnDatabase, Contract):
    kind = "mariadb"


class BehindProxy(OnDatabase):
    """An outage is the network's: a server that is stopped is the same to Django's connection."""

    proxy: ClassVar[Proxy]

    @pytest.fixture(scope="class")
    @classmethod
    def entry(cls, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
        direct = request.getfixturevalue(cls.kind)
        with Proxy(direct["HOST"], int(direct["PORT"])) as proxy:
            cls.proxy = proxy
            yield {**direct, "HOST": proxy.host, "PORT": str(proxy.port)}

    def stop_server(self) -> None:
        self.proxy.refuse()

    def start_server(self) -> None:
        self.proxy.pass_through()


class TestOutageOfPostgreSQL(BehindProxy, Failure):
    kind = "postgresql"


class TestOutageOfMariaDB(BehindProxy, Failure):
    kind = "mariadb"


_DJANGOS = "the connections are Django's, one for each thread: close() leaves those of others"
_SILENCE = "no time limit of PostgreSQL's driver ends the wait for an answer that never comes"


class BehindProxies(OnDatabase, Network):
    """The network of a database: a second entry for Django, whose address is a proxy's."""

    networked = True
    cuts = 5
    # Django's connections are Django's: the store neither closes them nor asks whether they live.
    exemptions: ClassVar[dict[str, str]] = {
        "test_the_first_call_on_ended_connections_works": _DJANGOS,
        "test_close_ends_the_connections_of_every_thread": _DJANGOS,
    }
    time_limit = 15.0
    #: The driver's time limits, as docs/backends/db.md has them, shorter to suit a test.
    limits: ClassVar[dict[str, Any]]

    _known: ClassVar[Callable[[str, int], str]]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def others(cls, entry: dict[str, Any], known_database: Any) -> Iterator[None]:
        """Let `through` tell Django of the proxy's address."""
        aliases: dict[tuple[str, int], str] = {}
        with ExitStack() as stack:

            def know(host: str, port: int) -> str:
                if (host, port) not in aliases:
                    alias = f"contract_{cls.kind}_{port}"
                    options = {**entry.get("OPTIONS", {}), **cls.limits}
                    other = {**entry, "HOST": host, "PORT": str(port), "OPTIONS": options}
                    stack.enter_context(known_database(alias, other))
                    aliases[host, port] = alias
                return aliases[host, port]

            cls._known = staticmethod(know)
            yield

    def server_address(self, url: str) -> tuple[str, int]:
        entry = connections[f"contract_{self.kind}"].settings_dict
        return entry["HOST"], int(entry["PORT"])

    def through(self, url: str, host: str, port: int) -> str:
        return f"db://contract?using={self._known(host, port)}"


class TestNetworkOfPostgreSQL(BehindProxies):
    kind = "postgresql"
    limits: ClassVar[dict[str, Any]] = {
        "connect_timeout": 2,
        "tcp_user_timeout": 10_000,
        "options": "-c statement_timeout=2000",
    }
    exemptions: ClassVar[dict[str, str]] = {
        **BehindProxies.exemptions,
        "test_a_write_that_was_never_sent_is_an_outage": _DJANGOS,
        "test_a_silent_server_keeps_nobody_waiting": _SILENCE,
        "test_a_late_answer_is_nobodys": _SILENCE,
        "test_the_first_call_after_a_fault_works[silence]": _SILENCE,
        "test_a_failed_call_keeps_no_connection[silence]": _SILENCE,
    }


class TestNetworkOfMariaDB(BehindProxies):
    kind = "mariadb"
    limits: ClassVar[dict[str, Any]] = {
        "connect_timeout": 2,
        "read_timeout": 2,
        "write_timeout": 2,
    }
    exemptions: ClassVar[dict[str, str]] = {
        **BehindProxies.exemptions,
        # Its own connection begins with a greeting of the server's, which the proxy holds too.
        "test_close_leaves_a_waiting_call_alone": _DJANGOS,
    }
