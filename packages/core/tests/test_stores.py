from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.signals import request_finished
from django.test import override_settings

from django_kvstore import NotSupported, get_kvstore, kvstore, kvstores, plugins

from .plugins import installed


def test_one_url_is_the_default_store() -> None:
    with override_settings(KEY_VALUE_STORE_BACKEND="locmem://single?ttl=50", KEY_VALUE_STORES={}):
        kvstore.set("a", 1)
        assert kvstores["default"].get("a") == 1
        assert "a" in kvstore
        assert kvstore.has_key("a")
        assert list(kvstores) == ["default"]
        assert 49 < (kvstore.ttl("a") or 0) <= 50


def test_a_shell_completes_the_default_stores_methods() -> None:
    with override_settings(KEY_VALUE_STORES={}):
        assert {"get", "aget", "compare_and_set"} <= set(dir(kvstore))


@override_settings(KEY_VALUE_STORES={"default": "locmem://standing"})
def test_the_default_store_has_every_attribute_of_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    store = kvstores["default"]
    for name in {*dir(store), *vars(store)}:
        if not name.startswith("_"):
            assert getattr(kvstore, name) == getattr(store, name), name
    with pytest.raises(AttributeError, match="nothing"):
        kvstore.nothing  # type: ignore[attr-defined]  # noqa: B018
    monkeypatch.setattr(kvstore, "get", lambda key: f"patched {key}")
    assert kvstore.get("a") == "patched a"
    monkeypatch.undo()
    assert kvstore.get("a") is None


def test_several_stores_with_options() -> None:
    stores = {
        "default": "locmem://several",
        "counters": {"URL": "locmem://several", "NAMESPACE": "c", "TTL": 300, "OPTIONS": {}},
    }
    with override_settings(KEY_VALUE_STORES=stores):
        assert kvstores["counters"].incr("hits") == 1
        assert kvstore.get("hits") is None
        assert 299 < (kvstores["counters"].ttl("hits") or 0) <= 300
        assert kvstores["counters"] is kvstores["counters"]
        assert len(kvstores) == 2
        assert "counters" in kvstores
        assert "missing" not in kvstores


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "There is no store 'default' in the settings. Set KEY_VALUE_STORE_BACKEND"),
        ({"KEY_VALUE_STORES": {"x": "locmem://"}}, "KEY_VALUE_STORES has: 'x'."),
        ({"KEY_VALUE_STORES": {"default": 5}}, "neither a URL nor a dict"),
        ({"KEY_VALUE_STORES": {"default": {}}}, "neither a URL nor a dict"),
        ({"KEY_VALUE_STORES": {"default": "locmem"}}, "begins with a scheme"),
        ({"KEY_VALUE_STORES": ["x"]}, "must be a dict"),
        (
            {"KEY_VALUE_STORES": {"default": {"URL": "locmem://", "TIMEOUT": 5}}},
            "knows no 'TIMEOUT': an entry of KEY_VALUE_STORES takes URL, COMPRESSION, NAMESPACE",
        ),
        (
            {"KEY_VALUE_STORES": {"default": {"URL": "locmem://", "OPTIONS": 5}}},
            "has OPTIONS that are no dict",
        ),
        (
            {"KEY_VALUE_STORES": {"default": {"URL": "locmem://", 5: 1}}},
            "The store 'default' has the name 5 among its options, which is no str",
        ),
        (
            {"KEY_VALUE_STORES": {"default": {"URL": "locmem://", "OPTIONS": {5: 1}}}},
            "has the name 5 among its options",
        ),
        (
            {"KEY_VALUE_STORES": {"default": {"URL": "locmem://", "TTL": True}}},
            "for 'ttl': it is not a number greater than zero",
        ),
        ({"KEY_VALUE_STORES": {5: "locmem://"}}, "has the alias 5; an alias is a str"),
        ({"KEY_VALUE_STORES": {"": "locmem://"}}, "has the alias ''"),
        (
            {"KEY_VALUE_STORES": {"default": {"URL": "locmem://?ttl=5", "TTL": 5}}},
            "is given 'ttl' in its URL and beside it",
        ),
        (
            {"KEY_VALUE_STORE_BACKEND": "locmem://", "KEY_VALUE_STORES": {"default": "locmem://"}},
            "both name the default store",
        ),
    ],
)
def test_a_mistake_in_the_settings_says_what_to_write(settings: dict[str, Any], said: str) -> None:
    with override_settings(**{"KEY_VALUE_STORES": {}, **settings}):
        with pytest.raises(ImproperlyConfigured) as caught:
            kvstore.get("a")
        assert said in str(caught.value)


