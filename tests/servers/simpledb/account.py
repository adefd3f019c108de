"""One account of the SimpleDB stand-in: its domains, its knobs, what was counted, its journal.

``Account(Path("journal"))`` has what an account with the same journal had when it was killed.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .domain import Domain, Item
from .error import ServiceError
from .limits import Failure, Knobs


class Account:
    """Everything behind the front. ``lock`` is held for the whole of every operation, so each
    is one step to all others: a condition and the put that it guards are never apart."""

    def __init__(self, journal: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.domains: dict[str, Domain] = {}
        self.knobs = Knobs()
        self.failures: list[Failure] = []
        self.counts: dict[str, Counter[str]] = {}
        self.forget_counts()
        self._journal = None
        if journal:
            if journal.exists():
                self._replay(journal)
            self._journal = journal.open("a", encoding="utf-8")

    def domain(self, name: str) -> Domain:
        if name not in self.domains:
            raise ServiceError("NoSuchDomain")
        return self.domains[name]

    def create(self, name: str) -> None:
        if name in self.domains:
            return
        if len(self.domains) >= self.knobs.domains:
            raise ServiceError("NumberDomainsExceeded")
        self.domains[name] = Domain(name)
        self.record("create", name)

    def drop(self, name: str) -> None:
        if self.domains.pop(name, None):
            self.record("drop", name)

    def record(self, *entry: Any) -> None:
        """Write to the journal what a killed server must not have lost."""
        if self._journal:
            self._journal.write(json.dumps(entry) + "\n")
            self._journal.flush()

    def record_items(self, domain: Domain, after: Mapping[str, Item]) -> None:
        items = {name: {key: sorted(item[key]) for key in item} for name, item in after.items()}
        self.record("store", domain.name, items)

    def count(self, kind: str, name: str) -> None:
        self.counts[kind][name] += 1

    def forget_counts(self) -> None:
        kinds = ("requests", "errors", "unconditional", "inconsistent")
        self.counts = {kind: Counter() for kind in kinds}

    def failure(self, operation: str) -> Failure | None:
        """The failure that a test has ordered for this request, if any."""
        for failure in self.failures:
            if failure.remaining > 0 and failure.operation in ("", operation):
                failure.remaining -= 1
                return failure
        return None

    def control(self, orders: Mapping[str, Any]) -> dict[str, Any]:
        """What tests ask of the server beside the service's own protocol."""
        with self.lock:
            if orders.get("reset"):
                self.domains.clear()
                self.record("reset")
                self.knobs = Knobs()
                self.failures.clear()
                self.forget_counts()
            knobs = asdict(self.knobs) | orders.get("knobs", {})
            self.knobs = Knobs(**knobs)
            self.failures += [Failure(**failure) for failure in orders.get("fail", [])]
            self.failures = [failure for failure in self.failures if failure.remaining > 0]
            if orders.get("clear_failures"):
                self.failures.clear()
            if orders.get("settle"):
                for domain in self.domains.values():
                    domain.settle()
            if orders.get("forget_counts"):
                self.forget_counts()
            counts = {kind: dict(counter) for kind, counter in self.counts.items()}
            return {"counts": counts, "knobs": asdict(self.knobs)}

    def _replay(self, journal: Path) -> None:
        whole, _, torn = journal.read_bytes().rpartition(b"\n")
        if torn:
            # The server was killed while it wrote this: nobody was told that it is done.
            journal.write_bytes(whole + b"\n" if whole else b"")
        for line in whole.splitlines():
            kind, *rest = json.loads(line)
            if kind == "reset":
                self.domains.clear()
            elif kind == "create":
                self.domains[rest[0]] = Domain(rest[0])
            elif kind == "drop":
                del self.domains[rest[0]]
            else:
                name, items = rest
                self.domains[name].store(
                    {
                        item: {key: frozenset(values) for key, values in attributes.items()}
                        for item, attributes in items.items()
                    }
                )
        for domain in self.domains.values():
            domain.settle()
