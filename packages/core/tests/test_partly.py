"""A write that was done in part is never told as one that was not done."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from django_kvstore import MISSING, OutcomeUnknown, Store, StoreURL, Unavailable
from django_kvstore.backend import Backend, KeyPage, Page
from django_kvstore.entries import Entry
from django_kvstore.options import StoreOptions
from django_kvstore_locmem import LocMemBackend


class Failing(LocMemBackend):
    """Answers so many changes of cells, and is out of reach afterwards."""

    cell_bytes: ClassVar[int | None] = 1500
    left = 1_000_000

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error(Unavailable, "it has gone away.")

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._count()
        super().set(key, record, expires)

    def delete(self, key: str) -> bool:
        self._count()
        return super().delete(key)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        self._count()
        return super().compare_and_set(key, old, new, expires)

    # The plain forms of the base class, each change for itself.
    set_many = Backend.set_many
    delete_many = Backend.delete_many

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        self._count()
        return super().scan(prefix, cursor, min(limit, 2))

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        return super().scan_keys(prefix, cursor, min(limit, 2))


class InTransactions(Failing):
    transactional: ClassVar[bool] = True


def open_store(kind: type[Failing] = Failing) -> tuple[Store, Failing]:
    backend = kind("partly", StoreURL.parse(f"locmem://{uuid.uuid4().hex}"), {})
    return Store(backend, StoreOptions()), backend


BULK: dict[str, Callable[[Store], Any]] = {
    "set_many": lambda store: store.set_many({"a": 1, "b": 2, "c": 3}),
    "delete_many": lambda store: store.delete_many(["a", "b", "c"]),
    "clear": lambda store: store.clear(),
    "restore": lambda store: store.restore(
        [Entry("a", 9, None, 1), Entry("b", 9, time.time() + 1000, 1)]
    ),
}


@pytest.mark.parametrize("name", BULK)
def test_a_bulk_write_that_ended_half_way(name: str) -> None:
    store, backend = open_store()
    before = {"a": 0, "b": 0, "c": 0}
    done_in_part = False
    for left in range(12):
        backend.left = 1_000_000
        store.set_many(before)
        backend.left = left
        failed: Unavailable | OutcomeUnknown | None = None
        try:
            BULK[name](store)
        except (Unavailable, OutcomeUnknown) as error:
            failed = error
        backend.left = 1_000_000
        if failed is None:
            break
        done_in_part = store.get_many(before) != before
        assert isinstance(failed, OutcomeUnknown) is done_in_part
        if done_in_part:
            assert isinstance(failed.__cause__, Unavailable)
            assert "it has gone away. Part of the work had been done" in str(failed)
    assert done_in_part
    assert 0 < left < 11


LARGE, OTHER = "x" * 5000, "y" * 5000
#: Each with what it is to return, and what is there afterwards.
SINGLE: dict[str, tuple[Callable[[Store], Any], Any, Any]] = {
    "set": (lambda store: store.set("key", OTHER), None, OTHER),
    "put": (lambda store: store.put("key", OTHER), False, OTHER),
    "delete": (lambda store: store.delete("key"), True, MISSING),
    "delete_many": (lambda store: store.delete_many(["key"]), 1, MISSING),
    "pop": (lambda store: store.pop("key"), LARGE, MISSING),
    "compare_and_set": (lambda store: store.compare_and_set("key", LARGE, 1), True, 1),
    "touch": (lambda store: store.touch("key", 1000), True, LARGE),
}


@pytest.mark.parametrize("name", SINGLE)
def test_what_is_left_of_a_large_value_fails_no_write(name: str) -> None:
    store, backend = open_store()
    call, returned, there = SINGLE[name]
    refused = 0
    for left in range(100):
        backend.left = 1_000_000
        store.set("key", LARGE)
        backend.left = left
        try:
            result = call(store)
        except Unavailable:
            backend.left = 1_000_000
            assert store.get("key") == LARGE
            refused += 1
            continue
        done = backend.left >= 0
        backend.left = 1_000_000
        assert result == returned
        assert store.get("key", MISSING) == there
        if done:
            break
    assert refused
    assert left > refused, "no failure fell between the entry and its parts"
    # And what stayed behind is found, once its hour is over.
    with pytest.MonkeyPatch.context() as patch:
        later = time.time() + 7200
        patch.setattr(time, "time", lambda: later)
        store.purge()
        assert bool(backend.count(";")) is (store.get("key") == OTHER)


def test_where_a_transaction_may_be_lost_with_it_it_is_told() -> None:
    store, backend = open_store(InTransactions)
    store.set("key", LARGE)
    backend.left = 1
    with pytest.raises(OutcomeUnknown, match="the entry was written"):
        store.pop("key")
