"""The contract on Google's emulator of Datastore."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from threading import Lock
from typing import ClassVar

import pytest

from django_kvstore.store import Store
from django_kvstore_gae import DatastoreBackend
from django_kvstore_gae.session import Session
from django_kvstore_testing import Contract
from django_kvstore_testing.atomic import Atomic
from django_kvstore_testing.bulk import Bulk
from django_kvstore_testing.comparing import Comparing
from django_kvstore_testing.contention import Contention
from django_kvstore_testing.counting import Counting
from django_kvstore_testing.failure import Failure
from django_kvstore_testing.iteration import Iteration
from django_kvstore_testing.moving import Moving
from django_kvstore_testing.network import Network
from django_kvstore_testing.prefixes import Prefixes
from django_kvstore_testing.proxy import Proxy
from servers.datastore import Datastore

URL = "gae://kvstore-tests/contract"


class TestContract(Contract):
    """Every write is a commit of the emulator's: fewer of them."""

    url = URL
    rounds = 25
    races = 30
    swaps = 80
    walk = 1100
    fork_reads = 500

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def emulator(cls, server: Datastore) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATASTORE_EMULATOR_HOST", server.address)
            yield


class InFirestoreMode(Datastore):
    """The emulator as new projects have it: Firestore in Datastore mode."""

    def __init__(self) -> None:
        super().__init__(firestore_mode=True)


class TestFirestoreMode(Bulk, Atomic, Counting, Comparing, Contention, Iteration, Prefixes, Moving):
    """What the mode decides: how transactions meet, what a batch may hold, and what queries see."""

    url = URL
    examples = 40
    rounds = 10
    races = 10
    swaps = 80
    walk = 1100

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def emulator(cls, engine: Callable[..., Datastore]) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATASTORE_EMULATOR_HOST", engine(InFirestoreMode).address)
            yield


class TestOutage(Failure):
    """The outage is the network's: what the emulator holds is in memory and dies with it."""

    url = f"{URL}?timeout=5"
    proxy: ClassVar[Proxy]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def emulator(cls, server: Datastore) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, Proxy(server.host, server.port) as proxy:
            cls.proxy = proxy
            patch.setenv("DATASTORE_EMULATOR_HOST", f"{proxy.host}:{proxy.port}")
            yield

    def stop_server(self) -> None:
        self.proxy.refuse()

    def start_server(self) -> None:
        self.proxy.pass_through()


class AtProxy(DatastoreBackend):
    """A backend whose every session is with one emulator, whatever the environment names."""

    emulator: str
    _naming = Lock()

    def _session(self) -> Session:
        if self._opened is not None:
            return super()._session()
        with self._naming, pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATASTORE_EMULATOR_HOST", self.emulator)
            return super()._session()


_GRPCS = "gRPC opens its connections itself, in the background, and does not say what it sent"


class TestNetwork(Network):
    """Faults of the network, at few places: the protocol is HTTP/2, of which gRPC sends more."""

    url = f"{URL}?timeout=2"
    networked = True
    cuts = 4
    time_limit = 15.0
    exemptions: ClassVar[dict[str, str]] = {
        "test_the_first_call_on_ended_connections_works": _GRPCS,
        "test_a_failed_call_keeps_no_connection": _GRPCS,
    }

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def emulator(cls, server: Datastore) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATASTORE_EMULATOR_HOST", server.address)
            yield

    def server_address(self, url: str) -> tuple[str, int]:
        host, _, port = os.environ["DATASTORE_EMULATOR_HOST"].rpartition(":")
        return host, int(port)

    def through(self, url: str, host: str, port: int) -> str:
        return f"{url}#{host}:{port}"

    def make_store(self, url: str) -> Store:
        plain, _, emulator = url.partition("#")
        store = self.opening(plain).open()
        if not emulator:
            return store
        found = store.backend
        backend = AtProxy(found.alias, found.url, found.options)
        backend.emulator = emulator
        return Store(backend, store.options)
