"""Checks of iteration: walks that list each entry once, page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore.options import MISSING
from django_kvstore.store import Store

from . import tasks
from .base import Base, OpenStore
from .clauses import clause, needs
from .probe import Probe, Request
from .walks import entries
from .workers import ProcessWorkers, ThreadWorkers


class Iteration(Base):
    """Clauses ``iteration-…``."""

    def _fill(self, store: Store, number: int, prefix: str = "key ") -> dict[str, int]:
        values = {f"{prefix}{at}": at for at in range(number)}
        store.set_many(values)
        return values

    @clause("iteration-once")
    @needs("iterable")
    def test_every_way_of_writing_makes_a_listed_key(self, store: Store) -> None:
        """Whichever call wrote an entry, a walk lists it; whichever deleted it, it does not."""
        written: dict[str, Callable[[str], Any]] = {
            "set": lambda key: store.set(key, 1),
            "set with a ttl": lambda key: store.set(key, 1, ttl=1000),
            "set_many": lambda key: store.set_many({key: 1}),
        }
        deleted: dict[str, Callable[[str], Any]] = {
            "delete": store.delete,
            "delete_many": lambda key: store.delete_many([key]),
        }
        if store.backend.atomic:
            written |= {
                "add": lambda key: store.add(key, 1),
                "put": lambda key: store.put(key, 1),
                "incr": store.incr,
                "compare_and_set": lambda key: store.compare_and_set(key, MISSING, 1),
                "get_or_set": lambda key: store.get_or_set(key, lambda: 1),
            }
            deleted |= {
                "pop": store.pop,
                "compare_and_set to MISSING": lambda key: store.compare_and_set(key, 1, MISSING),
            }
        for call, write in written.items():
            write(call)
            listed = list(store.keys())
            assert listed == [call], f"{call}() wrote a key; keys() listed {listed}"
            if store.backend.atomic:
                store.compare_and_set(call, 1, 2)
                store.touch(call, 2000)
                store.persist(call)
                listed = list(store.keys())
                assert listed == [call], (
                    f"compare_and_set(), touch() and persist() changed what {call}() had written; "
                    f"keys() listed {listed}: expected that one key"
                )
            store.delete(call)
        for call, delete in deleted.items():
            store.set(call, 1)
            delete(call)
            listed = list(store.keys())
            assert listed == [], f"{call} deleted the key; keys() listed {listed}: expected none"

    @clause("iteration-once")
    @needs("iterable")
    def test_keys_lists_every_key_once(self, store: Store) -> None:
        """keys() gives each key there is, once."""
        assert list(store.keys()) == []
        values = self._fill(store, 30)
        assert sorted(store.keys()) == sorted(values)

    @clause("iteration-once")
    @needs("iterable")
    def test_items_lists_every_entry_once(self, store: Store) -> None:
        """items() gives each key with its value, a None too."""
        assert list(store.items()) == []
        values: dict[str, Any] = {**self._fill(store, 30), "none": None}
        store.set("none", None)
        listed = list(store.items())
        assert len(listed) == len(values)
        assert dict(listed) == values

    @clause("iteration-once")
    @needs("iterable")
    def test_count_counts_every_entry_once(self, store: Store) -> None:
        """count() says how many entries there are."""
        assert store.count() == 0
        self._fill(store, 30)
        store.delete("key 7")
        assert store.count() == 29

    @clause("iteration-once")
    @needs("iterable")
    def test_walks_of_many_pages_list_every_key_once(self, store: Store) -> None:
        """More entries than any page holds are listed, each once."""
        values = self._fill(store, self.walk)
        assert Counter(store.keys()) == Counter(list(values))
        assert sorted(store.items()) == sorted(values.items())
        assert store.count() == self.walk

    @clause("iteration-once")
    @needs("iterable")
    def test_awkward_keys_come_back_from_a_walk(self, store: Store) -> None:
        """A walk gives keys back character by character."""
        keys = [
            "a",
            "A",
            "a ",
            " a",
            "a\0",
            "a\n",
            "%41",
            "e\u0301",
            "\u00e9",
            "a:b",
            "a/b",
            "'\"\\",
        ]
        room = self.room(store)
        keys += ["\U0001f600", "\U0010ffff", "\x7f", ";", "!", ":"]
        keys += ["k" * min(500, room), "\u20ac" * min(100, room // 3)]
        store.set_many({key: [key] for key in keys})
        assert sorted(store.keys()) == sorted(keys)
        assert dict(store.items()) == {key: [key] for key in keys}

    @clause("iteration-once")
    @needs("iterable")
    def test_an_overwritten_entry_is_listed_once(self, store: Store) -> None:
        """Writing an entry again makes it no second one."""
        for number in range(3):
            store.set("key", number)
        store.set("key", 9, ttl=1000)
        assert list(store.items()) == [("key", 9)]
        assert store.count() == 1

    @clause("iteration-pages")
    @needs("iterable")
    def test_scan_gives_pages(self, store: Store) -> None:
        """No page is longer than its limit, and together they hold each entry once."""
        values = self._fill(store, 25)
        for limit in (1, 7, 24, 25, 26, 1000):
            assert sorted(entries(store.scan, limit=limit)) == sorted(values.items())

    @clause("iteration-pages")
    @needs("iterable")
    def test_scan_takes_a_prefix(self, store: Store) -> None:
        """A walk by hand keeps to its prefix from page to page."""
        inside = self._fill(store, 20, "in ")
        self._fill(store, 20, "out ")
        keys = [key for key, _ in entries(store.scan, "in ", limit=6)]
        assert sorted(keys) == sorted(inside)

    @clause("iteration-pages")
    @needs("iterable")
    def test_a_page_may_end_at_any_key(self, store: Store) -> None:
        """A walk continues after a page, whatever characters the last key of the page has."""
        keys = sorted(["a", "a%", "a\0", "a ", "b", "e\u0301", "\u00e9", "\u20ac", "\U0001f600"])
        store.set_many(dict.fromkeys(keys, 1))
        listed: list[str] = []
        cursor = None
        for _ in range(1000):
            found, cursor = store.scan(cursor=cursor, limit=1)
            listed += [key for key, _ in found]
            if cursor is None or len(listed) > len(keys):
                break
        assert sorted(listed) == keys, f"pages of one entry listed {listed}: expected {keys}"

    @clause("iteration-pages")
    @needs("iterable")
    def test_a_cursor_can_be_used_again(self, store: Store, open_store: OpenStore) -> None:
        """A cursor goes on from its page in any store object on the engine, and more than once."""
        values = self._fill(store, 20)
        first = store.scan(limit=8)
        assert first.cursor is not None
        again = Probe(store).another()
        for other in (store, store, type(store)(again, store.options)):
            rest: list[str] = []
            cursor: str | None = first.cursor
            while cursor is not None:
                found, cursor = other.scan(cursor=cursor, limit=8)
                rest += [key for key, _ in found]
            assert sorted([*rest, *(key for key, _ in first.entries)]) == sorted(values)
        again.close()

    @clause("iteration-pages")
    @needs("iterable")
    def test_a_cursor_goes_on_in_another_process(
        self, store: Store, workers: ProcessWorkers | ThreadWorkers
    ) -> None:
        """A cursor is text that others can resume from: in other processes where it is shared."""
        values = self._fill(store, 20)
        first = store.scan(limit=8)
        assert first.cursor is not None
        for rest in workers.race(tasks.resume, store, prefix="", cursor=first.cursor):
            assert sorted([*rest, *(key for key, _ in first.entries)]) == sorted(values)

    @clause("iteration-memory")
    @needs("iterable")
    def test_a_walk_reads_page_by_page(self, store: Store, open_store: OpenStore) -> None:
        """A walk holds one page at a time, and reads no page before it is needed."""
        # More than any page of a walk has.
        total = len(self._fill(store, max(self.walk, 1100)))
        sizes: list[int] = []

        def note(request: Request) -> None:
            if request.kind == "list":
                assert len(request.keys) <= request.limit
                sizes.append(len(request.keys))

        store = open_store(backend=Probe(store).watched(after=note))
        for walk in (store.keys, store.items):
            sizes.clear()
            walking = walk()
            assert sizes == []
            next(walking)
            assert 0 < max(sizes) <= 1000
            assert max(sizes) < total
            read = len(sizes)
            assert 1 + sum(1 for _ in walking) == total
            assert len(sizes) > read

    @clause("iteration-changes")
    @needs("iterable")
    def test_an_untouched_key_is_listed_once_while_others_change(self, store: Store) -> None:
        """Entries that come and go during a walk hide and repeat no other."""
        untouched = self._fill(store, 300, "stay ")
        self._fill(store, 300, "go ")
        listed: Counter[str] = Counter()
        cursor, turn = None, 0
        while True:
            found, cursor = store.scan(cursor=cursor, limit=20)
            listed.update(key for key, _ in found)
            if turn < 40:
                store.delete_many([f"go {turn * 7 + at}" for at in range(7)])
                store.set_many({f"{first} new {turn}": turn for first in ("a", "go", "stay", "z")})
            turn += 1
            if cursor is None:
                break
            assert turn < 10_000, "the walk does not end"
        assert {key: listed[key] for key in untouched} == dict.fromkeys(untouched, 1)
        assert max(listed.values()) == 1

    @clause("iteration-changes")
    @needs("iterable")
    @pytest.mark.parametrize("begun", [1, 4])
    def test_a_walk_over_what_shrinks_and_grows_lists_a_key_once(
        self, store: Store, begun: int
    ) -> None:
        """When most entries are deleted during a walk, the walk repeats and hides no other.

        So it is when many are added. Engines that keep keys in a hash table move them then.
        """
        values = self._fill(store, self.walk)
        kept = {key for key in values if values[key] % 50 == 0}
        for change in ("shrink", "grow"):
            there = sorted(store.keys())
            listed: Counter[str] = Counter()
            cursor, number = None, 0
            while True:
                found, cursor = store.scan(cursor=cursor, limit=100)
                listed.update(key for key, _ in found)
                number += 1
                if number == begun and change == "shrink":
                    store.delete_many([key for key in there if key not in kept])
                if number == begun and change == "grow":
                    store.set_many({f"new {at}": at for at in range(self.walk)})
                if cursor is None:
                    break
                assert number < 10_000, "the walk does not end"
            twice = [key for key, times in listed.items() if times > 1]
            assert twice == [], f"{len(twice)} keys were listed twice, '{twice[0]}' among them"
            hidden = sorted(kept - listed.keys())
            assert hidden == [], f"{len(hidden)} keys were not listed, '{hidden[0]}' among them"

    @clause("iteration-changes")
    @needs("iterable")
    def test_what_a_walk_lists_may_be_deleted(self, store: Store) -> None:
        """Deleting each key as it is listed hides no other."""
        values = self._fill(store, 300)
        seen = []
        cursor = None
        while True:
            found, cursor = store.scan(cursor=cursor, limit=20)
            for key, _ in found:
                assert store.delete(key)
                seen.append(key)
            if cursor is None:
                break
        assert sorted(seen) == sorted(values)
        assert store.count() == 0

    @clause("iteration-changes")
    @needs("iterable")
    def test_what_a_walk_lists_may_be_overwritten(self, store: Store) -> None:
        """Writing to each entry as it is listed makes the walk neither longer nor shorter."""
        values = self._fill(store, 300)
        seen = []
        for key, number in store.items():
            store.set(key, number + 1000)
            seen.append(key)
            assert len(seen) <= 2 * len(values), "the walk does not end"
        assert set(seen) == set(values)

    @clause("iteration-clear")
    @needs("clearable")
    def test_clear_deletes_every_entry(self, store: Store) -> None:
        """clear() leaves nothing, and answers how many there were, or None."""
        values = self._fill(store, 300)
        assert store.clear() in (300, None)
        assert store.get_many(values) == {}
        assert store.clear() in (0, None)
        store.set("key 1", "new")
        assert store.get("key 1") == "new"

    @clause("iteration-clear")
    @needs("clearable", "iterable")
    def test_clear_takes_a_prefix(self, store: Store) -> None:
        """clear() of a prefix leaves every other entry."""
        store.set_many({"user:1": 1, "user:2": 2, "users": 3, "User:1": 4, "a%": 5, "ab": 6})
        assert store.clear("user:") in (2, None)
        assert store.clear("a%") in (1, None)
        assert sorted(store.keys()) == ["User:1", "ab", "users"]
