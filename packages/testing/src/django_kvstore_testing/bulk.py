"""Checks of bulk calls: they do what their single forms do, for many keys."""

from __future__ import annotations

from typing import Any

import pytest

from django_kvstore.errors import InvalidKey, InvalidValue
from django_kvstore.store import Store

from .base import Base
from .clauses import clause


class Bulk(Base):
    """Clauses ``bulk-…``."""

    @clause("bulk-get")
    def test_get_many_returns_what_was_found(self, store: Store) -> None:
        """get_many() leaves out what is not there."""
        store.set("a", 1)
        store.set("b", None)
        assert store.get_many(["a", "b", "c"]) == {"a": 1, "b": None}

    @clause("bulk-get")
    def test_get_many_of_nothing_is_empty(self, store: Store) -> None:
        """No keys, no entries; keys without entries, none either."""
        assert store.get_many([]) == {}
        assert store.get_many(["a", "b"]) == {}

    @clause("bulk-get")
    def test_get_many_takes_any_iterable(self, store: Store) -> None:
        """Keys may come from a generator, a set or a dict, and more than once."""
        store.set_many({"a": 1, "b": 2})
        assert store.get_many(key for key in "ab") == {"a": 1, "b": 2}
        assert store.get_many({"a", "b"}) == {"a": 1, "b": 2}
        assert store.get_many(["a", "a", "b", "a"]) == {"a": 1, "b": 2}

    @clause("bulk-get")
    def test_get_many_tells_keys_apart(self, store: Store) -> None:
        """Each value comes back under the key it was asked by."""
        keys = ["a", "A", "a ", "e\u0301", "\u00e9", "%41", "a\0"]
        store.set_many({key: [key] for key in keys})
        assert store.get_many(keys) == {key: [key] for key in keys}

    @clause("bulk-set")
    def test_set_many_writes_every_entry(self, store: Store) -> None:
        """set_many() does what set() does, for each."""
        store.set("a", "old")
        store.set_many({"a": 1, "b": [2], "c": None})
        assert [store.get(key, "miss") for key in "abcd"] == [1, [2], None, "miss"]

    @clause("bulk-set")
    def test_set_many_of_nothing_writes_nothing(self, store: Store) -> None:
        """No entries, no error."""
        store.set("a", 1)
        store.set_many({})
        assert store.get("a") == 1

    @clause("bulk-set")
    def test_set_many_writes_nothing_when_a_value_is_refused(self, store: Store) -> None:
        """All values are checked before the first is sent."""
        store.set("a", "old")
        with pytest.raises(InvalidValue):
            store.set_many({"a": "new", "b": lambda: None, "c": 3})
        assert store.get_many([*"abc"]) == {"a": "old"}

    @clause("bulk-set")
    def test_set_many_gives_every_entry_its_expiry(self, store: Store) -> None:
        """The ttl holds for each entry, and without one there is none."""
        store.set_many({"a": 1, "b": 2}, ttl=1000)
        store.set_many({"b": 3, "c": 4})
        assert 990 < (store.ttl("a") or 0) <= 1000
        assert [store.ttl(key) for key in "bc"] == [None, None]

    @clause("bulk-set")
    def test_set_many_in_the_past_deletes(self, store: Store) -> None:
        """Entries that are gone already leave nothing, of the old ones neither."""
        store.set("a", "old")
        store.set_many({"a": 1, "b": 2}, ttl=0)
        assert store.get_many([*"ab"]) == {}

    @clause("bulk-delete")
    def test_delete_many_says_how_many_there_were(self, store: Store) -> None:
        """delete_many() counts the entries that were there, once each."""
        store.set_many({"a": 1, "b": None, "c": 3})
        assert store.delete_many(["a", "b", "nothing", "a"]) == 2
        assert store.get_many([*"abc"]) == {"c": 3}
        assert store.delete_many(["a", "b"]) == 0

    @clause("bulk-delete")
    def test_delete_many_of_nothing_is_none(self, store: Store) -> None:
        """No keys, none deleted."""
        store.set("a", 1)
        assert store.delete_many([]) == 0
        assert store.get("a") == 1

    @clause("bulk-delete")
    def test_delete_many_takes_any_iterable(self, store: Store) -> None:
        """Keys may come from a generator."""
        store.set_many({"a": 1, "b": 2})
        assert store.delete_many(key for key in "abc") == 2

    @clause("bulk-one")
    @pytest.mark.parametrize("one", ["ab", b"ab", ""])
    def test_one_text_is_not_several_keys(self, store: Store, one: Any) -> None:
        """get_many(), delete_many() and get_entries() refuse one str or bytes for several keys."""
        store.set_many({"a": 1, "b": 2})
        for call in (store.get_many, store.delete_many, store.get_entries):
            with pytest.raises(InvalidKey):
                call(one)
        assert store.get_many(["a", "b"]) == {"a": 1, "b": 2}

    @clause("bulk-one")
    @pytest.mark.parametrize("pairs", [[("a", 1)], "ab", None])
    def test_set_many_needs_a_dict(self, store: Store, pairs: Any) -> None:
        """set_many() refuses what is not a dict of keys and values."""
        with pytest.raises(InvalidValue):
            store.set_many(pairs)
        assert store.get_many(["a", "b"]) == {}

    @clause("bulk-size")
    def test_more_keys_than_one_request_holds(self, store: Store) -> None:
        """A bulk call takes any number of keys, whatever the engine takes at once."""
        values = {f"key {number}": number for number in range(self.bulk)}
        store.set_many(values)
        assert store.get_many(values) == values
        assert store.get_many([*values, "nothing"]) == values
        assert store.delete_many(values) == len(values)
        assert store.get_many(values) == {}

    @clause("bulk-size")
    def test_large_values_in_one_call(self, store: Store) -> None:
        """A bulk call takes several megabytes, whatever the engine takes at once."""
        size = self.fitting(store, 600_000)
        values = {letter: letter * size for letter in "abcdefgh"}
        store.set_many(values)
        assert store.get_many(values) == values
        assert store.delete_many(values) == len(values)
