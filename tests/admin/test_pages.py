"""The pages that show something, by Django's test client: stores, keys, an entry."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from admin.page import Page, url
from django_kvstore import kvstores


def the_entry(key: str, alias: str = "default", **query: str) -> str:
    return url("entry", alias, key=key, **query)


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


def test_ten_thousand_keys_are_browsed_each_of_them_once(boss: Client) -> None:
    kvstores["table"].set_many({f"k{number:05}": number for number in range(10_000)})
    address, found = url("change", "table"), []
    while address:
        page = Page(boss.get(address))
        found += [str(box["value"]) for box in page.all("input", **{"class": "action-select"})]
        following = [tag["href"] for tag in page.all("a", rel="next")]
        address = str(following[0]) if following else ""
    assert found == [f"k{number:05}" for number in range(10_000)]


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


def test_an_expired_entry_is_not_shown(boss: Client) -> None:
    store = kvstores["default"]
    store.set("brief", 1, ttl=0.05)
    while store.exists("brief"):
        pass
    assert "brief" not in Page(boss.get(url("change", "default"))).text
    assert "There is no entry “brief”" in Page(boss.get(the_entry("brief"), follow=True)).text
