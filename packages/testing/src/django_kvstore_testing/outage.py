"""Checks of outages: an engine that is down is told to be, and never looks empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_kvstore.errors import OutcomeUnknown, Unavailable
from django_kvstore.store import Store

from .base import Base
from .clauses import clause
from .optional import Optional


class Outage(Optional):
    """Clauses ``failure-outage`` and ``failure-recovery``; needs `stop_server`, `start_server`."""

    missing = "stop_server() and start_server() are not given: the checks of an outage did not run"

    @classmethod
    def applies(cls, tests: type[Base]) -> bool:
        """Say whether the class says how to stop the engine and how to start it."""
        stops = tests.stop_server is not Base.stop_server
        return stops and tests.start_server is not Base.start_server

    @pytest.fixture
    def outage(self, store: Store) -> Iterator[None]:
        """An engine that was stopped, until the check is over."""
        store.set("key", "value")
        self.stop_server()
        yield
        self.start_server()

    def _told(self, store: Store, *calls: Callable[[], Any], writing: bool = False) -> None:
        kinds = (Unavailable, OutcomeUnknown) if writing else (Unavailable,)
        for call in calls:
            with pytest.raises(kinds) as caught:
                call()
            assert caught.value.alias == store.alias
            assert store.backend.scheme in str(caught.value)
            assert caught.value.__cause__ is not None, "the client's own error is the cause"

    @clause("failure-outage")
    def test_reading_in_an_outage_is_no_miss(self, store: Store, outage: None) -> None:
        """Every way of reading raises Unavailable or Timeout while the engine is down."""
        self._told(
            store,
            lambda: store.get("key"),
            lambda: store.get("nothing", "default"),
            lambda: store.exists("key"),
            lambda: store.get_many(["key", "nothing"]),
            lambda: store.ttl("key"),
            store.ping,
        )

    @clause("failure-outage")
    def test_writing_in_an_outage_is_told(self, store: Store, outage: None) -> None:
        """Every way of writing raises while the engine is down."""
        self._told(
            store,
            lambda: store.set("key", "new"),
            lambda: store.set_many({"key": "new"}),
            lambda: store.delete("key"),
            lambda: store.delete_many(["key"]),
            writing=True,
        )

    @clause("failure-outage")
    def test_atomic_calls_in_an_outage_are_told(self, store: Store, outage: None) -> None:
        """Every atomic call raises while the engine is down."""
        if store.backend.atomic:
            self._told(
                store,
                lambda: store.add("key", 1),
                lambda: store.incr("number"),
                lambda: store.pop("key"),
                lambda: store.compare_and_set("key", "value", 1),
                lambda: store.touch("key", 1),
                lambda: store.get_or_set("other", lambda: 1),
                writing=True,
            )

    @clause("failure-outage")
    def test_listing_in_an_outage_is_told(self, store: Store, outage: None) -> None:
        """Listing and counting raise while the engine is down."""
        if store.backend.iterable:
            self._told(store, lambda: list(store.keys()), lambda: list(store.items()), store.count)

    @clause("failure-recovery")
    def test_a_store_recovers_from_an_outage(self, store: Store) -> None:
        """When the engine is back the same store object works, at the first call."""
        store.set("key", "value")
        self.stop_server()
        try:
            with pytest.raises(Unavailable):
                store.get("key")
        finally:
            self.start_server()
        store.set("key", "new")
        assert store.get("key") == "new"

    @clause("life-lazy")
    def test_a_store_is_made_in_an_outage(self, store: Store, outage: None, store_url: str) -> None:
        """Making a store does no I/O."""
        made = self.make_store(store_url)
        assert store.alias in repr(made)
        made.close()

    @clause("flags-durable")
    def test_durable_is_as_declared(self, store: Store) -> None:
        """An entry outlives a restart just when `durable` is declared."""
        store.set("key", "value")
        self.stop_server()
        self.start_server()
        assert store.get("key") == ("value" if store.backend.durable else None)
