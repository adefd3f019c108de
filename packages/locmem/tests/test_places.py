"""Which stores share their entries, and with whom."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from django_kvstore import get_kvstore, kvstores

STORES = {
    "one": "locmem://places",
    "same": {"URL": "locmem://places", "TTL": 60},
    "within": "locmem://places?namespace=within",
    "other": "locmem://others",
    "path": "locmem://places/more",
    "nameless": "locmem://",
    "Capital": "locmem://Places",
}


@pytest.fixture(autouse=True)
def _stores() -> Iterator[None]:
    with override_settings(KEY_VALUE_STORES=STORES):
        for store in kvstores.all():
            store.clear()
        yield
        for store in kvstores.all():
            store.clear()


def test_two_aliases_of_one_url_share() -> None:
    kvstores["one"].set("key", "value")
    assert kvstores["same"].get("key") == "value"
    assert kvstores["one"].backend is not kvstores["same"].backend
    assert kvstores["same"].incr("hits") == 1
    assert kvstores["one"].incr("hits") == 2


def test_two_names_do_not_share() -> None:
    for alias in ("other", "path", "nameless", "Capital"):
        kvstores["one"].set("key", "value")
        assert "key" not in kvstores[alias]
        kvstores[alias].set("key", alias)
        assert kvstores[alias].clear() == 1
        assert kvstores["one"].get("key") == "value"


def test_a_namespace_is_within_its_place() -> None:
    kvstores["within"].set("key", "value")
    assert "key" not in kvstores["one"]
    assert kvstores["one"].namespace("within").get("key") == "value"


def test_a_store_of_a_url_shares_with_its_alias() -> None:
    kvstores["other"].set("key", "value")
    assert get_kvstore("locmem://others").get("key") == "value"
    assert get_kvstore("locmem://others?ttl=60").get("key") == "value"


def test_entries_outlive_the_store_object() -> None:
    kvstores["one"].set("key", "value")
    kvstores["one"].close()
    kvstores.reset()
    assert kvstores["one"].get("key") == "value"


def test_a_value_is_a_copy_for_each_reader() -> None:
    written = {"list": [1]}
    kvstores["one"].set("key", written)
    written["list"].append(2)
    read = kvstores["same"].get("key")
    assert read == {"list": [1]}
    read["list"].append(3)
    assert kvstores["one"].get("key") == {"list": [1]}


def test_nothing_is_dropped_to_save_room() -> None:
    store = kvstores["one"]
    values = {f"key {number}": number for number in range(20_000)}
    store.set_many(values)
    assert store.count() == len(values)
    assert store.get_many(values) == values
