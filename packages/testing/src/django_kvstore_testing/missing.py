"""Checks of missing entries: a miss is no error, and nothing else looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs


class Missing(Base):
    """Clauses ``missing-…``."""

    @clause("missing-default")
    def test_a_miss_returns_none(self, store: Store) -> None:
        """get() of a key without an entry returns None."""
        assert store.get("nothing") is None

    @clause("missing-default")
    def test_a_miss_returns_the_default(self, store: Store) -> None:
        """get() of a key without an entry returns the very default it was given."""
        default = object()
        assert store.get("nothing", default) is default
        assert store.get("nothing", default=default) is default

    @clause("missing-default")
    def test_a_default_is_not_stored(self, store: Store) -> None:
        """Asking with a default writes nothing."""
        store.get("nothing", 1)
        assert "nothing" not in store
        assert store.get("nothing") is None

    @clause("missing-default")
    def test_an_empty_value_is_no_miss(self, store: Store) -> None:
        """A value that is false is returned, not the default."""
        values: dict[str, Any] = {
            "none": None,
            "zero": 0,
            "text": "",
            "list": [],
            "dict": {},
            "no": False,
        }
        store.set_many(values)
        assert {key: store.get(key, "default") for key in values} == values

    @clause("missing-exists")
    def test_exists_says_whether_there_is_an_entry(self, store: Store) -> None:
        """exists(), in and has_key() agree, before and after."""
        for expected in (False, True, False):
            assert store.exists("key") is expected
            assert ("key" in store) is expected
            assert store.has_key("key") is expected
            if expected:
                store.delete("key")
            else:
                store.set("key", 1)

    @clause("missing-exists")
    def test_an_entry_of_none_exists(self, store: Store) -> None:
        """An entry whose value is None is there."""
        store.set("key", None)
        assert store.exists("key") is True
        assert store.get_many(["key"]) == {"key": None}

    @clause("missing-delete")
    def test_delete_says_whether_there_was_an_entry(self, store: Store) -> None:
        """delete() answers True once, then False."""
        store.set("key", 1)
        assert store.delete("key") is True
        assert store.delete("key") is False

    @clause("missing-delete")
    def test_deleting_nothing_is_no_error(self, store: Store) -> None:
        """delete() of a key that never had an entry answers False."""
        assert store.delete("never") is False

    @clause("missing-delete")
    def test_a_deleted_entry_is_gone(self, store: Store) -> None:
        """After delete() every way of reading misses, and the neighbors are untouched."""
        store.set_many({"key": 1, "keys": 2, "ke": 3})
        store.delete("key")
        assert store.get("key") is None
        assert not store.exists("key")
        assert store.get_many(["key", "keys", "ke"]) == {"keys": 2, "ke": 3}

    @clause("missing-delete")
    def test_a_deleted_entry_can_be_written_again(self, store: Store) -> None:
        """Nothing of a deleted entry stays behind, its expiry least of all."""
        store.set("key", "old", ttl=1000)
        store.delete("key")
        store.set("key", "new")
        assert store.get("key") == "new"
        assert store.ttl("key") is None

    @clause("missing-delete")
    def test_an_entry_of_none_is_deleted_as_any_other(self, store: Store) -> None:
        """delete() of an entry whose value is None answers True."""
        store.set("key", None)
        assert store.delete("key") is True
        assert not store.exists("key")

    @clause("missing-default")
    def test_no_entry_has_no_time_left(self, store: Store) -> None:
        """ttl() of a key without an entry is 0.0."""
        assert store.ttl("nothing") == 0.0

    @clause("missing-default")
    @needs("atomic")
    def test_popping_nothing_returns_the_default(self, store: Store) -> None:
        """pop() of a key without an entry returns None, or the default."""
        default = object()
        assert store.pop("nothing") is None
        assert store.pop("nothing", default) is default

    @clause("missing-default")
    @needs("atomic")
    def test_touching_nothing_makes_nothing(self, store: Store) -> None:
        """touch() and persist() of a key without an entry answer False."""
        assert store.touch("nothing", 10) is False
        assert store.persist("nothing") is False
        assert not store.exists("nothing")

    @clause("missing-exists")
    @pytest.mark.parametrize("value", ["x", None, 0])
    def test_reading_changes_nothing(self, store: Store, value: object) -> None:
        """However often an entry is read, it stays."""
        store.set("key", value)
        for _ in range(3):
            assert store.get("key", "default") == value
            assert store.exists("key")
