"""Checks of prefixes: a walk through just those keys that start with one."""

from __future__ import annotations

import pytest

from django_kvstore.errors import InvalidKey
from django_kvstore.store import Store

from .base import Base
from .clauses import clause, needs


class Prefixes(Base):
    """Clauses ``iteration-prefix``."""

    @clause("iteration-prefix")
    @needs("iterable")
    def test_a_prefix_selects_keys(self, store: Store) -> None:
        """Only keys that start with the prefix are listed and counted, itself included."""
        store.set_many(
            {key: key for key in ("user", "user:1", "user:2", "users", "use", "x:user:1")}
        )
        assert sorted(store.keys("user:")) == ["user:1", "user:2"]
        assert sorted(store.keys("user")) == ["user", "user:1", "user:2", "users"]
        assert dict(store.items("user:")) == {"user:1": "user:1", "user:2": "user:2"}
        assert store.count("user") == 4
        assert store.count("") == 6

    @clause("iteration-prefix")
    @needs("iterable")
    def test_a_prefix_of_nothing_lists_nothing(self, store: Store) -> None:
        """A prefix that no key starts with is no error."""
        store.set_many({"key 0": 0, "key 1": 1})
        assert list(store.keys("nothing")) == []
        assert list(store.items("key 00")) == []
        assert store.count("KEY") == 0

    @clause("iteration-prefix")
    @needs("iterable")
    @pytest.mark.parametrize(
        "prefix",
        ["%", "_", "\\", "*", "?", "[", "'", '"', "`", " ", "\0", "\x7f", "a%", "a_", "\\_"],
    )
    def test_no_character_of_a_prefix_stands_for_others(self, store: Store, prefix: str) -> None:
        """What is a wildcard elsewhere is itself in a prefix."""
        inside = [prefix, f"{prefix}1", f"{prefix}{prefix}"]
        store.set_many(dict.fromkeys([*inside, "ab1", "b", f"b{prefix}", "a", "1"], 1))
        assert sorted(store.keys(prefix)) == sorted(inside)
        assert store.count(prefix) == len(inside)

    @clause("iteration-prefix")
    @needs("iterable")
    def test_a_prefix_is_exact(self, store: Store) -> None:
        """A prefix folds neither case nor accents nor spaces."""
        store.set_many(dict.fromkeys(["ab", "Ab", "AB", "\u00e1b", "a\u0301b", "a b", " ab"], 1))
        assert list(store.keys("A")) == ["Ab", "AB"] or list(store.keys("A")) == ["AB", "Ab"]
        assert list(store.keys("a ")) == ["a b"]
        assert list(store.keys("\u00e1")) == ["\u00e1b"]
        assert list(store.keys("a\u0301")) == ["a\u0301b"]

    @clause("iteration-prefix")
    @needs("iterable")
    def test_a_prefix_of_the_last_characters(self, store: Store) -> None:
        """Where a prefix has no successor in the order of characters the walk is still right."""
        last = "\U0010ffff"
        keys = [
            last,
            last * 2,
            f"{last}a",
            "\uffff",
            "\uffffa",
            "\ud7ff",
            "\ue000",
            "z",
            "\x7f",
            "\xff",
        ]
        store.set_many(dict.fromkeys(keys, 1))
        assert sorted(store.keys(last)) == sorted([last, last * 2, f"{last}a"])
        assert sorted(store.keys("\uffff")) == ["\uffff", "\uffffa"]
        assert list(store.keys("\ud7ff")) == ["\ud7ff"]
        assert list(store.keys("\xff")) == ["\xff"]
        assert list(store.keys("\x7f")) == ["\x7f"]

    @clause("iteration-prefix")
    @needs("iterable")
    def test_a_bad_prefix_is_refused(self, store: Store) -> None:
        """A prefix that no key can have raises InvalidKey."""
        assert store.count() == 0
        for prefix in ("\ud800", 1, "k" * 2000):
            with pytest.raises(InvalidKey):
                list(store.keys(prefix))  # type: ignore[arg-type]
            with pytest.raises(InvalidKey):
                store.count(prefix)  # type: ignore[arg-type]
