"""An entry is changed: its value, its expiry, and what happens when somebody else was there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from django_kvstore import kvstores


def the_entry(key: str, alias: str = "default", **query: str) -> str:
    return url("entry", alias, key=key, **query)


def seen(client: Client, key: str) -> str:
    return Page(client.get(the_entry(key))).fields()["seen"]


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
        ("{", "A name needs double quotes: line 1, column 2."),
        ('{"$date": "yesterday"}', "This is not typed JSON"),
        ('{"$set": [[]]}', "This is not typed JSON"),
        ('{"a": 1, "a": 2}', "the name “a” appears twice"),
        ("NaN", "NaN is not JSON"),
        ("[1e999]", 'write {"$float": "inf"}'),
        ("9" * 5000, "a number has more than 4300 digits"),
        ("[" * 100_000, "It is nested too deeply."),
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
