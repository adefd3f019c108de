"""KeyVal as its users know it; `tests/keyval` runs the same on every engine."""

from __future__ import annotations

import asyncio
import collections
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from django_keyval.apps import check_store
from django_keyval.models import KeyVal
from django_keyval.names import LONGEST_NAMESPACE, Names, is_long, names, stored_key
from django_kvstore import CorruptValue, InvalidValue, kvstore

Point = collections.namedtuple("Point", "x y")
VALUES: list[Any] = [12, "ab", 1.2, (1, 2), [1, 2], {"a": 1.2}, None, Point(1, 2), {1: b"\0"}]
KEYS = [
    "key",
    "Key",
    "key ",
    "",
    "a\0b",
    "=",
    "#",
    "\ud800",
    "é" * 2000,
    "é" * 2001,
    "\U0001f600/%:;!",
]


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    stores = {"default": f"locmem://{uuid.uuid4().hex}"}
    with override_settings(KEY_VALUE_STORES=stores):
        yield


def test_values_come_back_and_set_tells_new_from_overwritten() -> None:
    one, two = KeyVal("one"), KeyVal.connect("two")
    for number, value in enumerate(VALUES):
        assert one.set(f"k{number}", "before") is True
        assert one.set(f"k{number}", value) is False
        assert one.get(f"k{number}") == value
        assert type(one.get(f"k{number}")) is type(value)
        with pytest.raises(KeyError, match=f"k{number}"):
            two.get(f"k{number}")
    assert two.get_default("none", 5) == 5


@pytest.mark.parametrize("name", KEYS)
def test_any_text_is_a_name_and_a_key(name: str) -> None:
    keyval = KeyVal(name)
    for number, key in enumerate(KEYS):
        assert keyval.set(key, number)
    assert {key: keyval.get(key) for key in KEYS} == dict(zip(KEYS, range(99), strict=False))
    assert sorted(keyval) == sorted(KEYS)
    assert keyval.get_many(KEYS) == dict(keyval.items())
    assert len(keyval) == len(KEYS)
    assert KeyVal.names() == [name]
    assert not KeyVal(name + "x")._store().count()


def test_delete_and_pop() -> None:
    keyval = KeyVal("one")
    keyval.set("a", 1)
    assert keyval.delete("a") is True
    with pytest.raises(KeyError):
        keyval.delete("a")
    assert keyval.delete("a", ignore_keyerror=True) is False
    keyval.set("a", None)
    assert keyval.pop_default("a", 5) is None
    assert keyval.pop_default("a", 5) == 5
    with pytest.raises(KeyError):
        keyval.pop("a")
    assert not keyval.exists("a")


def test_flush_empties_one_name_and_flush_all_every_one_and_nothing_else() -> None:
    kvstore.set("mine", 1)
    kvstore.namespace("keyvalue").set("mine", 1)
    one, two = KeyVal("one"), KeyVal("two")
    one.set("a", 1)
    two.set("a", 2)
    assert one.flush() is None  # type: ignore[func-returns-value]
    assert not one.exists("a")
    assert two.get("a") == 2
    one.set("a", 3)
    one.disconnect()
    assert one.flush_all() is None  # type: ignore[func-returns-value]
    assert not KeyVal("one").exists("a")
    assert not two.exists("a")
    assert kvstore.get("mine") == 1
    assert kvstore.namespace("keyvalue").get("mine") == 1
    two.set("b", 1)
    KeyVal.flush_all()
    assert not two.exists("b")


