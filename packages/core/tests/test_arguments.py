"""Arguments that are a mistake: refused before anything is sent, with words that help."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_kvstore import InvalidKey, InvalidValue, Store, kvstores
from django_kvstore.checks import check_stores

#: Every call that takes a ttl.
CALLS: dict[str, Callable[[Store, Any], object]] = {
    "set": lambda store, ttl: store.set("key", 1, ttl),
    "set_many": lambda store, ttl: store.set_many({"key": 1}, ttl),
    "add": lambda store, ttl: store.add("key", 1, ttl),
    "put": lambda store, ttl: store.put("key", 1, ttl),
    "incr": lambda store, ttl: store.incr("key", ttl=ttl),
    "decr": lambda store, ttl: store.decr("key", ttl=ttl),
    "compare_and_set": lambda store, ttl: store.compare_and_set("key", 7, 8, ttl),
    "get_or_set": lambda store, ttl: store.get_or_set("key", 1, ttl),
    "touch": lambda store, ttl: store.touch("key", ttl),
}


class Unshowable:
    """An object whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Later:
    """What can be awaited, as a coroutine."""

    def __await__(self) -> Any:
        yield "key"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "ttl",
    [
        pytest.param(10**400, id="int-beyond-float"),
        pytest.param(10**5000, id="int-beyond-text"),
        math.nan,
        math.inf,
        1e300,
        timedelta.max,
        Decimal(60),
        True,
        "60",
        b"60",
        pytest.param([10**5000], id="list"),
        pytest.param(Unshowable(), id="unshowable"),
    ],
)
def test_a_bad_ttl_is_an_invalid_value(
    store: Store, call: Callable[[Store, Any], object], ttl: Any
) -> None:
    for there in ({}, {"key": 7}):
        store.set_many(there)
        with pytest.raises(InvalidValue, match="ttl"):
            call(store, ttl)
        assert dict(store.items()) == there
        if there:
            assert store.ttl("key") is None


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_timedelta_is_a_ttl(store: Store, call: Callable[[Store, Any], object]) -> None:
    if call is CALLS["touch"] or call is CALLS["compare_and_set"]:
        store.set("key", 7)
    call(store, timedelta(minutes=2))
    left = store.ttl("key")
    assert left is not None
    assert 60 < left <= 120


@pytest.mark.parametrize("ttl", [-(10**400), timedelta(0), timedelta.min, -math.inf])
def test_a_ttl_of_nothing_or_less_is_already_over(store: Store, ttl: Any) -> None:
    store.set("key", 1)
    store.set("key", 2, ttl)
    assert not store.exists("key")


@pytest.mark.parametrize(
    "ttl",
    [
        pytest.param(10**400, id="int-beyond-float"),
        pytest.param(10**5000, id="int-beyond-text"),
        math.nan,
        math.inf,
        10**12,
        "1e400",
        "9" * 5000,
        timedelta.max,
        timedelta(0),
        pytest.param([10**5000], id="list"),
        pytest.param(Unshowable(), id="unshowable"),
        True,
    ],
)
def test_a_bad_option_ttl_is_told_of_the_settings(ttl: Any) -> None:
    with (
        override_settings(KEY_VALUE_STORES={"default": {"URL": "locmem://", "TTL": ttl}}),
        pytest.raises(ImproperlyConfigured, match="'ttl'"),
    ):
        kvstores["default"]


def test_the_option_ttl_may_be_a_timedelta() -> None:
    stores = {"default": {"URL": "locmem://delta", "TTL": timedelta(hours=1)}}
    with override_settings(KEY_VALUE_STORES=stores):
        store = kvstores["default"]
        assert store.options.ttl == 3600.0
        store.set("key", 1)
        assert 3000 < (store.ttl("key") or 0) <= 3600


@pytest.mark.parametrize(
    ("scheme", "name", "low"),
    [
        ("locmem", "ttl", "it is not a number greater than zero"),
        ("memcached", "timeout", "it is not a number greater than zero"),
        ("memcached", "connect_timeout", "it is not a number greater than zero"),
        ("memcached", "idle_timeout", "it is not a number greater than zero"),
        ("memcached", "refresh", "it is not a number greater than zero"),
        ("memcached", "pool_size", "it is not a whole number greater than zero"),
        ("memcached", "item_bytes", "it is not a whole number greater than zero"),
        ("tyrant", "timeout", "it is not a number greater than zero"),
        ("tyrant", "pool_size", "it is not a whole number greater than zero"),
        ("sdb", "attempts", "it is not a whole number greater than zero"),
        ("sdb", "max_pool_connections", "it is not a whole number greater than zero"),
        ("gae", "timeout", "it is not a number greater than zero"),
    ],
)
def test_a_number_of_the_settings_is_told_what_is_wrong_with_it(
    scheme: str, name: str, low: str
) -> None:
    for huge in (10**400, Fraction(10**400), math.inf, "1e999", "9" * 5000, 10**5000):
        assert refusal(scheme, name, huge).endswith(tuple(f"more than {n}." for n in MOST))
    for other in (-(10**400), 0 if name != "refresh" else -1, -1, "x", "", b"", [], math.nan, True):
        if (name, other) != ("ttl", ""):  # which is none
            assert refusal(scheme, name, other).endswith(f": {low}.")
    if "whole" in low:
        for other in (1.5, "1.5", "1e3", "2.0"):
            assert refusal(scheme, name, other).endswith(f": {low}.")


