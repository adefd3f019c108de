"""Checks of adding and taking: add, put and pop, each in one step."""

from __future__ import annotations

import pytest

from django_kvstore.errors import InvalidKey, InvalidValue, ValueTooLarge
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


class Atomic(Base):
    """Clauses ``atomic-add``, ``atomic-put`` and ``atomic-pop``."""

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
    def test_add_refuses_what_set_refuses(self, store: Store, modest: Store) -> None:
        """A bad key or value raises before anything is written."""
        with pytest.raises(InvalidKey):
            store.add("", 1)
        with pytest.raises(InvalidValue):
            store.add("key", lambda: None)
        with pytest.raises(ValueTooLarge):
            modest.add("key", "x" * (modest.backend.max_value_bytes + 1))
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
        text = ("0123456789" * 40_000)[: self.fitting(store, 400_000)]
        store.set("key", text)
        assert store.pop("key") == text
        assert not store.exists("key")