def test_of_two_flushes_of_all_names_at_once_none_loses_what_is_written_after_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On an engine that cannot list its keys, by which one flush of two was stored last."""
    monkeypatch.setattr(type(names().store.backend), "iterable", False)
    keyval, here = KeyVal("one"), names()
    keyval.set("a", 1)
    write = type(here.store).set
    stored, go_on = threading.Event(), threading.Event()

    def write_and_wait(store: Any, key: str, *arguments: Any) -> None:
        write(store, key, *arguments)
        if not stored.is_set():
            stored.set()
            assert go_on.wait(10)

    monkeypatch.setattr(type(here.store), "set", write_and_wait)
    first = threading.Thread(target=KeyVal.flush_all)
    first.start()
    assert stored.wait(10)
    KeyVal.flush_all()
    go_on.set()
    first.join()
    assert keyval.get_default("a", None) is None
    keyval.set("a", 2)
    elsewhere = Names(kvstore)
    assert elsewhere.epoch() == here.epoch()
    assert elsewhere.open("one").get(stored_key("a")) == 2


def test_after_disconnect_everything_but_flush_all_is_a_name_error() -> None:
    one, two = KeyVal("one"), KeyVal("two")
    one.set("a", 1)
    with pytest.raises(NameError, match="not to 'two'"):
        one.disconnect("two")
    one.disconnect("one")
    uses: list[Any] = [
        lambda: one.exists("a"),
        lambda: one.get("a"),
        lambda: one.get_default("a"),
        lambda: one.set("a", 1),
        lambda: one.pop("a"),
        lambda: one.pop_default("a"),
        lambda: one.delete("a"),
        one.flush,
        lambda: one["a"],
        lambda: list(one),
        one.keys,
        one.items,
        one.akeys,
        one.aitems,
        lambda: len(one),
        lambda: one.ttl("a"),
        lambda: one.set_many({"a": 1}),
        one.disconnect,
    ]
    for use in uses:
        with pytest.raises(NameError):
            use()
    assert two.exists("a") is False
    assert KeyVal("one").get("a") == 1


def test_it_is_a_mapping() -> None:
    keyval = KeyVal("one")
    keyval["a"] = 1
    assert keyval["a"] == 1
    assert "a" in keyval
    assert list(keyval) == ["a"]
    del keyval["a"]
    assert keyval
    assert len(keyval) == 0
    with pytest.raises(KeyError):
        del keyval["a"]


def test_several_at_once_and_expiry() -> None:
    keyval = KeyVal("one")
    keyval.set_many({"a": 1, "\ud800": 2}, ttl=100)
    assert keyval.get_many(["a", "\ud800", "x"]) == {"a": 1, "\ud800": 2}
    assert 99 < (keyval.ttl("a") or 0) <= 100
    assert keyval.touch("a", None)
    assert keyval.ttl("a") is None
    assert keyval.ttl("x") == 0.0
    assert keyval.delete_many(["a", "\ud800", "x"]) == 2


def test_pickle_can_be_forbidden() -> None:
    keyval = KeyVal("one")
    keyval.set("plain", (1, 2))
    keyval.set("pickled", Point(1, 2))
    with override_settings(KEYVAL_PICKLE=False):
        assert keyval.get("plain") == (1, 2)
        with pytest.raises(CorruptValue, match="KEYVAL_PICKLE is False"):
            keyval.get("pickled")
        with pytest.raises(InvalidValue, match="Point"):
            keyval.set("other", Point(1, 2))
    assert keyval.get("pickled") == Point(1, 2)


def test_the_async_forms() -> None:
    async def use() -> None:
        keyval = KeyVal("one")
        assert await keyval.aset("a", 1)
        assert await keyval.aget("a") == 1
        assert await keyval.aget_default("x", 5) == 5
        assert await keyval.aexists("a")
        await keyval.aset_many({"b": 2})
        assert await keyval.aget_many(["a", "b"]) == {"a": 1, "b": 2}
        assert sorted([key async for key in keyval.akeys()]) == ["a", "b"]
        assert await keyval.atouch("a", 50)
        assert (await keyval.attl("a") or 0) > 49
        assert await keyval.apop("a") == 1
        assert await keyval.apop_default("a") is None
        assert await keyval.adelete("b")
        assert await keyval.adelete_many(["b"]) == 0
        await keyval.aflush()
        await KeyVal.aflush_all()

    asyncio.run(use())


def test_a_name_outlives_a_transaction_that_is_undone() -> None:
    with override_settings(KEY_VALUE_STORES={"default": f"db://k{uuid.uuid4().hex[:8]}"}):
        kvstore.backend.provision()
        keyval = KeyVal("name")
        with transaction.atomic():
            keyval.set("a", 1)
            keyval.set("b", 1)
            transaction.set_rollback(True)
        assert KeyVal.names() == []
        keyval.set("c", 1)
        assert KeyVal.names() == ["name"]
        KeyVal.flush_all()
        assert not keyval.exists("c")


def test_a_name_outlives_a_rollback_where_the_caller_commits() -> None:
    with override_settings(KEY_VALUE_STORES={"default": f"db://k{uuid.uuid4().hex[:8]}"}):
        kvstore.backend.provision()
        transaction.set_autocommit(False)
        try:
            KeyVal("name").set("a", 1)
            transaction.rollback()
            KeyVal("name").set("b", 1)
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
        assert KeyVal.names() == ["name"]


def test_the_list_of_names_is_written_once_where_nothing_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyval = KeyVal("name")
    keyval.set("a", 1)
    added: list[object] = []
    monkeypatch.setattr(kvstore.backend, "add", lambda *args: added.append(args))
    keyval.set("b", 1)
    assert added == []
    monkeypatch.undo()
    for number in range(5):
        KeyVal(f"other {number}").set("a", 1)
    monkeypatch.setattr("django_keyval.names._NOTED", 2)
    KeyVal("one more").set("a", 1)
    assert len(names()._listed) == 1
    assert len(KeyVal.names()) == 7


def test_keys_are_listed_whatever_their_values_are() -> None:
    keyval = KeyVal("one")
    keyval.set_many(dict.fromkeys(KEYS, Point(1, 2)))
    keyval.set_many({"plain": 1, "x" * 5000: 2})
    with override_settings(KEYVAL_PICKLE=False):
        # A long key stands beside its value, which must be read for it.
        long = [key for key in KEYS if is_long(stored_key(key))]
        assert keyval.delete_many(long) == len(long) > 0
        short = [key for key in [*KEYS, "plain"] if key not in long]
        assert sorted(keyval) == sorted([*short, "x" * 5000])
        assert len(keyval) == len(short) + 1


def test_a_value_that_cannot_be_read_is_not_popped() -> None:
    keyval = KeyVal("one")
    keyval.set("a", Point(1, 2))
    with override_settings(KEYVAL_PICKLE=False), pytest.raises(CorruptValue):
        keyval.pop("a")
    assert keyval.pop("a") == Point(1, 2)


def test_a_value_that_does_not_pickle_leaves_the_old_one() -> None:
    keyval = KeyVal("one")
    keyval.set("a", 1)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (lambda: 1, threading.Lock(), (number for number in ()), deep):
        with pytest.raises(InvalidValue):
            keyval.set("a", value)
    assert keyval.get("a") == 1
    ring: list[Any] = []
    ring.append(ring)
    keyval.set("a", ring)
    found = keyval.get("a")
    assert found[0] is found


def test_any_key_fits_within_the_longest_namespace() -> None:
    namespace = "n" * LONGEST_NAMESPACE
    stores = {"default": f"locmem://{uuid.uuid4().hex}?namespace={namespace}"}
    with override_settings(KEY_VALUE_STORES=stores):
        assert check_store() == []
        keyval = KeyVal("name")
        for length in (1, 799, 800, 801, 900, 1024, 5000):
            keyval.set("k" * length, length)
        assert {len(key): keyval.get(key) for key in keyval} == {
            length: length for length in (1, 799, 800, 801, 900, 1024, 5000)
        }


def test_purge_deletes_what_has_expired_of_every_name() -> None:
    one, two = KeyVal("one"), KeyVal("two")
    one.set("short", 1, ttl=0.01)
    two.set("short", 1, ttl=0.01)
    two.set("long", 1)
    time.sleep(0.02)
    assert KeyVal.purge() == 2
    assert asyncio.run(KeyVal.apurge()) == 0
    assert two.get("long") == 1


def test_the_check_of_the_setting() -> None:
    assert check_store() == []
    with override_settings(KEYVAL_STORE="nope"):
        (found,) = check_store()
        assert found.id == "django_keyval.E001"
    with override_settings(KEY_VALUE_STORE_BACKEND="locmem://"):
        assert check_store() == []  # both settings at once: the core's checks tell
    for url, expected in (
        (f"{__name__}://", "django_keyval.E002"),
        (f"locmem://?namespace={'n' * (LONGEST_NAMESPACE + 1)}", "django_keyval.E003"),
    ):
        with override_settings(KEY_VALUE_STORES={"default": url}):
            (found,) = check_store()
            assert found.id == expected


class StorageClass:
    """An engine as django-kvstore 1.0 had them, which does nothing in one step."""

    def __init__(self, host: str, params: dict[str, str]) -> None:
        self.host = host
