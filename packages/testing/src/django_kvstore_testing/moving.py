"""Checks of moving: whole entries, with their expiry, out of one store and into another."""

from __future__ import annotations

import time
from typing import Any

import pytest

from django_kvstore.entries import Entry
from django_kvstore.errors import CorruptValue, InvalidKey, InvalidValue, Unavailable
from django_kvstore.options import MISSING
from django_kvstore.store import Store

from .base import Base, OpenStore
from .clauses import clause, needs
from .probe import Probe
from .walks import entries


class Moving(Base):
    """Clauses ``moving-…``."""

    def _writes(self, store: Store, value: object) -> bool:
        """Say whether the store's serializer can write the value."""
        try:
            store.coder.payload("", value)
        except InvalidValue:
            return False
        return True

    @clause("moving-entries")
    def test_get_entries_returns_entries_whole(self, store: Store) -> None:
        """get_entries() gives the key, the value, the time of its expiry and its size."""
        before = time.time()
        store.set("ever", {"a": 1})
        store.set("while", None, ttl=1000)
        found = store.get_entries(key for key in ("ever", "while", "nothing"))
        assert found.keys() == {"ever", "while"}
        assert found["ever"][:3] == ("ever", {"a": 1}, None)
        assert found["while"][:2] == ("while", None)
        assert before + 1000 <= (found["while"].expires or 0) <= time.time() + 1000
        assert all(entry.size > 0 and entry.error is None for entry in found.values())
        assert store.get_entries([]) == {}

    @clause("moving-entries")
    def test_get_entries_tells_of_a_damaged_entry(self, store: Store) -> None:
        """A damaged entry is there, with its error and without a value."""
        store.set_many({"fine": 1, "key": 2})
        cell = self.cell(store, "key")
        record = Probe(store).raw(cell)
        assert record is not None
        Probe(store).put_raw(cell, record[:-1] + bytes((record[-1] ^ 1,)))
        found = store.get_entries(["fine", "key"])
        assert found["fine"].value == 1
        assert found["key"].value is MISSING
        assert isinstance(found["key"].error, CorruptValue)

    @clause("moving-export")
    @needs("iterable")
    def test_export_lists_every_entry_once(self, store: Store) -> None:
        """export() gives pages of whole entries, each once, a damaged one too."""
        values: dict[str, Any] = {f"key {number}": number for number in range(30)}
        store.set_many(values)
        store.set("while", "there", ttl=1000)
        store.set("other", 1)
        cell = self.cell(store, "key 7")
        Probe(store).put_raw(cell, b"damaged")
        exported: list[Entry] = entries(store.export, limit=8)
        listed = {entry.key: entry for entry in exported}
        assert len(listed) == len(exported), "an entry was listed twice"
        assert listed.keys() == {*values, "while", "other"}
        assert isinstance(listed["key 7"].error, CorruptValue)
        assert listed["key 9"].value == 9
        assert listed["key 9"].expires is None
        assert listed["while"].expires is not None
        assert [entry.key for entry in entries(store.export, "oth")] == ["other"]

    @clause("moving-export")
    def test_an_outage_is_no_damaged_entry(self, store: Store, open_store: OpenStore) -> None:
        """When the engine fails while a value is read get_entries() raises what it raised."""
        store.set("key", "value")
        # Wherever the value is read: in one piece, or part by part.
        failing = open_store(backend=Probe(store).failing("read", with_error=Unavailable))
        with pytest.raises(Unavailable):
            failing.get_entries(["key"])

    @clause("moving-restore")
    def test_restore_writes_entries_whole(self, open_store: OpenStore) -> None:
        """restore() writes what another store gave, each entry with its own expiry."""
        one, two = open_store(namespace="one"), open_store(namespace="two", ttl=50)
        one.set_many({"ever": None, "also": [1, {"a": "b" * 50_000}]})
        one.set("while", "there", ttl=1000)
        two.set("also", "old")
        two.set("stays", "old")
        two.restore(one.get_entries(["ever", "also", "while"]).values())
        assert two.get_many(["ever", "also", "while", "stays"]) == {
            **one.get_many(["ever", "also", "while"]),
            "stays": "old",
        }
        assert [two.ttl(key) for key in ("ever", "also")] == [None, None]
        assert two.get_entries(["while"])["while"].expires == pytest.approx(
            one.get_entries(["while"])["while"].expires
        )

    @clause("moving-restore")
    def test_restore_leaves_out_what_is_no_entry(self, store: Store) -> None:
        """What has expired, or has no value, is neither written nor in the way."""
        now = time.time()
        store.set("damaged", "old")
        error = Probe(store).error(CorruptValue, "for a test")
        store.restore(
            [
                Entry("fine", 1, now + 1000, 1),
                Entry("gone", 2, now - 1, 1),
                Entry("damaged", MISSING, None, 1, error),
            ]
        )
        assert store.get_many(["fine", "gone", "damaged"]) == {"fine": 1, "damaged": "old"}

    @clause("moving-restore")
    def test_restore_refuses_what_set_refuses(self, store: Store) -> None:
        """One bad key or value, and none of the entries is written."""
        for bad, kind in ((Entry("", 1, None, 1), InvalidKey), (Entry("k", min, None, 1), None)):
            if kind is None and self._writes(store, min):
                continue  # a pickle takes a function by its name
            with pytest.raises(kind or InvalidValue):
                store.restore([Entry("fine", 1, None, 1), bad])
        assert "fine" not in store
