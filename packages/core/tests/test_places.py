"""Where stores keep their entries: what is shown of it, and what two aliases may not share."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import override_settings

from django_kvstore import checks, get_kvstore, kvstores, plugins

from .plugins import installed
from .test_plugins import BACKEND, SERIALIZER


def test_two_claimants_of_one_scheme_are_refused(tmp_path: Path) -> None:
    with (
        installed(tmp_path, "one-store", plugins.GROUP, "twice", BACKEND),
        installed(tmp_path, "two-store", plugins.GROUP, "twice", BACKEND),
        pytest.raises(ImproperlyConfigured) as caught,
    ):
        get_kvstore("twice://x")
    assert "'twice' is claimed by several distributions: one-store, two-store" in str(caught.value)
    assert "pip uninstall" in str(caught.value)


def test_two_claimants_of_one_serializer_are_refused(tmp_path: Path) -> None:
    with (
        installed(tmp_path, "one-writer", plugins.SERIALIZER_GROUP, "shout", SERIALIZER),
        installed(tmp_path, "two-writer", plugins.SERIALIZER_GROUP, "shout", SERIALIZER),
        pytest.raises(ImproperlyConfigured) as caught,
    ):
        get_kvstore("locmem://claimed?serializer=shout")
    assert "'shout' is claimed by several distributions: one-writer" in str(caught.value)


SAME: list[tuple[Any, Any]] = [
    ("locmem://x", "locmem://x?ttl=60"),
    ("locmem://x", {"URL": "locmem://x", "SERIALIZER": "json"}),
    ("locmem://x?namespace=a/b", {"URL": "locmem://x", "NAMESPACE": "a/b"}),
    ("db://one", "db://one?using=default&direct=no"),
    ("memcached://h", "memcached://h:11211?timeout=1"),
    ("memcached://h;i", "memcached://i;h?pool_size=2"),
    ("memcached:///run/a.sock", "memcached:///run/a.sock?timeout=1"),
    ("tyrant://h", "tokyotyrant://h:1978?timeout=1"),
    ("sdb://shop?region=eu-west-1", "simpledb://shop?region_name=eu-west-1&timeout=1"),
    ("gae://shop", "gae://shop?timeout=1&kind=KVStore"),
]
APART: list[tuple[Any, Any]] = [
    ("locmem://x", "locmem://y"),
    ("locmem://x", "locmem://x?namespace=a"),
    ("locmem://x?namespace=a", "locmem://x?namespace=a/b"),
    ("db://one", "db://two"),
    ("db://one", "locmem://one"),
    ("memcached://h", "memcached://h:11212"),
    ("memcached://h", "memcached://h;i"),
    ("memcached:///run/a.sock", "memcached:///run/b.sock"),
    ("tyrant://h", "tyrant://i"),
    ("sdb://shop?region=eu-west-1", "sdb://shop?region=us-east-1"),
    ("gae://shop", "gae://shop?kind=Other"),
    ("gae://shop", "gae://shop/space"),
]


def told_of(one: Any, other: Any) -> list[Any]:
    with override_settings(KEY_VALUE_STORES={"one": one, "other": other, "third": "locmem://3"}):
        return [each for each in checks.check_stores() if each.id == "django_kvstore.W003"]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_aliases_of_one_place_are_told(one: Any, other: Any) -> None:
    (warning,) = told_of(one, other)
    assert "'one' and 'other'" in warning.msg
    assert "clear()" in warning.msg
    assert "NAMESPACE" in (warning.hint or "")


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_aliases_of_two_places_are_not(one: Any, other: Any) -> None:
    assert told_of(one, other) == []


def test_a_namespace_beside_the_url_is_shown() -> None:
    stores = {
        "beside": {"URL": "locmem://shown", "NAMESPACE": "a/b"},
        "within": "locmem://shown?namespace=c&ttl=60",
        "none": "locmem://shown",
    }
    with override_settings(KEY_VALUE_STORES=stores):
        shown = {alias: kvstores[alias].address for alias in stores}
        assert shown == {
            "beside": "locmem://shown?namespace=a%2Fb",
            "within": "locmem://shown?namespace=c&ttl=60",
            "none": "locmem://shown",
        }
        assert kvstores["within"].namespace("d").address == "locmem://shown?namespace=c%2Fd&ttl=60"
        out = io.StringIO()
        call_command("kvstore", "stores", "--json", stdout=out)
        assert {alias: told["url"] for alias, told in json.loads(out.getvalue()).items()} == shown


def test_a_database_that_is_not_there_fails_the_check() -> None:
    with override_settings(KEY_VALUE_STORES={"default": "db://kvstore?using=nope"}):
        (error,) = [each for each in checks.check_stores() if each.is_serious()]
        assert "'nope'" in error.msg
        assert "default" in f"{error.msg} {error.hint}"
