"""`Store.purge` leaves no row of what has expired, whatever happened to the entry's own row."""

from __future__ import annotations

import time

import pytest
from django.db import transaction

from django_kvstore import MISSING, Store, records
from django_kvstore.options import StoreOptions
from django_kvstore_db import DBBackend

#: What the rows hold beside the value: the entry's own row, and the start of each part.
OVERHEAD = 1024
#: Four parts, and the entry's own row, in cells of `small`.
LARGE = "x" * 7000
ROWS = 5


@pytest.fixture
def store(database, open_backend):
    """A store in each kind of database in turn."""
    return Store(open_backend(database.alias), StoreOptions(namespace="shop"))


@pytest.fixture
def small(monkeypatch):
    """Cells so small that values of a few kilobytes are split."""
    monkeypatch.setattr(DBBackend, "cell_bytes", 2048)


@pytest.fixture
def rows(database):
    """Count all rows of the table, expired ones too, and the bytes of their values."""

    def count():
        with database.cursor() as cursor:
            cursor.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(value)), 0) FROM kvstore")
            number, size = cursor.fetchone()
            return int(number), int(size)

    return count


@pytest.fixture
def expire(rows):
    """Store a value that has expired when the call returns."""

    def store_expired(store, key, value):
        before = rows()
        for ttl in (0.05, 0.5, 5, 50):
            store.set(key, value, ttl=ttl)
            if rows() != before:  # else the call took longer than that, and wrote nothing
                time.sleep(ttl)
                assert store.get(key) is None
                return
        raise AssertionError("no call was quick enough")

    return store_expired


def test_the_parts_of_an_expired_value_are_deleted(store, rows, expire):
    value = bytes(7_340_032)
    expire(store, "key", value)
    number, size = rows()
    assert number == 4
    assert len(value) < size < len(value) + OVERHEAD
    assert store.purge() == 4
    assert rows() == (0, 0)
    assert store.purge() == 0


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("act", "kept"),
    [
        pytest.param(lambda store: store.set("key", "small"), 1, id="set"),
        pytest.param(lambda store: store.set("key", LARGE), ROWS, id="set, large"),
        pytest.param(lambda store: store.set_many({"key": LARGE}), ROWS, id="set_many"),
        pytest.param(lambda store: store.add("key", LARGE), ROWS, id="add"),
        pytest.param(lambda store: store.incr("key"), 1, id="incr"),
        pytest.param(lambda store: store.put("key", LARGE), ROWS, id="put"),
        pytest.param(lambda store: store.get_or_set("key", lambda: 1), 1, id="get_or_set"),
        pytest.param(lambda store: store.delete("key"), 0, id="delete"),
        pytest.param(lambda store: store.delete_many(["key"]), 0, id="delete_many"),
        pytest.param(lambda store: store.pop("key"), 0, id="pop"),
        pytest.param(lambda store: store.touch("key", 50), 0, id="touch"),
        pytest.param(lambda store: store.clear(), 0, id="clear"),
    ],
)
def test_so_are_those_of_an_entry_that_was_changed_after_it_expired(store, rows, expire, act, kept):
    expire(store, "key", LARGE)
    assert rows()[0] == ROWS
    act(store)
    store.purge()
    assert rows()[0] == kept


@pytest.mark.usefixtures("small")
def test_the_parts_of_living_values_and_of_other_namespaces_stay(store, rows, expire):
    store.set("living", LARGE, ttl=1000)
    store.set("without expiry", LARGE)
    other = store.namespace("other")
    expire(other, "key", LARGE)
    assert store.purge() == 0
    assert rows()[0] == 3 * ROWS
    assert other.purge() == ROWS
    assert store.get("living") == store.get("without expiry") == LARGE


def test_a_record_that_has_expired_is_absent_though_its_row_has_no_expiry(store):
    """As a row has that somebody has written by hand."""
    cell = store.coder.cell("key")
    planted = records.pack(cell, b"\x01", code=ord("t"), expires=time.time() - 60)
    calls = {
        "add": lambda: store.add("key", "new"),
        "put": lambda: store.put("key", "new"),
        "get_or_set": lambda: store.get_or_set("key", lambda: "new") == "new",
        "compare_and_set": lambda: store.compare_and_set("key", MISSING, "new"),
    }
    for name, call in calls.items():
        store.backend.set(cell, planted, None)
        assert store.get("key", MISSING) is MISSING
        assert not store.exists("key")
        assert call() is True, name
        assert store.get("key") == "new", name
        assert call() is (name == "get_or_set"), name
    with transaction.atomic(using=store.backend.table.for_write().alias):
        store.backend.set(cell, planted, None)
        assert store.add("key", "new")
        assert not store.add("key", "newer")
    assert store.get("key") == "new"
