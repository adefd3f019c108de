"""The cells: a fork while their lock is held, and walks while they change."""

from __future__ import annotations

import os
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest
from django.test import override_settings

from django_kvstore import Store, kvstores
from django_kvstore.checks import check_deployment
from django_kvstore_locmem.backend import LocMemBackend
from django_kvstore_locmem.cells import Cells


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store that the handler knows, so that it hears of a fork."""
    with override_settings(KEY_VALUE_STORES={"default": "locmem://cells"}):
        yield kvstores["default"]
        kvstores["default"].clear()


def cells_of(store: Store) -> Cells:
    assert isinstance(store.backend, LocMemBackend)
    return store.backend._cells


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_can_write_though_its_parent_held_the_lock(store: Store) -> None:
    store.set("key", "parent")
    with cells_of(store).lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads about
        child = os.fork()
        if child == 0:
            code = 1
            try:
                held = cells_of(store).lock.locked()
                watchdog = threading.Timer(20, os._exit, [2])
                watchdog.daemon = True
                watchdog.start()
                store.set("key", "child")
                assert not held
                assert store.get("key") == "child"
                assert store.incr("hits") == 1
                assert list(store.keys()) == ["hits", "key"]
                code = 0
            except BaseException:  # noqa: BLE001 - a forked child must not go on as another pytest
                traceback.print_exc(file=sys.stderr)
            finally:
                os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "2 means that it waited for the lock"
    assert store.get("key") == "parent"
    assert "hits" not in store


def test_a_walk_is_in_order(store: Store) -> None:
    keys = ["b", "a", "c", "\U0001f600", "\uffff", "B", "aa", "\0", " "]
    store.set_many(dict.fromkeys(keys, 1))
    assert list(store.keys()) == sorted(keys)


def test_a_walk_while_others_write(store: Store) -> None:
    stay = {f"stay {number:04}": number for number in range(3000)}
    store.set_many(stay)
    done = threading.Event()

    def disturb(worker: int) -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            store.set(f"stay {turn % 3000:04} new {worker}", turn)
            store.delete(f"stay {(turn * 7) % 3000:04} new {worker}")

    workers = [threading.Thread(target=disturb, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(5):
            listed = Counter(store.keys())
            assert max(listed.values()) == 1
            assert stay.keys() <= listed.keys()
    finally:
        done.set()
        for worker in workers:
            worker.join()


def test_a_key_deleted_and_written_again_is_listed_once(store: Store) -> None:
    store.set_many(dict.fromkeys("abc", 1))
    assert store.count() == 3
    for _ in range(300):
        store.delete("b")
        store.set("b", 2)
    assert list(store.keys()) == ["a", "b", "c"]


def test_what_is_written_between_two_pages_is_in_order_too(store: Store) -> None:
    store.set_many({f"a{number:03}": number for number in range(0, 100, 2)})
    assert store.count() == 50
    for at in range(1, 100, 20):
        store.set_many({f"a{number:03}": number for number in range(at, at + 20, 2)})
        store.set_many({"b": at, f"a{at - 1:03}": "over"})
        expected = [f"a{number:03}" for number in range(100) if number % 2 == 0 or number < at + 20]
        assert list(store.keys("a")) == expected
    page = store.scan("a", limit=60)
    listed, rest = expected[: len(page.entries)], expected[len(page.entries) :]
    assert [key for key, _ in page.entries] == listed
    store.delete_many(listed[:-1])
    assert [key for key, _ in store.scan("a", page.cursor).entries] == rest
    assert list(store.keys()) == [listed[-1], *rest, "b"]


def test_order_is_kept_through_many_changes(store: Store) -> None:
    expected: set[str] = set()
    for number in range(5000):
        key = f"{number * 7919 % 5003:04}"
        if number % 3:
            store.set(key, number)
            expected.add(key)
        else:
            gone = f"{number * 31 % 5003:04}"
            assert store.delete(gone) is (gone in expected)
            expected.discard(gone)
        if number % 500 == 0:
            assert list(store.keys()) == sorted(expected)
    assert list(store.keys()) == sorted(expected)


@pytest.mark.usefixtures("store")
def test_deployment_is_warned_of() -> None:
    (message,) = check_deployment()
    assert message.id == "django_kvstore.locmem.W001"
    assert "'default'" in message.msg


def test_what_writers_note_does_not_grow_without_end(store: Store) -> None:
    assert store.count() == 0
    for number in range(10_000):
        store.set("key", number)
        store.delete("key")
        assert len(cells_of(store).added or ()) < 2000
    store.set_many({f"key {number:05}": number for number in range(5000)})
    assert list(store.keys()) == [f"key {number:05}" for number in range(5000)]
