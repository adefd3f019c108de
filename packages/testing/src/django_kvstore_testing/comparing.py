"""Checks of compare-and-set: writing only where nobody else has."""

from __future__ import annotations

from typing import Any

import pytest

from django_kvstore.options import MISSING
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs


class Comparing(Base):
    """Clauses ``atomic-cas``."""

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
    @pytest.mark.parametrize(
        ("there", "old"),
        [
            (1, True),
            (1, 1.0),
            ("1", 1),
            (0, False),
            ([1], [True]),
            ({"n": True}, {"n": 1}),
            ({"n": [1.0]}, {"n": [1]}),
        ],
    )
    def test_compare_and_set_compares_types(self, store: Store, there: Any, old: Any) -> None:
        """A value that is equal but of another type, also deep within, is another value."""
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
