"""Checks of an engine that answers and refuses: because it is full, or may only be read.

``refuse`` and ``allow``, two methods of the test class, switch them on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_kvstore.errors import KVStoreError, Refused, ValueTooLarge
from django_kvstore.store import Store

from .base import Base
from .clauses import clause
from .optional import Optional


class Refusing(Optional):
    """Clause ``failure-refused``; needs `refuse` and `allow`."""

    missing = "refuse() and allow() are not given: the checks of Refused did not run"

    @classmethod
    def applies(cls, tests: type[Base]) -> bool:
        """Say whether the class says how to make the engine refuse, and how to end that."""
        return tests.refuse is not Base.refuse and tests.allow is not Base.allow

    @pytest.fixture
    def refusal(self, store: Store) -> Iterator[None]:
        """An engine that refuses, until the check is over."""
        store.set("key", "value")
        self.refuse()
        yield
        self.allow()

    def _error_of(self, call: Callable[[], object]) -> KVStoreError | None:
        try:
            call()
        except KVStoreError as error:
            return error
        return None

    @clause("failure-refused")
    def test_a_refused_write_is_told(self, store: Store, refusal: None) -> None:
        """A write that the engine refuses raises Refused, or ValueTooLarge, not Unavailable."""
        text = "x" * self.fitting(store, 50_000)
        writes: dict[str, Callable[[], Any]] = {
            "set": lambda: store.set("new", text),
            "set_many": lambda: store.set_many({"new": text}),
        }
        if store.backend.atomic:
            writes["add"] = lambda: store.add("new", text)
            writes["put"] = lambda: store.put("new", text)
            writes["get_or_set"] = lambda: store.get_or_set("new", text)
        for name, write in writes.items():
            error = self._error_of(write)
            came = "returned" if error is None else f"raised {type(error).__name__}: {error}"
            assert isinstance(error, (Refused, ValueTooLarge)), (
                f"the engine refuses to write, and {name}() {came}\nexpected Refused: the engine "
                "answered, and repeating the call does not help"
            )
        self.allow()
        assert store.get_many(["key", "new"]) == {"key": "value"}

    @clause("failure-refused")
    def test_a_refused_read_is_no_miss(self, store: Store, refusal: None) -> None:
        """While the engine refuses, a read returns what is there or raises Refused."""
        reads: dict[str, Callable[[], Any]] = {
            "get": lambda: store.get("key") == "value",
            "get_many": lambda: store.get_many(["key"]) == {"key": "value"},
            "exists": lambda: store.exists("key"),
        }
        if store.backend.iterable:
            reads["keys"] = lambda: list(store.keys()) == ["key"]
            reads["count"] = lambda: store.count() == 1
        for name, read in reads.items():
            try:
                found = read()
            except Refused:
                continue
            assert found, (
                f"the engine refuses, and {name}() did not show the entry that is there: "
                "expected the entry, or Refused"
            )

    @clause("failure-refused")
    def test_a_store_works_after_a_refusal(self, store: Store, refusal: None) -> None:
        """When the engine refuses no longer, the same store object works at the first call."""
        self._error_of(lambda: store.set("key", "x" * self.fitting(store, 50_000)))
        self.allow()
        store.set("key", "new")
        assert store.get("key") == "new"
