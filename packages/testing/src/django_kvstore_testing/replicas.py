"""Checks of replicas: a call that writes never acts on what a replica says.

The checks hold for every engine. They show the most on one whose replicas stay behind until
`Base.catch_up` is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from django_kvstore import split
from django_kvstore.options import MISSING
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs
from .probe import Probe
from .splitting import text
from .walks import entries

#: An older value, which replicas still have, the current value, and a third.
OLD: Final = {"small": "old", "large": text("o", 5000)}
NEW: Final = {"small": "new", "large": text("n", 5000)}
THIRD: Final = {"small": "third", "large": text("t", 5000)}


class Call(NamedTuple):
    """A call that writes: what it returns, and which value the key has after it."""

    act: Callable[[Store, str], Any]
    returns: object
    leaves: Any


def calls_on(value: dict[str, str], size: str) -> dict[str, Call]:
    """Return every atomic call on the key, where `value` is current; MISSING stands for none."""
    now, other = value.get(size, MISSING), THIRD[size]
    there = now is not MISSING
    kept = now if there else other
    return {
        "pop": Call(lambda s, k: s.pop(k, MISSING), now, MISSING),
        "touch": Call(lambda s, k: s.touch(k, 1000), there, now),
        "persist": Call(lambda s, k: s.persist(k), there, now),
        "swap": Call(lambda s, k: s.compare_and_set(k, now, other), True, other),
        "swap of the old value": Call(
            lambda s, k: s.compare_and_set(k, OLD[size], other), False, now
        ),
        "swap for nothing": Call(lambda s, k: s.compare_and_set(k, now, MISSING), True, MISSING),
        "add": Call(lambda s, k: s.add(k, other), not there, kept),
        "add that is over": Call(lambda s, k: s.add(k, other, 0), not there, now),
        "put": Call(lambda s, k: s.put(k, other), not there, other),
        "get_or_set": Call(lambda s, k: s.get_or_set(k, other), kept, kept),
        "get_or_set, computing": Call(lambda s, k: s.get_or_set(k, lambda: other), kept, kept),
    }


class Replicas(Base):
    """Clauses ``replicas-…``."""

    @clause("replicas-writes")
    @needs("atomic")
    @pytest.mark.parametrize("name", list(calls_on(NEW, "small")))
    def test_an_atomic_call_sees_the_last_write(
        self, store: Store, small: Store, name: str
    ) -> None:
        """A call that writes finds the value that was written last, though a replica is behind."""
        store.persist("nothing")
        for size in OLD:
            call, changed, new = calls_on(NEW, size)[name], f"{size} changed", f"{size} new"
            small.set(changed, OLD[size])
            self.catch_up()
            small.set_many({changed: NEW[size], new: NEW[size]})
            assert [call.act(small, key) for key in (changed, new)] == [call.returns] * 2
            self.catch_up()
            assert [small.get(key, MISSING) for key in (changed, new)] == [call.leaves] * 2

    @clause("replicas-writes")
    @needs("atomic")
    @pytest.mark.parametrize("name", list(calls_on({}, "small")))
    def test_an_atomic_call_sees_the_last_deletion(
        self, store: Store, small: Store, name: str
    ) -> None:
        """A call that writes finds nothing after a deletion, though a replica is behind."""
        store.persist("nothing")
        for size in OLD:
            call = calls_on({}, size)[name]
            small.set(size, OLD[size])
            self.catch_up()
            small.delete(size)
            assert call.act(small, size) == call.returns
            self.catch_up()
            assert small.get(size, MISSING) == call.leaves

    @clause("replicas-writes")
    @needs("atomic")
    def test_counting_goes_on_from_the_last_sum(self, store: Store) -> None:
        """incr() and decr() count from what was written last."""
        store.incr("hits", 5)
        self.catch_up()
        assert [store.incr("hits"), store.incr("hits", 10), store.decr("hits", 2)] == [6, 16, 14]
        store.delete("hits")
        assert store.incr("hits") == 1

    @clause("replicas-writes")
    @pytest.mark.parametrize("size", ["small", "large"])
    def test_deleting_says_what_was_there_last(self, small: Store, size: str) -> None:
        """delete() and delete_many() count what was written last."""
        small.set_many({"one": OLD[size], "two": OLD[size]})
        self.catch_up()
        assert small.delete("one") is True
        assert small.delete("one") is False
        small.set_many({"one": NEW[size], "three": NEW[size]})
        assert small.delete_many(["one", "two", "three", "four"]) == 3
        assert small.delete_many(["one", "two", "three", "four"]) == 0
        small.set("two", NEW[size])
        assert small.delete("two") is True
        self.catch_up()
        assert small.get_many(["one", "two", "three"]) == {}

    @clause("replicas-writes")
    @needs("clearable")
    def test_clearing_deletes_what_was_written_last(self, store: Store, small: Store) -> None:
        """clear() deletes the entries that no replica has yet, and counts no others."""
        store.clear()
        small.set_many({"one": OLD["large"], "two": "old"})
        self.catch_up()
        small.delete("two")
        small.set_many({"three": NEW["large"], "four": "new"})
        assert small.clear() in (3, None)
        self.catch_up()
        assert small.get_many(["one", "two", "three", "four"]) == {}

    @clause("replicas-writes")
    def test_no_part_of_a_replaced_value_stays(self, small: Store) -> None:
        """What replaces or deletes a large value deletes its parts, also those of a new value."""
        small.set("key", OLD["large"])
        self.catch_up()
        small.set("key", NEW["large"])
        if small.backend.atomic:
            assert small.put("key", THIRD["large"]) is False
        small.delete("key")
        self.catch_up()
        if small.backend.iterable:
            probe = Probe(small)
            assert probe.raw_keys(probe.parts_prefix) == []

    @clause("replicas-writes")
    @needs("iterable")
    def test_purging_keeps_what_is_current(
        self, store: Store, small: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """purge() collects no part of a value that no replica has yet."""
        store.purge()
        small.set("key", OLD["large"])
        self.catch_up()
        small.set_many({"key": NEW["large"], "new": NEW["large"]})
        monkeypatch.setattr(split, "GRACE", -1.0)
        small.purge()
        self.catch_up()
        assert small.get_many(["key", "new"]) == {"key": NEW["large"], "new": NEW["large"]}

    @clause("replicas-writes")
    def test_whole_entries_are_those_written_last(self, small: Store) -> None:
        """get_entries() and export(), by which entries are moved, leave nothing out."""
        small.set_many({"one": OLD["large"], "two": "old"})
        self.catch_up()
        small.delete("two")
        small.set_many({"one": NEW["large"], "three": "new"})
        expected = {"one": NEW["large"], "three": "new"}
        found = small.get_entries(["one", "two", "three"])
        assert {key: entry.value for key, entry in found.items()} == expected
        if small.backend.iterable:
            exported = entries(small.export)
            assert {entry.key: entry.value for entry in exported} == expected

    @clause("replicas-reads")
    def test_a_reader_gets_a_whole_value(self, small: Store) -> None:
        """A read gives the value of now or of some time before, whole, and is no error."""
        small.set("key", OLD["large"])
        self.catch_up()
        for value in (NEW["large"], THIRD["large"], "small"):
            small.set("key", value)
            known = (OLD["large"], NEW["large"], THIRD["large"], "small")
            assert small.get("key") in known
            assert small.get_many(["key"])["key"] in known
        self.catch_up()
        assert small.get("key") == "small"
        small.delete("key")
        self.catch_up()
        assert small.get("key") is None
