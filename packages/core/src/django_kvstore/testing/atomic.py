"""The chapter on atomic calls: what each answers, and what each leaves behind."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from ..errors import InvalidKey, InvalidValue, ValueTooLarge
from ..options import MISSING
from ..store import Store
from .chapter import Chapter
from .clauses import clause, needs
from .threads import run_threads

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


class Atomic(Chapter):
    """Clauses ``atomic-…``."""

    # add

    @clause("atomic-add")
    @needs("atomic")
    def test_add_writes_where_there_is_nothing(self, store: Store) -> None:
        """add() to a key without an entry writes and answers True."""
        assert store.add("key", {"a": 1}) is True
        assert store.get("key") == {"a": 1}

    @clause("atomic-add")
    @needs("atomic")
    def test_add_leaves_what_is_there(self, store: Store) -> None:
        """add() to an entry answers False and changes neither its value nor its expiry."""
        store.set("key", "old", ttl=1000)
        assert store.add("key", "new", ttl=None) is False
        assert store.get("key") == "old"
        assert 990 < (store.ttl("key") or 0) <= 1000

    @clause("atomic-add")
    @needs("atomic")
    def test_add_takes_a_stored_none_for_an_entry(self, store: Store) -> None:
        """An entry of None is there, so it is not added to."""
        store.set("key", None)
        assert store.add("key", 1) is False
        assert store.get("key", "missing") is None

    @clause("atomic-add")
    @needs("atomic")
    def test_add_writes_again_after_a_delete(self, store: Store) -> None:
        """A deleted entry is added anew."""
        assert store.add("key", 1)
        store.delete("key")
        assert store.add("key", 2) is True
        assert store.get("key") == 2

    @clause("atomic-add")
    @needs("atomic")
    def test_add_in_the_past_writes_nothing(self, store: Store) -> None:
        """add() of what is gone already answers as ever and leaves nothing."""
        assert store.add("key", 1, ttl=0) is True
        assert not store.exists("key")
        store.set("key", "old")
        assert store.add("key", 1, ttl=-5) is False
        assert store.get("key") == "old"

    @clause("atomic-add")
    @needs("atomic")
    def test_add_refuses_what_set_refuses(self, store: Store) -> None:
        """A bad key or value raises before anything is written."""
        with pytest.raises(InvalidKey):
            store.add("", 1)
        with pytest.raises(InvalidValue):
            store.add("key", lambda: None)
        with pytest.raises(ValueTooLarge):
            store.add("key", "x" * (store.backend.max_value_bytes + 1))
        assert not store.exists("key")

    # put

    @clause("atomic-put")
    @needs("atomic")
    def test_put_says_whether_the_entry_is_new(self, store: Store) -> None:
        """put() writes whatever is there, and answers True where there was nothing."""
        assert store.put("key", {"a": 1}) is True
        assert store.put("key", "other") is False
        assert store.get("key") == "other"
        store.set("none", None)
        assert store.put("none", 1) is False

    @clause("atomic-put")
    @needs("atomic")
    def test_put_sets_the_expiry(self, store: Store) -> None:
        """As set(): with a ttl the entry has it, without one it lives for ever."""
        store.put("key", 1, ttl=1000)
        assert 990 < (store.ttl("key") or 0) <= 1000
        store.put("key", 2)
        assert store.ttl("key") is None

    @clause("atomic-put")
    @needs("atomic")
    def test_put_in_the_past_deletes(self, store: Store) -> None:
        """put() of what is gone already answers as ever and leaves nothing."""
        assert store.put("key", 1, ttl=0) is True
        assert not store.exists("key")
        store.set("key", "old")
        assert store.put("key", 1, ttl=-5) is False
        assert not store.exists("key")

    @clause("atomic-put")
    @needs("atomic")
    def test_put_refuses_what_set_refuses(self, store: Store) -> None:
        """A bad key or value raises, and the old value stays."""
        store.put("key", "old")
        with pytest.raises(InvalidKey):
            store.put("", 1)
        with pytest.raises(InvalidValue):
            store.put("key", lambda: None)
        assert store.get("key") == "old"

    # incr and decr

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

    # pop

    @clause("atomic-pop")
    @needs("atomic")
    def test_pop_takes_the_entry(self, store: Store) -> None:
        """pop() returns the value and deletes the entry."""
        store.set("key", {"a": [1]})
        assert store.pop("key") == {"a": [1]}
        assert not store.exists("key")
        assert store.pop("key", "gone") == "gone"

    @clause("atomic-pop")
    @needs("atomic")
    def test_pop_takes_a_stored_none(self, store: Store) -> None:
        """An entry of None is popped as any other."""
        store.set("key", None)
        assert store.pop("key", "default") is None
        assert store.pop("key", "default") == "default"

    @clause("atomic-pop")
    @needs("atomic")
    def test_pop_takes_a_large_value_whole(self, store: Store) -> None:
        """A value of several hundred kilobytes is popped whole."""
        text = "0123456789" * 40_000
        store.set("key", text)
        assert store.pop("key") == text
        assert not store.exists("key")

    # compare_and_set

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_writes_where_the_value_is_the_old_one(self, store: Store) -> None:
        """An equal value is replaced, and the answer is True."""
        store.set("key", {"a": [1, None]})
        assert store.compare_and_set("key", {"a": [1, None]}, "new") is True
        assert store.get("key") == "new"

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_leaves_another_value(self, store: Store) -> None:
        """A different value stays, with its expiry, and the answer is False."""
        store.set("key", "other", ttl=1000)
        assert store.compare_and_set("key", "old", "new", ttl=None) is False
        assert store.get("key") == "other"
        assert 990 < (store.ttl("key") or 0) <= 1000

    @clause("atomic-cas")
    @needs("atomic")
    @pytest.mark.parametrize(("there", "old"), [(1, True), (1, 1.0), ("1", 1), (0, False)])
    def test_compare_and_set_compares_types(self, store: Store, there: Any, old: Any) -> None:
        """A value that is equal but of another type is another value."""
        store.set("key", there)
        assert store.compare_and_set("key", old, "new") is False
        assert store.get("key") == there

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_of_nothing_is_refused(self, store: Store) -> None:
        """Where there is no entry no value is the old one, None neither."""
        assert store.compare_and_set("key", "old", "new") is False
        assert store.compare_and_set("key", None, "new") is False
        assert not store.exists("key")

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_knows_a_stored_none(self, store: Store) -> None:
        """None is a value to compare with and to write."""
        store.set("key", None)
        assert store.compare_and_set("key", None, 1) is True
        assert store.compare_and_set("key", 1, None) is True
        assert store.get("key", "missing") is None

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_from_missing_adds(self, store: Store) -> None:
        """MISSING as the old value means that there must be no entry."""
        assert store.compare_and_set("key", MISSING, 1) is True
        assert store.compare_and_set("key", MISSING, 2) is False
        assert store.get("key") == 1

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_to_missing_deletes(self, store: Store) -> None:
        """MISSING as the new value deletes the entry if it has the old one."""
        store.set("key", 1)
        assert store.compare_and_set("key", 2, MISSING) is False
        assert store.get("key") == 1
        assert store.compare_and_set("key", 1, MISSING) is True
        assert not store.exists("key")

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_from_missing_to_missing(self, store: Store) -> None:
        """It answers whether there is nothing, and leaves it so."""
        assert store.compare_and_set("key", MISSING, MISSING) is True
        store.set("key", 1)
        assert store.compare_and_set("key", MISSING, MISSING) is False
        assert store.get("key") == 1

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_sets_the_expiry(self, store: Store) -> None:
        """As set(): with a ttl the entry has it, without one it lives for ever."""
        store.set("key", 1, ttl=50)
        assert store.compare_and_set("key", 1, 2, ttl=1000)
        assert 990 < (store.ttl("key") or 0) <= 1000
        assert store.compare_and_set("key", 2, 3)
        assert store.ttl("key") is None

    @clause("atomic-cas")
    @needs("atomic")
    def test_compare_and_set_to_an_equal_value_is_written(self, store: Store) -> None:
        """The same value again is a success."""
        store.set("key", "same")
        assert store.compare_and_set("key", "same", "same") is True
        assert store.get("key") == "same"

    # get_or_set

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
    def test_get_or_set_leaves_no_lock(self, store: Store) -> None:
        """What it does inside is not seen: one entry was made, and no other key."""
        store.get_or_set("key", lambda: 1)
        if store.backend.iterable:
            assert list(store.keys()) == ["key"]
            assert store.count() == 1
        lock = f"{store.options.namespace}!key"
        assert store.backend.get(lock) is None
