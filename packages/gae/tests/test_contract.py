"""The contract on Google's emulator of Datastore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from django_kvstore.testing import Contract
from django_kvstore.testing.failure import Failure
from servers.datastore import Datastore
from servers.proxy import Proxy

URL = "gae://kvstore-tests/contract"


class TestContract(Contract):
    url = URL

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def emulator(cls, server: Datastore) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATASTORE_EMULATOR_HOST", server.address)
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
