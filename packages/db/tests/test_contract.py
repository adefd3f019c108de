"""The contract on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_kvstore_testing import Contract
from django_kvstore_testing.base import Base
from django_kvstore_testing.failure import Failure
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
