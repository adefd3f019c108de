"""Checks of get_or_set: a missing value is computed, once."""

from __future__ import annotations

import math
from threading import Event
from typing import Any

import pytest

from django_kvstore import records
from django_kvstore.errors import InvalidValue
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs
from .probe import Probe
from .threads import run_threads


class Computing(Base):
    """Clauses ``atomic-get-or-set``."""

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_stores_what_is_missing(self, store: Store) -> None:
        """Without an entry the default is stored and returned."""
        assert store.get_or_set("key", {"a": 1}) == {"a": 1}
        assert store.get("key") == {"a": 1}
        assert store.get_or_set("key", "other") == {"a": 1}

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_calls_only_when_needed(self, store: Store) -> None:
        """A callable is called once, when there is no entry."""
        calls: list[int] = []

        def compute() -> str:
            calls.append(1)
            return "computed"

        assert store.get_or_set("key", compute) == "computed"
        assert store.get_or_set("key", compute) == "computed"
        assert len(calls) == 1
        assert store.get("key") == "computed"

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_takes_a_none_for_a_value(self, store: Store) -> None:
        """A None that is stored, or computed, is a value."""
        calls: list[int] = []
        for _ in range(2):
            assert store.get_or_set("key", lambda: calls.append(1)) is None
        assert len(calls) == 1
        assert store.exists("key")
        assert store.get_or_set("key", "other") is None

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_leaves_nothing_after_a_failure(self, store: Store) -> None:
        """When the callable raises nothing is stored, and the next caller need not wait."""

        def fail() -> None:
            raise LookupError("no value today")

        with pytest.raises(LookupError, match="no value today"):
            store.get_or_set("key", fail, lease=3600)
        assert not store.exists("key")
        assert store.get_or_set("key", lambda: "computed", lease=3600) == "computed"

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_sets_the_expiry(self, store: Store) -> None:
        """The ttl is for the entry that it makes."""
        store.get_or_set("key", 1, ttl=1000)
        store.get_or_set("other", lambda: 1, ttl=1000)
        for key in ("key", "other"):
            assert 990 < (store.ttl(key) or 0) <= 1000
        store.get_or_set("key", 1, ttl=None)
        assert store.ttl("key") is not None

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_outlives_one_who_computes_for_ever(self, store: Store) -> None:
        """When the lease of the one who computes is over another computes, and both get that."""
        begun, over = Event(), Event()

        def hang() -> str:
            begun.set()
            assert over.wait(60)
            return "late"

        def take_part(number: int) -> object:
            if number == 0:
                return store.get_or_set("key", hang, lease=0.2)
            try:
                assert begun.wait(60)
                return store.get_or_set("key", lambda: "in time")
            finally:
                over.set()

        store.add("probe", 1)
        assert run_threads(2, take_part) == ["in time", "in time"]
        assert store.get("key") == "in time"

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_waits_no_longer_than_the_lease(self, store: Store) -> None:
        """A lock that nobody gives back, and that never expires, holds up nobody for ever."""
        probe = Probe(store)
        lock = probe.lock("key")
        probe.put_raw(lock, records.pack(lock, b"planted", code=ord("!"), expires=None))
        assert store.get_or_set("key", lambda: "computed", lease=0.2) == "computed"
        assert store.get("key") == "computed"
        assert probe.raw(lock) is None

    @clause("atomic-get-or-set")
    @needs("atomic")
    @pytest.mark.parametrize("lease", [None, 0, -1, math.nan, math.inf, True, "60"])
    def test_get_or_set_refuses_a_bad_lease(self, store: Store, lease: Any) -> None:
        """A lease is more than zero seconds; anything else raises InvalidValue."""
        store.get_or_set("probe", 1)
        with pytest.raises(InvalidValue):
            store.get_or_set("key", lambda: "computed", lease=lease)
        assert not store.exists("key")

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_refuses_to_wait_for_itself(self, store: Store) -> None:
        """A callable that asks for its own key raises InvalidValue instead of waiting."""

        def compute() -> Any:
            return store.get_or_set("key", compute, lease=3600)

        with pytest.raises(InvalidValue):
            store.get_or_set("key", compute, lease=3600)
        assert store.get_or_set("key", lambda: "computed", lease=3600) == "computed"

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_refuses_a_coroutine_function(self, store: Store) -> None:
        """It cannot await: nothing is called, and nothing is stored."""
        store.get_or_set("probe", 1)
        calls: list[int] = []

        async def compute() -> None:
            calls.append(1)

        with pytest.raises(InvalidValue):
            store.get_or_set("key", compute)
        assert not calls
        assert not store.exists("key")

    @clause("atomic-get-or-set")
    @needs("atomic")
    def test_get_or_set_leaves_no_lock(self, store: Store) -> None:
        """What it does inside is not seen: one entry was made, and no other key."""
        store.get_or_set("key", lambda: 1)
        if store.backend.iterable:
            assert list(store.keys()) == ["key"]
            assert store.count() == 1
        probe = Probe(store)
        assert probe.raw(probe.lock("key")) is None
