"""What the contract's chapters leave to the core: `put`, and doing nothing where nothing is."""

from __future__ import annotations

import time

from django_kvstore import MISSING, Store


def test_put_says_whether_the_entry_is_new(store: Store) -> None:
    assert store.put("a", [1]) is True
    assert store.put("a", [2]) is False
    assert store.get("a") == [2]


def test_put_over_an_expired_entry_is_new(store: Store) -> None:
    store.set("a", 1, ttl=0.01)
    time.sleep(0.02)
    assert store.put("a", 2) is True
    assert store.ttl("a") is None


def test_put_of_what_is_already_over_deletes(store: Store) -> None:
    assert store.put("a", 1, ttl=0) is True
    store.set("a", 1)
    assert store.put("a", 2, ttl=0) is False
    assert not store.exists("a")


def test_nothing_in_place_of_nothing_is_no_work(store: Store) -> None:
    assert store.compare_and_set("a", MISSING, MISSING) is True
    assert store.incr("n", ttl=0) == 1
    assert store.count() == 0
