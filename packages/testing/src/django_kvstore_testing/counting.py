"""Checks of counting: in signed 64 bits, and exactly."""

from __future__ import annotations

import pytest

from django_kvstore.errors import InvalidValue
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


class Counting(Base):
    """Clauses ``atomic-incr``."""

    @clause("atomic-incr")
    @needs("atomic")
    def test_incr_begins_at_nothing(self, store: Store) -> None:
        """incr() of a key without an entry begins at 0, or at its default."""
        assert store.incr("one") == 1
        assert store.incr("two", default=10) == 11
        assert store.incr("three", 5, default=-5) == 0
        assert store.get_many(["one", "two", "three"]) == {"one": 1, "two": 11, "three": 0}

    @clause("atomic-incr")
    @needs("atomic")
    def test_incr_returns_the_sum(self, store: Store) -> None:
        """incr() adds to what is there and answers the sum."""
        store.set("key", 40)
        assert store.incr("key") == 41
        assert store.incr("key", 9) == 50
        assert store.incr("key", 0) == 50
        assert store.get("key") == 50

    @clause("atomic-incr")
    @needs("atomic")
    def test_counters_have_signs(self, store: Store) -> None:
        """Counters go below zero and come back."""
        assert store.incr("key", -5) == -5
        assert store.decr("key", 5) == -10
        assert store.decr("key", -20) == 10
        assert store.get("key") == 10

    @clause("atomic-incr")
    @needs("atomic")
    def test_decr_is_incr_the_other_way(self, store: Store) -> None:
        """decr() subtracts; from nothing it begins at 0 or at its default."""
        assert store.decr("one") == -1
        assert store.decr("two", 3, default=10) == 7
        store.set("three", 10)
        assert store.decr("three", 4) == 6

    @clause("atomic-incr")
    @needs("atomic")
    def test_a_counter_becomes_shorter(self, store: Store) -> None:
        """A sum of fewer digits leaves no digit of the old one."""
        store.set("key", 1000)
        assert store.decr("key") == 999
        assert store.get("key") == 999
        store.set("key", 10)
        assert store.decr("key", 11) == -1
        assert store.get("key") == -1

    @clause("atomic-incr")
    @needs("atomic")
    def test_counters_reach_the_ends_of_64_bits(self, store: Store) -> None:
        """The whole range of signed 64 bits is counted exactly."""
        store.set("key", _LARGEST - 1)
        assert store.incr("key") == _LARGEST
        store.set("key", _SMALLEST + 1)
        assert store.decr("key") == _SMALLEST
        assert store.incr("key", _LARGEST) == -1
        assert store.get("key") == -1
        assert store.incr("key", 2**53 + 2) == 2**53 + 1

    @clause("atomic-incr")
    @needs("atomic")
    def test_an_overflow_is_refused(self, store: Store) -> None:
        """A sum outside signed 64 bits raises InvalidValue, and the counter stays."""
        for end, step in ((_LARGEST, 1), (_SMALLEST, -1), (1, _LARGEST), (-2, _SMALLEST)):
            store.set("key", end)
            with pytest.raises(InvalidValue):
                store.incr("key", step)
            assert store.get("key") == end
        with pytest.raises(InvalidValue):
            store.incr("nothing", _LARGEST, default=1)
        assert not store.exists("nothing")

    @clause("atomic-incr")
    @needs("atomic")
    @pytest.mark.parametrize("value", ["1", 1.0, None, [1], True])
    def test_only_integers_count(self, store: Store, value: object) -> None:
        """Counting with what is no int raises InvalidValue and changes nothing."""
        store.set("key", value)
        with pytest.raises(InvalidValue):
            store.incr("key")
        assert store.get("key", "missing") == value
        store.set("number", 1)
        with pytest.raises(InvalidValue):
            store.incr("number", value)  # type: ignore[arg-type]
        with pytest.raises(InvalidValue):
            store.decr("number", value)  # type: ignore[arg-type]
        with pytest.raises(InvalidValue):
            store.incr("nothing", default=value)  # type: ignore[arg-type]
        assert store.get_many(["number", "nothing"]) == {"number": 1}

    @clause("atomic-incr")
    @needs("atomic")
    def test_a_counter_keeps_its_expiry(self, store: Store) -> None:
        """The ttl of incr() is for a new counter; one that is there keeps what it has."""
        store.set("key", 1, ttl=1000)
        store.incr("key", ttl=5)
        store.decr("key", ttl=None)
        assert 990 < (store.ttl("key") or 0) <= 1000
        store.set("key", 1)
        store.incr("key", ttl=5)
        assert store.ttl("key") is None

    @clause("atomic-incr")
    @needs("atomic")
    def test_a_new_counter_takes_the_ttl(self, store: Store) -> None:
        """A counter that incr() begins lives for the ttl given."""
        store.incr("key", ttl=1000)
        store.decr("other")
        assert 990 < (store.ttl("key") or 0) <= 1000
        assert store.ttl("other") is None
