"""Checks of splitting: values larger than one cell are whole, old or new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore import split
from django_kvstore.errors import CorruptValue, Unavailable
from django_kvstore.options import MISSING
from django_kvstore.store import Store

from . import tasks
from .base import Base, OpenStore
from .clauses import clause, needs
from .probe import Probe, Request
from .threads import run_threads
from .walks import entries
from .workers import ThreadWorkers

_LARGE = 30_000


def text(letter: str, size: int = _LARGE) -> str:
    """Return a text that no compression makes fit into one cell."""
    words = (f"{letter}{at * 2654435761 % 2**32:x}" for at in range(size // 8))
    return " ".join(words)[:size]


class Splitting(Base):
    """Clauses ``splitting-…``; on every engine, by making its cells small."""

    def _parts(self, store: Store, key: str) -> list[str]:
        """Return the names of the cells that hold the value's parts."""
        return Probe(store).parts(key)

    @clause("splitting-whole")
    def test_a_large_value_comes_back_whole(self, small: Store) -> None:
        """A value of many cells is read as it was written, alone and in bulk."""
        longest = text("d", self.fitting(small, 200_000))
        for value in (text("a"), {"list": [text("b"), text("c")]}, longest):
            small.set("key", value)
            assert len(self._parts(small, "key")) > 2
            assert small.get("key") == value
        small.set_many({"one": text("e"), "two": "small", "three": text("f")})
        assert small.get_many(["one", "two", "three", "four"]) == {
            "one": text("e"),
            "two": "small",
            "three": text("f"),
        }

    @clause("splitting-whole")
    def test_no_cell_is_larger_than_declared(self, small: Store, open_store: OpenStore) -> None:
        """Head and parts keep to the engine's limit, however long the key."""
        sizes: list[int] = []
        probe = Probe(small)

        def note(request: Request) -> None:
            sizes.extend(map(len, request.records.values()))

        small = open_store(backend=probe.watched(before=note))
        for key in ("key", "k" * min(900, self.room(small))):
            small.set(key, text("a"))
            small.set_many({key: text("b")})
            assert small.get(key) == text("b")
        assert len(sizes) > 30
        assert max(sizes) <= (probe.record_limit or 0)

    @clause("splitting-whole")
    def test_a_value_at_the_edge_comes_back(self, small: Store) -> None:
        """Values just under, at and over one cell are all read as they were written."""
        limit = Probe(small).record_limit or 0
        for size in range(limit - 40, limit + 10):
            value = text("a", size)
            small.set("key", value)
            assert small.get("key") == value

    @clause("splitting-parts")
    def test_overwriting_deletes_the_old_parts(self, small: Store) -> None:
        """A large value replaced by another leaves no cell behind."""
        small.set("key", text("a"))
        old = self._parts(small, "key")
        small.set("key", text("b"))
        assert small.get("key") == text("b")
        assert Probe(small).raw_many(old) == {}

    @clause("splitting-parts")
    def test_deleting_deletes_the_parts(self, small: Store) -> None:
        """A large value that was deleted leaves no cell behind, alone or in bulk."""
        deletes: tuple[Callable[[], int], ...] = (
            lambda: small.delete("key"),
            lambda: small.delete_many(["key"]),
        )
        for delete in deletes:
            small.set("key", text("a"))
            parts = self._parts(small, "key")
            assert delete() == 1
            assert Probe(small).raw_many(parts) == {}
            assert small.get("key") is None

    @clause("splitting-parts")
    def test_deleting_many_deletes_the_parts_of_each(self, small: Store) -> None:
        """delete_many() of several large values leaves no part of any of them."""
        small.set_many({"one": text("a"), "two": text("b"), "three": text("c")})
        parts = [part for key in ("one", "two", "three") for part in self._parts(small, key)]
        assert small.delete_many(["one", "two", "three"]) == 3
        left = Probe(small).raw_many(parts)
        assert left == {}, f"delete_many() left {len(left)} of {len(parts)} parts: expected none"

    @clause("splitting-parts")
    @needs("atomic")
    def test_atomic_calls_delete_the_old_parts(self, store: Store, small: Store) -> None:
        """pop(), compare_and_set() and a refused add() leave no cell behind."""
        store.pop("nothing")
        small.set("key", text("a"))
        first = self._parts(small, "key")
        assert small.compare_and_set("key", text("a"), text("b")) is True
        second = self._parts(small, "key")
        assert small.add("key", text("c")) is False
        assert small.compare_and_set("key", text("c"), text("d")) is False
        assert small.get("key") == text("b")
        assert small.pop("key") == text("b")
        probe = Probe(small)
        assert probe.raw_many([*first, *second]) == {}
        if small.backend.iterable:
            assert probe.raw_keys(probe.parts_prefix) == []

    @clause("splitting-parts")
    def test_writers_at_the_same_moment_leave_no_parts(
        self, small: Store, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of large values that were set at the same moment, the parts of one stay: of the last."""
        backend = small.backend
        if not backend.atomic and not backend.iterable:
            return  # nobody can tell which value it was that another one replaced
        parts: set[str] = set()
        probe = Probe(small)

        def note(request: Request) -> None:
            parts.update(name for name in request.records if name.startswith(probe.parts_prefix))

        small = open_store(backend=probe.watched(before=note))
        monkeypatch.setattr(split, "GRACE", -1.0)
        writes: tuple[Callable[[str], None], ...] = (
            lambda value: small.set("key", value),
            lambda value: small.set_many({"key": value, "small": 1}),
        )
        for write_value in writes:

            def overwrite(number: int, write_value: Callable[[str], None] = write_value) -> None:
                for letter in "abcd":
                    write_value(text(f"{letter}{number}"))

            run_threads(4, overwrite)
            if backend.iterable:
                small.purge()
            kept = self._parts(small, "key")
            assert sorted(probe.raw_many(parts)) == sorted(kept)

    @clause("splitting-parts")
    @needs("iterable")
    def test_parts_are_not_listed(self, store: Store, small: Store) -> None:
        """A value of many cells is one entry to those who list and count."""
        list(store.keys())
        small.set_many({"key": text("a"), "other": 1})
        assert sorted(small.keys()) == ["key", "other"]
        assert dict(small.items()) == {"key": text("a"), "other": 1}
        assert small.count() == 2

    @clause("splitting-parts")
    @needs("iterable")
    def test_orphans_are_collected(
        self, store: Store, small: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """purge() deletes parts that no entry names, once they are old, and no other."""
        store.purge()
        small.set("key", text("a"))
        kept = self._parts(small, "key")
        small.set("orphan", text("b"))
        orphans = self._parts(small, "orphan")
        probe = Probe(small)
        probe.remove_raw(self.cell(small, "orphan"))
        assert small.purge() == 0
        monkeypatch.setattr(split, "GRACE", -1.0)
        assert small.purge() == len(orphans)
        assert probe.raw_many(orphans) == {}
        assert len(probe.raw_many(kept)) == len(kept)
        assert small.get("key") == text("a")

    @clause("splitting-damage")
    def test_a_missing_part_is_told(self, small: Store) -> None:
        """With a part gone reading raises CorruptValue, or misses where the engine drops cells."""
        small.set("key", text("a"))
        probe = Probe(small)
        for part in self._parts(small, "key"):
            record = probe.raw(part)
            assert record is not None
            probe.remove_raw(part)
            if small.backend.evicts:
                assert small.get("key", "gone") == "gone"
            else:
                with pytest.raises(CorruptValue):
                    small.get("key")
            probe.put_raw(part, record)
            assert small.get("key") == text("a")

    @clause("splitting-damage")
    def test_what_lost_a_part_is_absent_to_every_call(self, store: Store, small: Store) -> None:
        """Where the engine drops cells, no call takes a value that lost a part for an entry."""
        computed: list[int] = []

        def compute() -> int:
            computed.append(1)
            return 7

        calls: dict[str, tuple[Callable[[], Any], Any, Any]] = {
            # What is called, what it returns, and what is there then.
            "get": (lambda: small.get("key", "gone"), "gone", None),
            "get_many": (lambda: small.get_many(["key"]), {}, None),
            "get_entries": (lambda: small.get_entries(["key"]), {}, None),
            "exists": (lambda: small.exists("key"), False, None),
            "in": (lambda: "key" in small, False, None),
            "ttl": (lambda: small.ttl("key"), 0.0, None),
            "delete": (lambda: small.delete("key"), False, None),
            "delete_many": (lambda: small.delete_many(["key", "none"]), 0, None),
            "set": (lambda: small.set("key", text("b")), None, text("b")),
        }
        if small.backend.atomic:
            calls |= {
                "add": (lambda: small.add("key", "new"), True, "new"),
                "put": (lambda: small.put("key", "new"), True, "new"),
                "pop": (lambda: small.pop("key", "gone"), "gone", None),
                "incr": (lambda: small.incr("key", 5), 5, 5),
                "compare": (lambda: small.compare_and_set("key", text("a"), 1), False, None),
                "if absent": (lambda: small.compare_and_set("key", MISSING, 1), True, 1),
                "touch": (lambda: small.touch("key", 1000), False, None),
                "touch with 0": (lambda: small.touch("key", 0), False, None),
                "persist": (lambda: small.persist("key"), False, None),
                "get_or_set": (lambda: small.get_or_set("key", compute), 7, 7),
            }
        for number, (name, (call, returned, then)) in enumerate(calls.items()):
            small.set("key", text("a"))
            parts = self._parts(small, "key")
            Probe(small).remove_raw(parts[number % len(parts)])
            if not small.backend.evicts:
                with pytest.raises(CorruptValue):
                    small.get("key")
                assert small.exists("key"), "what is damaged is there"
                continue
            assert call() == returned, name
            assert small.get("key") == then, name
            if then is None and small.backend.atomic:
                assert small.add("key", "another"), name
        if small.backend.evicts and small.backend.atomic:
            small.set("key", text("a"))
            Probe(small).remove_raw(self._parts(small, "key")[0])
            assert [small.get_or_set("key", compute) for _ in range(3)] == [7, 7, 7]
            assert len(computed) == 2, "it is stored when it was computed"

    @clause("splitting-damage")
    def test_a_damaged_part_is_told(self, small: Store) -> None:
        """A part that was flipped, cut or replaced raises CorruptValue."""
        small.set("key", text("a"))
        parts = self._parts(small, "key")
        probe = Probe(small)
        whole = probe.raw_many(parts)
        for at, part in enumerate(parts):
            record = whole[part]
            neighbor = whole[parts[at - 1]]
            flips = (
                bytes(record[:n]) + bytes([record[n] ^ 1]) + record[n:][1:] for n in (0, 5, 60)
            )
            for damaged in (*flips, record[:-1], record + b"\0", neighbor, b"x"):
                probe.put_raw(part, damaged)
                with pytest.raises(CorruptValue):
                    small.get("key")
            probe.put_raw(part, record)
        assert small.get("key") == text("a")

    @clause("splitting-damage")
    def test_a_head_of_another_key_is_told(self, small: Store) -> None:
        """The head of a large value in another key's cell raises CorruptValue."""
        small.set("mine", text("a"))
        probe = Probe(small)
        head = probe.raw(self.cell(small, "mine"))
        assert head is not None
        probe.put_raw(self.cell(small, "yours"), head)
        with pytest.raises(CorruptValue):
            small.get("yours")

    @clause("splitting-damage")
    def test_a_damaged_head_is_told(self, small: Store) -> None:
        """Whichever bit of the head is flipped, reading raises CorruptValue."""
        small.set("key", text("a"))
        probe, cell = Probe(small), self.cell(small, "key")
        head = probe.raw(cell)
        assert head is not None
        for bit in range(len(head) * 8):
            flipped = bytearray(head)
            flipped[bit // 8] ^= 1 << bit % 8
            probe.put_raw(cell, bytes(flipped))
            with pytest.raises(CorruptValue):
                small.get("key")

    @clause("splitting-damage")
    def test_an_outage_is_no_missing_part(self, small: Store, open_store: OpenStore) -> None:
        """When the engine fails between head and parts the reader is told of that."""
        small.set("key", text("a"))
        parts = set(self._parts(small, "key"))
        probe = Probe(small)

        def fail(request: Request) -> None:
            if request.kind == "read" and parts.intersection(request.keys):
                raise probe.error(Unavailable, "for a test")

        failing = open_store(backend=probe.watched(before=fail))
        reads: list[Callable[[], Any]] = [
            lambda: failing.get("key"),
            lambda: failing.get_many(["key"]),
            lambda: failing.get_entries(["key"]),
        ]
        if small.backend.iterable:
            reads += [lambda: list(failing.items()), lambda: entries(failing.export)]
        for call in reads:
            with pytest.raises(Unavailable):
                call()
        assert small.get("key") == text("a")

    @clause("splitting-expiry")
    def test_a_large_value_expires_as_any(self, small: Store) -> None:
        """The ttl is that of the whole value."""
        small.set("key", text("a"), ttl=1000)
        left = small.ttl("key")
        assert left is not None
        assert 900 < left <= 1000
        small.set("key", text("b"), ttl=0.1)
        self.outlive(0.1)
        assert small.get("key", "gone") == "gone"
        small.set("key", text("c"), ttl=0)
        assert not small.exists("key")

    @clause("splitting-expiry")
    @needs("iterable", "atomic")
    def test_purging_an_expired_large_value_leaves_nothing(
        self, store: Store, small: Store
    ) -> None:
        """purge() deletes every part of a large value that has expired, and of no other."""
        store.purge()
        small.set("kept", text("a"), ttl=1000)
        small.set("key", text("b"))
        cells = 1 + len(self._parts(small, "key"))
        small.set("key", text("b"), ttl=0.1)
        self.outlive(0.1)
        purged = small.purge()
        # The call may have taken longer than the ttl, and then it stored nothing.
        assert purged in (0, cells)
        probe = Probe(small)
        assert small.purge() == 0
        assert sorted(probe.raw_keys(probe.parts_prefix)) == sorted(self._parts(small, "kept"))
        assert small.get("kept") == text("a")

    @clause("splitting-expiry")
    @needs("atomic")
    def test_touching_a_large_value(self, store: Store, small: Store) -> None:
        """touch() and persist() keep the whole value."""
        store.persist("nothing")

        def save(ttl: float) -> None:
            small.set("key", text("a"), ttl=ttl)
            small.touch("key", 1000)

        ttl = self.in_time(save)
        assert small.persist("key")
        assert small.ttl("key") is None
        self.outlive(ttl)
        assert small.get("key") == text("a")

    @clause("splitting-whole")
    def test_a_reader_sees_one_of_two_large_values(self, small: Store) -> None:
        """Who reads while others overwrite gets one value or the other, and never a mixture."""
        small.set("text", "a" * 9000)
        mixed = ThreadWorkers(8).race(
            tasks.overwrite_and_read, small, key="text", letters="ab", size=9000, times=15
        )
        assert [seen for each in mixed for seen in each] == []
