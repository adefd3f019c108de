"""The contract, on the stand-in for SimpleDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from django_kvstore_testing import Contract
from servers.simpledb import SimpleDB

URL = (
    "sdb://contract?region=us-east-1&aws_access_key=AKIAEXAMPLE"
    "&aws_secret_access_key=a%2Fsecret&endpoint_url="
)


class TestContract(Contract):
    """Every write is a request that is signed, sent and answered in XML: fewer of them."""

    networked = True
    time_limit = 30.0
    cuts = 4

    examples = 60
    processes = 4
    threads = 2
    rounds = 20
    races = 20
    swaps = 80
    walk = 1100
    fork_reads = 150

    server: SimpleDB

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def started(cls, available: Callable[..., None]) -> Iterator[None]:
        """A server of the class's own, since it will be stopped; its domain outlives that."""
        cls.server = SimpleDB()
        available(cls.server)
        with cls.server:
            store = cls().make_store(URL + cls.server.url)
            store.backend.provision()
            store.close()
            yield

    @pytest.fixture
    def store_url(self) -> str:
        return URL + self.server.url

    def stop_server(self) -> None:
        self.server.kill()

    def start_server(self) -> None:
        self.server.start()
