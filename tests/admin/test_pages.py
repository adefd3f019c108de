"""The pages, by Django's test client: what each shows, and what it lets be changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from django_kvstore import kvstores


def the_entry(key: str, alias: str = "default", **query: str) -> str:
    return url("entry", alias, key=key, **query)


def seen(client: Client, key: str) -> str:
    return Page(client.get(the_entry(key))).fields()["seen"]


def test_the_index_leads_to_the_stores(boss: Client) -> None:
    page = Page(boss.get("/admin/"))
    assert url("changelist") in page.links("keyvaluestore")
    assert "Key-value stores" in page.text


def test_the_stores_say_what_they_are_and_how_they_are(boss: Client) -> None:
    kvstores["default"].set_many({"a": 1, "b": 2, "c": 3})
    page = Page(boss.get(url("changelist")))
    assert page.response.status_code == 200
    assert "locmem://admin-default" in page.text
    assert "db://kvstore" in page.text
    assert page.words.count("answers ") == 2
    assert "default locmem locmem://admin-default answers" in page.words
    assert "3 atomic iterable clearable" in page.words
    assert url("change", "table") in page.links("table")


def test_a_store_shows_its_keys(boss: Client) -> None:
    store = kvstores["default"]
    store.set("apple", [1, 2])
    store.set("banana", "x" * 2000, ttl=3600)
    page = Page(boss.get(url("change", "default")))
    assert "apple list" in page.words
    assert "2.0" in page.text
    assert "banana str" in page.words
    assert "2 keys on this page" in page.words
    assert page.words.count("\N{EN DASH}") == 1  # the one that never expires


def test_keys_are_searched_by_their_beginning(boss: Client) -> None:
    kvstores["default"].set_many({"user:1": 1, "user:2": 2, "visit:1": 3})
    page = Page(boss.get(url("change", "default", q="user:")))
    assert "user:1" in page.text
    assert "user:2" in page.text
    assert "visit:1" not in page.text


@pytest.mark.parametrize("alias", ["default", "table"])
def test_pages_follow_one_another_and_hold_every_key_once(boss: Client, alias: str) -> None:
    kvstores[alias].set_many({f"k{number:04}": number for number in range(250)})
    address, found, pages = url("change", alias, q="k"), [], 0
    while address:
        page = Page(boss.get(address))
        found += [str(box["value"]) for box in page.all("input", **{"class": "action-select"})]
        following = [tag["href"] for tag in page.all("a", rel="next")]
        address = str(following[0]) if following else ""
        pages += 1
    assert pages == 3
    assert sorted(found) == [f"k{number:04}" for number in range(250)]


def test_an_entry_shows_its_value(boss: Client) -> None:
    kvstores["default"].set("basket", {"fruit": ("apple", 2.5)}, ttl=3600)
    page = Page(boss.get(the_entry("basket")))
    assert page.response.status_code == 200
    assert json.loads(page.areas[0]) == {"fruit": {"$tuple": ["apple", 2.5]}}
    assert page.areas[0].count("\n") > 4  # laid out
    assert "Type dict" in page.words
    assert "Expires" in page.text
    assert "minutes)" in page.text


def test_a_missing_entry_is_told(boss: Client) -> None:
    page = Page(boss.get(the_entry("no such"), follow=True))
    assert "There is no entry “no such”." in page.text
    assert page.response.redirect_chain == [(url("change", "default"), 302)]


@pytest.mark.parametrize("key", ["", "x" * 1025])
def test_a_key_that_is_none_is_told(boss: Client, key: str) -> None:
    page = Page(boss.get(the_entry(key)))
    assert page.response.status_code == 200
    assert page.all("p", **{"class": "errornote"})


def test_a_value_is_changed(boss: Client) -> None:
    store = kvstores["default"]
    store.set("basket", [1], ttl=3600)
    data = {"value": '{"$set": [1, 2]}', "expiry": "keep", "seen": seen(boss, "basket")}
    response = boss.post(the_entry("basket"), data)
    assert response.status_code == 302
    assert store.get("basket") == {1, 2}
    left = store.ttl("basket")
    assert left is not None
    assert 3500 < left <= 3600


@pytest.mark.parametrize(
    ("expiry", "low", "high"),
    [({"expiry": "seconds", "seconds": "90"}, 80, 90), ({"expiry": "for_ever"}, None, None)],
)
def test_the_expiry_is_changed(
    boss: Client, expiry: dict[str, str], low: float | None, high: float | None
) -> None:
    store = kvstores["default"]
    store.set("basket", [1], ttl=3600)
    boss.post(the_entry("basket"), {"value": "[1]", "seen": seen(boss, "basket"), **expiry})
    left = store.ttl("basket")
    if low is None or high is None:
        assert left is None
    else:
        assert left is not None
        assert low < left <= high


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{", "This is no typed JSON"),
        ('{"$date": "yesterday"}', "This is no typed JSON"),
        ('{"$set": [[]]}', "This is no typed JSON"),
        ('{"a": 1, "a": 2}', "the name “a” stands there twice"),
        ("NaN", "NaN is no JSON"),
        ("[" * 100_000, "This is no typed JSON"),
        ("", "This field is required"),
    ],
)
def test_what_is_no_value_is_refused_and_stays_typed(boss: Client, value: str, told: str) -> None:
    kvstores["default"].set("basket", [1])
    data = {"value": value, "expiry": "keep", "seen": seen(boss, "basket")}
    page = Page(boss.post(the_entry("basket"), data))
    assert page.response.status_code == 200
    assert told in page.text
    assert value in page.text
    assert kvstores["default"].get("basket") == [1]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [("", "Say how many seconds."), ("soon", "Enter a number."), ("-1", "greater than or equal")],
)
def test_a_wrong_expiry_is_refused(boss: Client, seconds: str, told: str) -> None:
    kvstores["default"].set("basket", [1])
    data = {"value": "[2]", "expiry": "seconds", "seconds": seconds, "seen": seen(boss, "basket")}
    page = Page(boss.post(the_entry("basket"), data))
    assert told in page.text
    assert kvstores["default"].get("basket") == [1]


def test_a_value_that_the_serializer_refuses_is_told(boss: Client, settings_of: Any) -> None:
    with settings_of(default={"URL": "locmem://json", "SERIALIZER": "json"}):
        kvstores["default"].set("basket", [1])
        data = {"value": '{"$set": [1]}', "expiry": "keep", "seen": seen(boss, "basket")}
        page = Page(boss.post(the_entry("basket"), data))
        assert "the serializer 'json' cannot write the set" in page.text
        assert kvstores["default"].get("basket") == [1]


def test_a_conflict_shows_both_and_loses_neither(boss: Client) -> None:
    store = kvstores["default"]
    store.set("basket", "before")
    data = {"value": '"mine"', "expiry": "keep", "seen": seen(boss, "basket")}
    store.set("basket", "theirs")
    page = Page(boss.post(the_entry("basket"), data))
    assert page.response.status_code == 200
    assert "Somebody else has changed this entry" in page.text
    assert '"theirs"' in page.text
    assert '"mine"' in page.text
    assert store.get("basket") == "theirs"
    # Saving again is over theirs, knowingly.
    again = {**data, "seen": page.fields()["seen"]}
    assert boss.post(the_entry("basket"), again).status_code == 302
    assert store.get("basket") == "mine"


def test_what_was_deleted_meanwhile_is_told_and_added_anew(boss: Client) -> None:
    store = kvstores["default"]
    store.set("basket", "before")
    data = {"value": '"mine"', "expiry": "keep", "seen": seen(boss, "basket")}
    store.delete("basket")
    page = Page(boss.post(the_entry("basket"), data))
    assert "Somebody else has deleted this entry" in page.text
    assert '"mine"' in page.text
    assert not store.exists("basket")
    boss.post(the_entry("basket"), {**data, "seen": page.fields()["seen"]})
    assert store.get("basket") == "mine"


def test_a_form_that_was_never_shown_changes_nothing(boss: Client) -> None:
    kvstores["default"].set("basket", "before")
    page = Page(boss.post(the_entry("basket"), {"value": '"mine"', "expiry": "keep"}))
    assert "Somebody else has changed this entry" in page.text
    assert kvstores["default"].get("basket") == "before"


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


def test_an_expired_entry_is_not_shown(boss: Client) -> None:
    store = kvstores["default"]
    store.set("brief", 1, ttl=0.05)
    while store.exists("brief"):
        pass
    assert "brief" not in Page(boss.get(url("change", "default"))).text
    assert "There is no entry “brief”" in Page(boss.get(the_entry("brief"), follow=True)).text
