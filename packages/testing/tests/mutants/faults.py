"""What `test_mutants` runs: each wrong backend, with the check that it must fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from django_kvstore import Store, StoreURL
from django_kvstore.options import StoreOptions
from django_kvstore_testing import Contract
from django_kvstore_testing.clauses import checks_of
from django_kvstore_testing.opening import Opening
from mutants import of_cells, of_expiry, of_networks, of_walks
from mutants.fault import BROKEN, Fault
from mutants.of_outages import Breakable
from mutants.shelf import Shelf
from mutants.shelf_server import LAG, ShelfServer
from mutants.sound import open_backend

#: Importing these has filled `BROKEN`.
SOURCES = (of_cells, of_expiry, of_networks, of_walks)


class Quick(Contract):
    """The contract with little of what takes long."""

    rounds, races, swaps = 50, 5, 160
    processes, threads = 4, 4
    examples = 50


class Embedded(Quick):
    """The contract over a backend that no URL names."""

    kind: type
    url = "broken"
    rounds = 5
    child_store = "mutants.faults:make_elsewhere"

    def make_store(self, url: str) -> Store:
        return Store(open_backend(self.kind, url), StoreOptions())


class Switched(Embedded):
    """With a switch for a server."""

    def stop_server(self) -> None:
        Breakable.switch(self.url, on=False)

    def start_server(self) -> None:
        Breakable.switch(self.url, on=True)

    def refuse(self) -> None:
        Breakable.full = True

    def allow(self) -> None:
        Breakable.full = False


class Networked(Quick):
    """The contract over a backend of the small server."""

    kind: type
    networked = True
    time_limit = 4.0
    server: ShelfServer
    child_store = "mutants.faults:make_shelf"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def served(cls) -> Iterator[None]:
        with ShelfServer() as cls.server:
            yield

    @pytest.fixture
    def store_url(self) -> str:
        return f"shelf://{self.server.host}:{self.server.port}"

    def make_store(self, url: str) -> Store:
        return Store(self.kind("contract", StoreURL.parse(url), {}), StoreOptions())

    def opening(self, url: str) -> Opening:
        return Opening(url, {}, self.child_store)

    def stop_server(self) -> None:
        self.server.stop()

    def start_server(self) -> None:
        self.server.start()

    def catch_up(self) -> None:
        self.outlive(LAG)


def make_elsewhere(alias: str) -> Store:
    """Make the store in another process: empty, for none of these is shared."""
    return Store(open_backend(Breakable, alias), StoreOptions())


def make_shelf(url: str) -> Store:
    """Make the store of the small server in another process."""
    return Store(Shelf("contract", StoreURL.parse(url), {}), StoreOptions())


def only(name: str, kind: type, checks: set[str]) -> type[Any]:
    """Return the test class of a backend, with those checks alone."""
    base: type[Quick] = Networked if issubclass(kind, Shelf) else Switched
    left_out = dict.fromkeys(checks_of(base).keys() - checks)
    return type(f"Test{name}", (base,), {**left_out, "kind": kind, "url": f"broken-{name}"})


globals().update(
    {f"Test{name}": only(name, fault.kind, {fault.check}) for name, fault in BROKEN.items()}
)
# What the small server has, other processes see; the cells of the embedded ones they do not.
_found: set[Fault] = {
    fault
    for fault in BROKEN.values()
    if fault.clause != "flags-shared" or issubclass(fault.kind, Shelf)
}
_embedded = {fault.check for fault in _found if not issubclass(fault.kind, Shelf)}
TestSound = only("Sound", Breakable, _embedded)
TestSoundShelf = only("SoundShelf", Shelf, {fault.check for fault in _found} - _embedded)
