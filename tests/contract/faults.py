"""What `contract.test_broken` runs: each wrong backend, with the check that it must fail."""

from __future__ import annotations

from contract import broken_cells, broken_walks
from contract.broken_outages import Breakable
from contract.fault import BROKEN, Fault
from contract.sound import open_backend
from django_kvstore import Store
from django_kvstore.options import StoreOptions
from django_kvstore_testing import Contract
from django_kvstore_testing.clauses import checks_of

#: Importing these has filled `BROKEN`.
SOURCES = (broken_cells, broken_walks)


class Over(Contract):
    """The contract over a backend that no URL names, with a switch for a server."""

    kind: type
    url = "broken"
    rounds, races, swaps = 5, 5, 160
    processes, threads = 4, 4
    child_store = "contract.faults:make_elsewhere"

    def make_store(self, url: str) -> Store:
        return Store(open_backend(self.kind, url), StoreOptions())

    def stop_server(self) -> None:
        Breakable.switch(self.url, on=False)

    def start_server(self) -> None:
        Breakable.switch(self.url, on=True)


def make_elsewhere(alias: str) -> Store:
    """Make the store in another process: empty, for none of these is shared."""
    return Store(open_backend(Breakable, alias), StoreOptions())


def only(name: str, kind: type, checks: set[str]) -> type[Over]:
    """Return the test class of a backend, with those checks alone."""
    left_out = dict.fromkeys(checks_of(Over).keys() - checks)
    return type(f"Test{name}", (Over,), {**left_out, "kind": kind, "url": f"broken-{name}"})


globals().update(
    {f"Test{name}": only(name, fault.kind, {fault.check}) for name, fault in BROKEN.items()}
)
_found: set[Fault] = {fault for fault in BROKEN.values() if fault.clause != "flags-shared"}
TestSound = only("Sound", Breakable, {fault.check for fault in _found})