def test_a_urls_secret_is_in_no_message() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        get_kvstore("nothing://user:hunter2@host?secret_key=hunter2")
    assert "hunter2" not in str(caught.value)
    store = get_kvstore("locmem://user:hunter2@host")
    assert "hunter2" not in repr(store) + store.alias


def test_a_url_of_a_configured_store_is_that_store() -> None:
    with override_settings(KEY_VALUE_STORES={"one": {"URL": "locmem://same", "TTL": 5}}):
        assert get_kvstore("locmem://same") is kvstores["one"]
        assert get_kvstore("locmem://else") is get_kvstore("locmem://else")


@pytest.mark.parametrize("name", ["NAMESPACE", "namespace"])
def test_a_url_is_no_store_that_has_a_namespace_beside_it(name: str) -> None:
    stores = {"ns": {"URL": "locmem://beside", name: "inner"}, "all": {"URL": "locmem://beside"}}
    with override_settings(KEY_VALUE_STORES=stores):
        kvstores["ns"].set("a", 1)
        assert get_kvstore("locmem://beside") is kvstores["all"]
    del stores["all"]
    with override_settings(KEY_VALUE_STORES=stores):
        opened = get_kvstore("locmem://beside")
        opened.set("a", 2)
        opened.clear()
        assert kvstores["ns"].get("a") == 1


PLUGIN = """
import pluggy
from django_kvstore.backend import Backend
from django_kvstore.params import Param


class SafeBackend(Backend):
    scheme = "safe"
    params = (Param("pin", str, "", "Opens it.", secret=True, aliases=("code",)),)

    def get(self, key):
        return None


@pluggy.HookimplMarker("kvstore")
def kvstore_backend():
    return SafeBackend
"""


def test_what_a_plugin_declares_a_secret_is_in_no_message(tmp_path: Path) -> None:
    with installed(tmp_path, "a-safe", plugins.GROUP, "safe", PLUGIN):
        for name in ("pin", "code", "PIN"):
            url = f"safe://host?{name}=hunter2"
            store = get_kvstore(url)
            assert store.alias == f"safe://host?{name}=***"
            with pytest.raises(NotSupported) as caught:
                store.incr("a")
            assert "hunter2" not in f"{caught.value} {store!r}"
            out = io.StringIO()
            call_command("kvstore", "stores", url, stdout=out)
            assert "hunter2" not in out.getvalue()
            assert f"{name}=***" in out.getvalue()
            with pytest.raises(CommandError) as refused:
                call_command("kvstore", "purge", url)
            assert "hunter2" not in str(refused.value)
        with pytest.raises(ImproperlyConfigured) as mistaken:
            get_kvstore("safe://host?pin=hunter2&pim=hunter2")
        assert "hunter2" not in str(mistaken.value)


def test_no_parameter_is_shown_of_a_url_whose_backend_is_not_there() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        get_kvstore("nothing://host?pin=hunter2")
    assert "nothing://host?pin=***" in str(caught.value)
    with pytest.raises(CommandError, match=r"^nothing://host\?pin=\*\*\*: "):
        call_command("kvstore", "purge", "nothing://host?pin=hunter2")


def test_changed_settings_make_new_stores() -> None:
    with override_settings(KEY_VALUE_STORES={"default": "locmem://before"}):
        kvstore.set("a", 1)
        first = kvstores["default"]
        with override_settings(KEY_VALUE_STORES={"default": "locmem://after"}):
            assert kvstore.get("a") is None
            assert kvstores["default"] is not first
        assert kvstore.get("a") == 1


def test_old_connections_are_given_back_when_a_request_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = get_kvstore("locmem://requests")
    closed: list[bool] = []
    monkeypatch.setattr(store.backend, "close_old", lambda: closed.append(True))
    request_finished.send(None)
    assert closed == [True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_forgets_what_it_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    store = get_kvstore("locmem://forks")
    told: list[int] = []
    monkeypatch.setattr(store.backend, "forked", lambda: told.append(os.getpid()))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(told == [os.getpid()]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"True"
    assert told == []
    os.close(read)
    os.close(write)


def test_the_default_store_is_async_too() -> None:
    async def use() -> list[Any]:
        await kvstore.aset("a", 1)
        return [await kvstore.aget("a"), [key async for key in kvstore.akeys()]]

    with override_settings(KEY_VALUE_STORES={"default": "locmem://async"}):
        assert asyncio.run(use()) == [1, ["a"]]
