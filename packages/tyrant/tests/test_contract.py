"""The contract on Tokyo Tyrant: on the stand-in everywhere, on a real ttserver where there is one.

``KVSTORE_TTSERVER=/opt/tokyo/bin/ttserver pytest packages/tyrant/tests/test_contract.py``
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from django_kvstore.store import Store
from django_kvstore_testing import Contract
from django_kvstore_testing.base import Base
from django_kvstore_testing.bulk import Bulk
from django_kvstore_testing.expired import Expired
from django_kvstore_testing.iteration import Iteration
from django_kvstore_testing.keys import Keys
from django_kvstore_testing.moving import Moving
from django_kvstore_testing.namespaces import Namespaces
from django_kvstore_testing.prefixes import Prefixes
from servers.tyrant import Database, TokyoTyrant, Tyrant, TyrantStandIn


class OnTyrant(Base):
    """A chapter on a server of its own, which serves one of the four databases."""

    networked = True
    kind: ClassVar[type[Tyrant]]
    database: ClassVar[Database]
    server: ClassVar[Tyrant]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def own_one(cls, available: Callable[..., None]) -> Iterator[None]:
        cls.server = cls.kind(cls.database)
        available(cls.server, optional=cls.kind is TokyoTyrant)
        with cls.server:
            yield

    @pytest.fixture
    def store_url(self) -> str:
        return f"tyrant://{self.server.address}"

    def stop_server(self) -> None:
        self.server.stop()

    def start_server(self) -> None:
        self.server.start()


class OnStandIn(OnTyrant):
    """The stand-in is a program in Python: its races are shorter."""

    kind = TyrantStandIn
    rounds = 20
    races = 20
    swaps = 160


class TestStandInHash(OnStandIn, Contract):
    database = "hash"


class TestStandInTree(OnStandIn, Keys, Bulk, Expired, Iteration, Prefixes, Namespaces, Moving):
    """A tree differs from a hash in how it finds and lists keys."""

    database = "btree"


def test_ttserver_is_there(available: Callable[..., None]) -> None:
    """Where it is not, this is skipped, and says what to install in place of all its checks."""
    available(TokyoTyrant(), optional=True)


class OnTokyoTyrant(OnTyrant):
    """A chapter on a real ttserver; without one there are no such checks to skip."""

    kind = TokyoTyrant
    __test__ = TokyoTyrant().available() is None


class TestHash(OnTokyoTyrant, Contract):
    database = "hash"


class TestTree(OnTokyoTyrant, Contract):
    database = "btree"


class InMemory(OnTokyoTyrant):
    """An entry in memory does not outlive the server, as its URL cannot say; and fewer races."""

    rounds = 20
    races = 20
    swaps = 160

    def test_durable_is_as_declared(self, store: Store) -> None:
        store.set("key", "value")
        self.stop_server()
        self.start_server()
        assert store.get("key") is None


class TestMemoryHash(InMemory, Contract):
    database = "memory-hash"


class TestMemoryTree(InMemory, Contract):
    database = "memory-tree"
