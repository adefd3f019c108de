"""KeyVal on every engine."""

from __future__ import annotations

import collections
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from django_keyval.models import KeyVal
from django_kvstore import kvstore

from .conftest import ENGINES

Point = collections.namedtuple("Point", "x y")
KEYS = ["key", "Key", "key ", "", "a\0b", "\ud800", "é" * 2000, "\U0001f600/%:;!"]


@pytest.fixture(params=ENGINES, autouse=True)
def _engine(request: pytest.FixtureRequest, configured: Callable[..., Any]) -> None:
    configured(default=request.param)


def test_keys_and_values() -> None:
    one, two = KeyVal("one"), KeyVal.connect("ONE ")
    for number, key in enumerate(KEYS):
        assert one.set(key, number) is True
        assert one.set(key, Point(number, [key])) is False
        assert two.set(key, -number) is True
    for number, key in enumerate(KEYS):
        assert one.get(key) == Point(number, [key])
        assert two.get_default(key) == -number
        assert one.exists(key)
    assert one.get_many([*KEYS, "none"]).keys() == set(KEYS)
    assert one.pop("key").x == 0
    assert one.pop_default("key", 5) == 5
    with pytest.raises(KeyError):
        one.get("key")
    with pytest.raises(KeyError):
        one.pop("key")
    with pytest.raises(KeyError):
        one.delete("key")
    assert one.delete("key", ignore_keyerror=True) is False
    assert one.delete("Key") is True
    if kvstore.backend.iterable:
        assert sorted(two) == sorted(KEYS)
        assert len(two) == len(KEYS)
        assert KeyVal.names() == ["ONE ", "one"]


def test_flush_and_disconnect() -> None:
    kvstore.set("mine", 1)
    one, two = KeyVal("one"), KeyVal("two")
    one.set("a", 1)
    two.set("a", 2)
    one.flush()
    assert not one.exists("a")
    assert two.get("a") == 2
    one.set("a", 3)
    assert one.get("a") == 3
    one.disconnect()
    with pytest.raises(NameError):
        one.get("a")
    one.flush_all()
    assert not two.exists("a")
    assert not KeyVal("one").exists("a")
    assert two.set("a", 4) is True
    assert two.get("a") == 4
    assert kvstore.get("mine") == 1


def test_expiry() -> None:
    keyval = KeyVal("one")
    keyval.set("a", 1, ttl=1000)
    assert 900 < (keyval.ttl("a") or 0) <= 1000
    assert keyval.touch("a", None)
    assert keyval.ttl("a") is None


def test_set_pop_and_delete_have_one_winner_each() -> None:
    keyval = KeyVal("one")

    def race(use: Callable[[], Any]) -> list[Any]:
        def run(_number: int) -> Any:
            try:
                return use()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(run, range(8)))

    assert sum(race(lambda: keyval.set("a", 1))) == 1
    assert sorted(race(lambda: keyval.pop_default("a", 0))) == [0] * 7 + [1]
    keyval.set("a", 1)
    assert sum(race(lambda: keyval.delete("a", ignore_keyerror=True))) == 1
