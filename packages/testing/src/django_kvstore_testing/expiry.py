"""Checks of expiry: an entry lives for its ttl, and then there is none."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_kvstore.errors import InvalidValue
from django_kvstore.store import Store

from .base import Base, OpenStore
from .clauses import clause, needs

_MONTH = 31 * 86400


class Expiry(Base):
    """Clauses ``expiry-…``."""

    @clause("expiry-ttl")
    def test_an_entry_lives_for_its_ttl(self, store: Store) -> None:
        """It is there before, and gone afterwards by every way of reading."""
        store.set("long", "here", ttl=1000)
        store.set("short", "gone", ttl=0.05)
        self.outlive(0.05)
        assert store.get("long") == "here"
        assert store.get("short", "default") == "default"
        assert not store.exists("short")
        assert "short" not in store
        assert store.get_many(["long", "short"]) == {"long": "here"}
        assert store.ttl("short") == 0.0

    @clause("expiry-ttl")
    def test_a_ttl_may_be_a_fraction(self, store: Store) -> None:
        """Seconds may be a float, and are not rounded."""
        for ttl in (100.5, 99.75):
            begun = time.time()
            store.set("key", 1, ttl=ttl)
            left = store.ttl("key")
            assert left is not None
            assert ttl - (time.time() - begun) - 0.01 <= left <= ttl

    @clause("expiry-ttl")
    def test_a_ttl_may_be_a_timedelta(self, store: Store) -> None:
        """A timedelta counts as its seconds."""
        store.set("key", 1, ttl=timedelta(minutes=10))
        self.has_left(store, "key", 600)

    @clause("expiry-past")
    @pytest.mark.parametrize("ttl", [0, -1, -0.5, 0.0, -(10**9), -math.inf])
    def test_zero_or_less_is_already_gone(self, store: Store, ttl: float) -> None:
        """With such a ttl nothing is stored, and what was there is deleted."""
        store.set("new", 1, ttl=ttl)
        store.set("old", 1)
        store.set("old", 2, ttl=ttl)
        assert store.get_many(["new", "old"]) == {}
        if store.backend.iterable:
            assert list(store.keys()) == []

    @clause("expiry-ttl")
    def test_none_is_for_ever(self, store: Store) -> None:
        """Without an expiry ttl() answers None."""
        store.set("key", 1, ttl=None)
        assert store.ttl("key") is None
        store.set("other", 1)
        assert store.ttl("other") is None

    @clause("expiry-ttl")
    def test_ttl_reads_the_time_left(self, store: Store) -> None:
        """ttl() answers the seconds left, and less later on."""
        store.set("key", 1, ttl=1000)
        self.has_left(store, "key", 1000)
        first, second = store.ttl("key"), store.ttl("key")
        assert first is not None
        assert second is not None
        assert second <= first

    @clause("expiry-overwrite")
    def test_overwriting_clears_the_expiry(self, store: Store) -> None:
        """set() without a ttl makes the entry live for ever."""
        store.set("key", 1, ttl=0.05)
        store.set("key", 2)
        assert store.ttl("key") is None
        self.outlive(0.05)
        left = store.get("key")
        assert left == 2, (
            f"set() overwrote an entry with a ttl by one without, and later get() returned {left}: "
            "expected 2; the engine's own expiry must be taken away too"
        )

    @clause("expiry-overwrite")
    def test_overwriting_sets_the_new_expiry(self, store: Store) -> None:
        """The ttl of the last set() counts, longer or shorter."""
        for ttl in (1000, 10_000, 500):
            store.set("key", 1, ttl=ttl)
            self.has_left(store, "key", ttl)

    @clause("expiry-touch")
    @needs("atomic")
    def test_touch_changes_the_expiry(self, store: Store) -> None:
        """touch() sets a longer or shorter ttl, answers True, and keeps the value."""
        store.set("key", {"a": 1})
        for ttl in (1000, 10_000, 500):
            assert store.touch("key", ttl) is True
            self.has_left(store, "key", ttl)
        assert store.get("key") == {"a": 1}

    @clause("expiry-touch")
    @needs("atomic")
    def test_touch_saves_an_entry_from_its_expiry(self, store: Store) -> None:
        """What was touched in time outlives the ttl it had."""

        def save(ttl: float) -> None:
            store.set_many({"key": "here", "other": "here"}, ttl=ttl)
            store.touch("key", 1000)
            store.persist("other")

        ttl = self.in_time(save)
        self.outlive(ttl)
        left = store.get_many(["key", "other"])
        for key, call in {"key": "touch(…, 1000)", "other": "persist()"}.items():
            assert left.get(key) == "here", (
                f"an entry was written with a ttl of {ttl:g} s, and {call} was called before that; "
                f"then get_many() had {left.get(key)!r} of it: expected 'here'"
            )

    @clause("expiry-touch")
    @needs("atomic")
    def test_touch_into_the_past_deletes(self, store: Store) -> None:
        """touch() with zero or less answers True, and the entry is gone."""
        store.set("key", 1)
        assert store.touch("key", 0) is True
        assert not store.exists("key")
        assert store.touch("key", 0) is False

    @clause("expiry-touch")
    @needs("atomic")
    def test_persist_lets_an_entry_live_for_ever(self, store: Store) -> None:
        """persist() takes the expiry away and keeps the value."""
        store.set("key", "value", ttl=1000)
        assert store.persist("key") is True
        assert store.ttl("key") is None
        assert store.persist("key") is True
        assert store.get("key") == "value"

    @clause("expiry-touch")
    @needs("atomic")
    def test_touching_a_large_value_keeps_it(self, store: Store) -> None:
        """However many cells a value takes, touch() changes the expiry of all."""
        text = ("0123456789" * 150_000)[: self.fitting(store, 1_500_000)]
        store.set("key", text, ttl=100)
        assert store.touch("key", 1000)
        self.has_left(store, "key", 1000)
        assert store.get("key") == text
        assert store.persist("key")
        assert store.get("key") == text

    @clause("expiry-long")
    @pytest.mark.parametrize("days", [29, 31, 400, 3650])
    def test_more_than_thirty_days(self, store: Store, days: int) -> None:
        """A ttl of months and years is one."""
        store.set("key", 1, ttl=days * 86400)
        assert store.get("key") == 1
        self.has_left(store, "key", days * 86400)

    @clause("expiry-invalid")
    @pytest.mark.parametrize(
        "ttl",
        [
            "10",
            math.nan,
            math.inf,
            True,
            b"1",
            [1],
            Decimal(10),
            10**12,
            pytest.param(10**400, id="beyond-float"),
            timedelta.max,
        ],
    )
    def test_a_ttl_that_is_none_is_refused(self, store: Store, ttl: Any) -> None:
        """What is no number of seconds raises InvalidValue, and the old value stays."""
        store.set("key", "old")
        with pytest.raises(InvalidValue):
            store.set("key", "new", ttl=ttl)
        with pytest.raises(InvalidValue):
            store.set_many({"key": "new"}, ttl=ttl)
        if store.backend.atomic:
            calls: list[Callable[[], object]] = [
                lambda: store.add("other", "new", ttl=ttl),
                lambda: store.put("key", "new", ttl=ttl),
                lambda: store.incr("other", ttl=ttl),
                lambda: store.decr("other", ttl=ttl),
                lambda: store.compare_and_set("key", "old", "new", ttl=ttl),
                lambda: store.get_or_set("other", "new", ttl=ttl),
                lambda: store.touch("key", ttl),
            ]
            for call in calls:
                with pytest.raises(InvalidValue):
                    call()
        assert store.get_many(["key", "other"]) == {"key": "old"}
        assert store.ttl("key") is None

    @clause("expiry-default")
    def test_the_stores_own_ttl_is_the_default(self, open_store: OpenStore) -> None:
        """Where a call does not say, the option TTL holds."""
        store = open_store(ttl=1000)
        store.set("one", 1)
        store.set_many({"two": 2})
        for key in ("one", "two"):
            self.has_left(store, key, 1000)
        store.set("one", 1, ttl=50)
        self.has_left(store, "one", 50)

    @clause("expiry-default")
    def test_none_overrides_the_default(self, open_store: OpenStore) -> None:
        """None is for ever whatever the option TTL says."""
        store = open_store(ttl=1000)
        store.set("one", 1, ttl=None)
        store.set_many({"two": 2}, ttl=None)
        assert [store.ttl(key) for key in ("one", "two")] == [None, None]

    @clause("expiry-default")
    @needs("atomic")
    def test_atomic_calls_take_the_default(self, store: Store, open_store: OpenStore) -> None:
        """add(), incr(), get_or_set() and touch() take the option TTL too."""
        store = open_store(ttl=1000)
        store.add("added", 1)
        store.incr("counted")
        store.get_or_set("computed", lambda: 1)
        store.set("touched", 1, ttl=None)
        store.touch("touched")
        for key in ("added", "counted", "computed", "touched"):
            self.has_left(store, key, 1000)
        store.compare_and_set("added", 1, 2)
        self.has_left(store, "added", 1000)
