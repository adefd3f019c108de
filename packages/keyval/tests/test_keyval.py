"""KeyVal as its users know it; `tests/keyval` runs the same on every engine."""

from __future__ import annotations

import asyncio
import collections
import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_keyval.apps import check_store
from django_keyval.models import KeyVal
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


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command("keyval", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with override_settings(INSTALLED_APPS=["django_kvstore", "django_keyval"]):
        named = ("-n", "settings", "-k", "motd")
        assert manage("-c", "set", *named, "-V", "hello") == "New key motd set in settings."
        again = manage("--command", "set", "--store_name", "settings", "--key", "motd", "-V", "bye")
        assert again == "Existing key motd overwritten in settings."
        assert manage("-c", "get", *named) == "bye"
        monkeypatch.setattr("sys.stdin", io.StringIO('{"a": [1]}'))
        assert manage("-c", "set", *named, "-V", "-", "--json") == '{"key": "motd", "new": false}'
        assert KeyVal("settings").get("motd") == {"a": [1]}
        assert manage("-c", "get", *named, "--json") == '{"key": "motd", "value": {"a": [1]}}'
        assert manage("-c", "list") == "settings"
        assert manage("-c", "list", "-n", "settings", "--json") == '["motd"]'
        assert manage("-c", "del", *named) == "Key motd deleted from settings."
        for wrong in (
            ("-c", "get", *named),
            ("-c", "del", *named),
            ("-c", "set", *named),
            ("-c", "get", "-n", "settings"),
            ("-c", "get", "-k", "motd"),
            ("-c", "set", *named, "-V", "{", "--json"),
            ("-c", "nothing"),
        ):
            with pytest.raises(CommandError):
                manage(*wrong)


def test_the_command_asks_before_it_empties(monkeypatch: pytest.MonkeyPatch) -> None:
    with override_settings(INSTALLED_APPS=["django_kvstore", "django_keyval"]):
        KeyVal("one").set("a", 1)
        KeyVal("two").set("a", 1)
        monkeypatch.setattr("builtins.input", lambda prompt: "no")
        with pytest.raises(CommandError, match="Nothing was deleted"):
            manage("-c", "flush", "-n", "one")
        assert KeyVal("one").exists("a")
        monkeypatch.setattr("builtins.input", lambda prompt: "yes")
        assert manage("-c", "flush", "-n", "one") == "Deleted every key of one."
        assert not KeyVal("one").exists("a")
        assert KeyVal("two").exists("a")
        assert manage("-c", "flush", "--noinput") == "Deleted every key of every name."
        assert not KeyVal("two").exists("a")


def test_the_check_of_the_setting() -> None:
    assert check_store() == []
    with override_settings(KEYVAL_STORE="nope"):
        (found,) = check_store()
        assert found.id == "django_keyval.E001"
    with override_settings(KEY_VALUE_STORE_BACKEND="locmem://"):
        assert check_store() == []  # both settings at once: the core's checks tell