#: The greatest values of numbers of the settings.
MOST = ("1,000,000", "2,147,483,647", "3,162,240,000")


def refusal(scheme: str, name: str, value: object) -> str:
    """Return what the check says of the parameter."""
    beside = {"TTL": value} if name == "ttl" else {"OPTIONS": {name: value}}
    entry = {"URL": f"{scheme}://host1", **beside}
    with override_settings(KEY_VALUE_STORES={"default": entry}):
        (message,) = check_stores()
    return str(message.msg)


@pytest.mark.parametrize("timeout", [10**400, math.inf, 1e300, "1e300", True])
def test_a_bad_timeout_is_told_of_the_settings(timeout: Any) -> None:
    entry = {"URL": "memcached://127.0.0.1:1", "OPTIONS": {"timeout": timeout}}
    with (
        override_settings(KEY_VALUE_STORES={"default": entry}),
        pytest.raises(ImproperlyConfigured, match="'timeout'"),
    ):
        kvstores["default"]


@pytest.mark.parametrize("size", [math.inf, math.nan, 10**400, "1e3", True, 1.5])
def test_a_bad_whole_number_is_told_of_the_settings(size: Any) -> None:
    entry = {"URL": "memcached://127.0.0.1:1", "OPTIONS": {"pool_size": size}}
    with (
        override_settings(KEY_VALUE_STORES={"default": entry}),
        pytest.raises(ImproperlyConfigured, match="'pool_size'"),
    ):
        kvstores["default"]


BULK: dict[str, Callable[[Store, Any], object]] = {
    "get_many": lambda store, keys: store.get_many(keys),
    "delete_many": lambda store, keys: store.delete_many(keys),
    "get_entries": lambda store, keys: store.get_entries(keys),
}


@pytest.mark.parametrize("call", BULK.values(), ids=BULK)
@pytest.mark.parametrize("keys", ["ab", b"ab", bytearray(b"ab"), memoryview(b"ab"), ""])
def test_one_text_is_no_list_of_keys(
    store: Store, call: Callable[[Store, Any], object], keys: Any
) -> None:
    store.set_many({"a": 1, "b": 2})
    with pytest.raises(InvalidKey, match=r"several keys.*Write \["):
        call(store, keys)
    assert store.count() == 2


@pytest.mark.parametrize("call", BULK.values(), ids=BULK)
@pytest.mark.parametrize("keys", [5, None, 1.5, object(), len])
def test_what_is_not_several_keys_is_told_what_to_give(
    store: Store, call: Callable[[Store, Any], object], keys: Any
) -> None:
    kind = "None" if keys is None else type(keys).__name__
    with pytest.raises(InvalidKey, match=rf"several keys, not {kind}\. Give a list"):
        call(store, keys)


@pytest.mark.parametrize("values", [[("a", 1)], "ab", ["a"], {"a"}, None, 5])
def test_set_many_says_that_it_takes_a_dict(store: Store, values: Any) -> None:
    with pytest.raises(InvalidValue, match=f"dict.*not {type(values).__name__}"):
        store.set_many(values)
    assert store.count() == 0


@pytest.mark.parametrize("entries", [5, None, len])
def test_restore_says_that_it_takes_entries(store: Store, entries: Any) -> None:
    with pytest.raises(InvalidValue, match=f"takes entries, not {type(entries).__name__}"):
        store.restore(entries)


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        (b"key", r"bytes.*key\.decode\(\)"),
        (bytearray(b"key"), r"bytearray.*key\.decode\(\)"),
        (None, "None"),
        (42, r"int.*str\(key\)"),
        (("a", 1), r"tuple.*str\(key\)"),
        (memoryview(b"key"), r"memoryview.*bytes\(key\)\.decode\(\)"),
        (["a"], r"list.*several keys there are get_many"),
        ({"a": 1}, r"dict.*several keys there are get_many"),
        (map(str, "ab"), r"map.*several keys there are get_many"),
        (Later(), r"Later.*Await it"),
    ],
)
def test_a_key_of_another_type_is_told_what_fits(store: Store, key: Any, advice: str) -> None:
    for call in (store.get, store.delete, store.exists, lambda key: store.get_many([key])):
        with pytest.raises(InvalidKey, match=advice) as caught:
            call(key)
        if not isinstance(key, (int, tuple)):
            assert "str(key)" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["", "/", "a/b", "/a", "a/", "ada/../eve", "a:b", "a b", "é", "a" * 201, None, 5, b"a", "a\n"],
)
def test_a_namespace_is_one_segment(store: Store, name: Any) -> None:
    store.set("key", 1)
    with pytest.raises(InvalidKey, match="namespace"):
        store.namespace(name)
    assert store.count() == 1


def test_a_namespace_within_a_namespace_is_written_with_a_slash(store: Store) -> None:
    assert store.namespace("user").namespace("ada").options.namespace == "user/ada"


@pytest.mark.parametrize("name", ["/", "/a", "a/", "a//b", "a/ /b"])
def test_an_option_namespace_has_no_empty_segment(name: str) -> None:
    for entry in ({"URL": "locmem://", "NAMESPACE": name}, f"locmem://?namespace={name}"):
        with (
            override_settings(KEY_VALUE_STORES={"default": entry}),
            pytest.raises(ImproperlyConfigured, match="namespace"),
        ):
            kvstores["default"]
