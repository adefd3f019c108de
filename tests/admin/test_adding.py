"""Entries are added and deleted: one, several, all that begin alike."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from django_kvstore import kvstores


def the_entry(key: str, alias: str = "default", **query: str) -> str:
    return url("entry", alias, key=key, **query)


def test_an_entry_is_added(boss: Client) -> None:
    data = {"key": "fresh", "value": '"egg"', "expiry": "seconds", "seconds": "60"}
    response = boss.post(url("add", "default"), data)
    assert response.status_code == 302
    assert kvstores["default"].get("fresh") == "egg"
    left = kvstores["default"].ttl("fresh")
    assert left is not None
    assert 50 < left <= 60


def test_an_entry_is_added_with_the_expiry_of_the_settings(boss: Client, settings_of: Any) -> None:
    with settings_of(default={"URL": "locmem://brief", "TTL": 300}):
        for expiry in ("default", "for_ever"):
            boss.post(url("add", "default"), {"key": expiry, "value": "1", "expiry": expiry})
        left = kvstores["default"].ttl("default")
        assert left is not None
        assert 290 < left <= 300
        assert kvstores["default"].ttl("for_ever") is None


def test_an_entry_that_is_there_is_not_added(boss: Client) -> None:
    kvstores["default"].set("fresh", "theirs")
    data = {"key": "fresh", "value": '"mine"', "expiry": "for_ever"}
    page = Page(boss.post(url("add", "default"), data))
    assert "There is an entry of this key already." in page.text
    assert '"mine"' in page.text
    assert kvstores["default"].get("fresh") == "theirs"


def test_a_key_is_added_with_escapes(boss: Client) -> None:
    data = {"key": r"a\u0000b\n\\ \ud83d\ude00", "value": "1", "expiry": "for_ever"}
    boss.post(url("add", "default"), {**data, "escapes": "1"})
    boss.post(url("add", "default"), data)
    found = set(kvstores["default"].keys())
    assert found == {"a\0b\n\\ \N{GRINNING FACE}", r"a\u0000b\n\\ \ud83d\ude00"}


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "This field is required"),
        ("é" * 513, "the key is 1026 bytes"),
        (r"\x", "After \\ comes"),
        (r"\ud800", "Half a surrogate pair"),
        (r"\Uffffffff", "After \\ comes"),
    ],
)
def test_a_wrong_key_is_refused(boss: Client, key: str, told: str) -> None:
    data = {"key": key, "escapes": "1", "value": '"typed"', "expiry": "for_ever"}
    page = Page(boss.post(url("add", "default"), data))
    assert told in page.text
    assert '"typed"' in page.text
    assert kvstores["default"].count() == 0


def test_an_entry_is_deleted_after_a_question(boss: Client) -> None:
    store = kvstores["default"]
    store.set_many({"one": 1, "two": 2})
    (delete,) = Page(boss.get(the_entry("one"))).links("/delete/")
    page = Page(boss.get(delete))
    assert "Delete this entry of the store “default”?" in page.text
    assert store.count() == 2
    boss.post(delete, {**page.fields(), "key": "one"})
    assert list(store.keys()) == ["two"]


def test_what_was_changed_since_it_was_seen_is_not_deleted(boss: Client) -> None:
    store = kvstores["default"]
    store.set("one", 1)
    (delete,) = Page(boss.get(the_entry("one"))).links("/delete/")
    fields = {**Page(boss.get(delete)).fields(), "key": "one"}
    store.set("one", "theirs")
    page = Page(boss.post(delete, fields, follow=True))
    assert "Somebody else has changed or deleted this entry" in page.text
    assert store.get("one") == "theirs"


def test_several_are_deleted_after_a_question(boss: Client) -> None:
    store = kvstores["default"]
    store.set_many({"one": 1, "two": 2, "three": 3})
    page = Page(boss.post(url("delete", "default"), {"key": ["one", "two"]}))
    assert "Delete these 2 entries" in page.text
    assert store.count() == 3
    data = {"key": ["one", "two"], "confirmed": "yes", "seen": ""}
    told = Page(boss.post(url("delete", "default"), data, follow=True))
    assert "2 entries were deleted." in told.text
    assert list(store.keys()) == ["three"]


def test_choosing_nothing_deletes_nothing(boss: Client) -> None:
    kvstores["default"].set("one", 1)
    page = Page(boss.post(url("delete", "default"), {"confirmed": "yes"}, follow=True))
    assert "Choose the entries to delete." in page.text
    assert kvstores["default"].count() == 1


@pytest.mark.parametrize(("q", "left"), [("user:", ["visit"]), ("", [])])
def test_all_that_begin_alike_are_deleted_after_a_question(
    boss: Client, q: str, left: list[str]
) -> None:
    store = kvstores["default"]
    store.set_many({"user:1": 1, "user:2": 2, "visit": 3})
    (flush,) = Page(boss.get(url("change", "default", q=q))).links("/flush/")
    page = Page(boss.get(flush))
    assert f"There are {3 - len(left)} such entries." in page.words
    assert store.count() == 3
    told = Page(boss.post(flush, follow=True))
    assert f"{3 - len(left)} entries were deleted." in told.text
    assert list(store.keys()) == left
