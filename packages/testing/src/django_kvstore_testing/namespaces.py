"""Checks of namespaces: stores that share an engine and nothing else."""

from __future__ import annotations

import pytest

from django_kvstore.errors import InvalidKey, KVStoreError
from django_kvstore.store import Store

from .base import Base, OpenStore
from .clauses import clause, needs
from .threads import run_threads, switching_often
from .walks import entries

#: Names that a careless join, or a wildcard, would make one; and those within others.
_NAMES = ("a", "A", "ab", "a_b", "axb", "a.b", "a-b", "a/b", "b")


def _walk_on(store: Store, cursor: str | None) -> list[str]:
    """Return the keys that follow a cursor of any origin; none where it is refused."""
    keys: list[str] = []
    while cursor is not None:
        try:
            found, cursor = store.scan("", cursor, 4)
        except (KVStoreError, ValueError):
            return keys
        keys += [key for key, _ in found]
        assert len(keys) < 1000, "the walk does not end"
    return keys


class Namespaces(Base):
    """Clauses ``namespaces-…``."""

    @clause("namespaces-apart")
    def test_one_key_in_two_namespaces_is_two_entries(self, open_store: OpenStore) -> None:
        """Each namespace has its own entry of a key."""
        stores = {name: open_store(namespace=name) for name in _NAMES}
        for name, store in stores.items():
            store.set("key", name)
        assert {name: store.get("key") for name, store in stores.items()} == {n: n for n in _NAMES}

    @clause("namespaces-apart")
    def test_a_namespace_sees_no_others_entries(self, open_store: OpenStore) -> None:
        """What another namespace holds is missing by every way of reading."""
        open_store(namespace="a").set_many({"key": 1, "b:key": 2})
        for name in ("", "b", "A", "ab", "a/b"):
            other = open_store(namespace=name)
            assert other.get("key") is None
            assert "key" not in other
            assert other.get_many(["key", "a:key", "b:key", "a/key"]) == {}
            assert other.delete("key") is False
            assert other.delete_many(["key", "a:key"]) == 0
            assert other.ttl("key") == 0.0

    @clause("namespaces-apart")
    def test_a_namespace_and_a_key_are_not_joined(self, open_store: OpenStore) -> None:
        """Namespace "a" with key "b" is neither "" with "a:b" nor "a/b" with anything."""
        outer, inner = open_store(), open_store(namespace="a")
        inner.set("b", "inner")
        for key in ("a:b", "a/b", "ab", "a", "b", ":b", "a!b", "a;b"):
            assert key not in outer
            outer.set(key, "outer")
        assert inner.get("b") == "inner"
        inner.delete("b")
        assert outer.get("a:b") == "outer"

    @clause("namespaces-apart")
    def test_a_namespace_within_another_is_apart_from_it(self, open_store: OpenStore) -> None:
        """Neither of a namespace and one within it sees the other's entries."""
        outer = open_store(namespace="a")
        inner = outer.namespace("b")
        outer.set("key", "outer")
        inner.set("key", "inner")
        outer.set("b:key", "outer too")
        assert [outer.get("key"), inner.get("key")] == ["outer", "inner"]
        assert inner.get("b:key") is None
        assert open_store(namespace="a/b").get("key") == "inner"
        inner.delete("key")
        assert outer.get_many(["key", "b:key"]) == {"key": "outer", "b:key": "outer too"}

    @clause("namespaces-apart")
    def test_a_namespace_of_the_whole_engine(self, root: Store, open_store: OpenStore) -> None:
        """The store without a namespace of its own sees no entry of any namespace."""
        store = open_store(namespace="inner")
        store.set("key", 1)
        within = store.options.namespace.removeprefix(root.options.namespace).lstrip("/")
        for key in ("key", f"{within}:key", f"{within}/key", f"/{within}:key"):
            assert key not in root

    @clause("namespaces-apart")
    @needs("atomic")
    def test_atomic_calls_stay_in_their_namespace(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """Counting, adding and popping in one namespace changes no other."""
        one, two = open_store(namespace="one"), open_store(namespace="two")
        assert one.add("key", 1)
        assert two.add("key", 10)
        assert [one.incr("key"), two.incr("key")] == [2, 11]
        assert one.compare_and_set("key", 11, 0) is False
        assert one.pop("key") == 2
        assert two.get("key") == 11
        assert one.get_or_set("key", lambda: "computed") == "computed"
        assert two.get("key") == 11

    @clause("namespaces-apart")
    def test_namespaces_stay_apart_while_threads_use_them(self, open_store: OpenStore) -> None:
        """Threads that each use a namespace of their own meet no entry of another's."""
        names = ("", *_NAMES[:7])
        # With the lengths the batches differ, and with them the requests and their replies.
        sizes = [1, 2, 17, 1, 40, 3, 9, 2]
        turns = max(5, self.rounds // 10)

        def work(number: int) -> list[str]:
            store, size = open_store(namespace=names[number]), sizes[number]
            wrong: list[str] = []

            def expect(done: str, came: object, expected: object) -> None:
                if came != expected:
                    wrong.append(f"{done} in '{names[number]}' gave {came!r}, not {expected!r}")

            for turn in range(turns):
                mine = [number, turn]
                many = {f"key {at}": [*mine, at] for at in range(size)}
                store.set("key", mine)
                expect("get() after set()", store.get("key"), mine)
                store.set_many(many)
                expect("get_many() after set_many()", store.get_many([*many, "no"]), many)
                if store.backend.atomic:
                    expect("incr()", store.incr("hits"), turn + 1)
                    expect("pop() after set()", store.pop("key"), mine)
                if store.backend.iterable:
                    expect("count()", store.count("key "), size)
                    expect("items()", dict(store.items("key ")), many)
                expect("delete_many()", store.delete_many(many), size)
            return wrong

        with switching_often():
            found = [text for each in run_threads(len(names), work) for text in each]
        assert found == [], f"{len(found)} wrong answers; the first: {found[0]}"

    @clause("namespaces-lists")
    @needs("iterable")
    def test_a_namespace_lists_its_own_keys(self, store: Store, open_store: OpenStore) -> None:
        """keys(), items(), scan() and count() of one namespace leave out all others."""
        stores = {name: open_store(namespace=name) for name in ("", *_NAMES)}
        for name, each in stores.items():
            each.set_many({f"{name}1": name, "key": name})
        for name, each in stores.items():
            assert sorted(each.keys()) == sorted([f"{name}1", "key"])
            assert dict(each.items()) == {f"{name}1": name, "key": name}
            assert len(entries(each.scan)) == 2
            assert each.count() == 2
            assert list(each.keys("key")) == ["key"]

    @clause("namespaces-lists")
    @needs("iterable")
    def test_listed_keys_are_without_their_namespace(self, store: Store) -> None:
        """A key comes back from a walk as it was written."""
        inner = store.namespace("a").namespace("b")
        inner.set("key", 1)
        assert list(inner.keys()) == ["key"]
        assert list(inner.items()) == [("key", 1)]

    @clause("namespaces-lists")
    @needs("iterable")
    def test_a_cursor_of_another_namespace_shows_nothing_of_it(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """Whatever cursor is given, a walk lists entries of its own namespace alone."""
        stores = {name: open_store(namespace=name) for name in ("a", "b", "c")}
        for name, each in stores.items():
            each.set_many({f"{name} {number}": name for number in range(9)})
        for theirs, each in stores.items():
            first, cursor = each.scan(limit=4)
            for name, other in stores.items():
                keys = _walk_on(other, cursor)
                assert [key for key in keys if not key.startswith(f"{name} ")] == []
                assert len(keys) <= (9 - len(first) if name == theirs else 9)

    @clause("namespaces-lists")
    @needs("iterable")
    def test_a_bad_cursor_shows_nothing_of_another_namespace(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """A cursor that no walk gave is refused, or lists entries of the namespace alone."""
        assert store.count() == 0
        before, store, after = (open_store(namespace=name) for name in ("a", "b", "c"))
        for name, each in {"before": before, "here": store, "after": after}.items():
            each.set_many({f"{name} {number}": name for number in range(9)})
        for cursor in (*self.bad_cursors, self.cell(before, "before 3"), self.cell(after, "z")):
            keys = _walk_on(store, cursor)
            assert [key for key in keys if not key.startswith("here ")] == []
            assert len(keys) == len(set(keys))

    @clause("namespaces-clear")
    @needs("clearable")
    def test_clear_leaves_other_namespaces(self, store: Store, open_store: OpenStore) -> None:
        """clear() of one namespace deletes its entries, and no other's, within or beside."""
        stores = {name: open_store(namespace=name) for name in ("", *_NAMES)}
        for name, each in stores.items():
            each.set("key", name)
        for cleared in ("a", "", "a_b"):
            stores[cleared].clear()
            assert "key" not in stores.pop(cleared)
            assert {name: each.get("key") for name, each in stores.items()} == {
                name: name for name in stores
            }

    @clause("namespaces-names")
    @pytest.mark.parametrize(
        "name", ["", "a/b", "/", "/a", "a/", "a:b", "a;b", "a!b", "a b", "é", "\0", "a" * 201]
    )
    def test_a_bad_namespace_is_refused(self, store: Store, name: str) -> None:
        """The name of a namespace is 1 to 200 ASCII letters, digits, or any of _ . and -."""
        with pytest.raises(ValueError, match="namespace"):
            store.namespace(name)

    @clause("namespaces-names")
    def test_a_namespace_takes_from_the_keys_length(self, open_store: OpenStore) -> None:
        """The greatest length is that of namespace and key together."""
        outer, inner = open_store(), open_store(namespace="inner")
        room = min(1025, outer.backend.max_key_bytes) - len(outer.options.namespace) - 1
        outer.set("k" * room, 1)
        with pytest.raises(InvalidKey):
            inner.set("k" * room, 1)
        inner.set("k" * (room - len("/inner")), 2)
        assert inner.get("k" * (room - len("/inner"))) == 2

    @clause("namespaces-apart")
    def test_a_namespace_keeps_the_stores_options(self, open_store: OpenStore) -> None:
        """A namespace of a store has its ttl, serializer and compression."""
        store = open_store(ttl=1000)
        inner = store.namespace("inner")
        assert {**vars(inner.options), "namespace": ""} == {**vars(store.options), "namespace": ""}
        inner.set("key", 1)
        left = inner.ttl("key")
        assert left is not None
        assert 900 < left <= 1000
