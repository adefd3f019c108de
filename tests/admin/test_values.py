"""What is shown of keys and values of every kind, and saved as it was."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from admin.page import Page, url
from django_kvstore import kvstores

KEYS = [
    "<script>alert(1)</script>",
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "{{ settings.SECRET_KEY }}{% debug %}",
    "&lt;b&gt;",
    "smile \N{GRINNING FACE} \N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u202eright to left by force",
    "a\0b",
    "two\nlines",
    "return\r\nand newline",
    "\ttabs\t",
    " spaces  at ends ",
    "back\\slash and \\n and \\u0000",
    "a/b?c=d&e=f#g%00%",
    "..",
    "\ufeff\uffff\u2028\x7f\x85",
    "x" * 1024,
]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_is_listed_shown_changed_and_deleted(boss: Client, key: str) -> None:
    """By nothing but what the pages themselves say, as a browser would."""
    store = kvstores["default"]
    store.set(key, "first")
    listing = Page(boss.get(url("change", "default")))
    (entry,) = listing.links("/entry/")
    page = Page(boss.get(entry))
    assert json.loads(page.areas[0]) == "first"
    saved = boss.post(entry, {**page.fields(), "value": '"second"', "expiry": "keep"})
    assert saved.status_code == 302
    assert dict(store.items()) == {key: "second"}
    for shown in (listing, page, Page(boss.get(saved["Location"]))):
        assert "\0" not in shown.source
        assert "<script>alert" not in shown.source
        assert not [tag for tag, found in shown.tags if {"onmouseover", "onfocus"} & set(found)]
    (box,) = listing.all("input", **{"class": "action-select"})
    asked = Page(boss.post(url("delete", "default"), {"key": box["value"]}))
    assert boss.post(url("delete", "default"), asked.fields()).status_code == 302
    assert store.count() == 0


def test_a_long_key_is_cut_in_the_list_and_whole_on_its_page(boss: Client) -> None:
    key = "k" * 900 + "end"
    kvstores["default"].set(key, 1)
    listing = Page(boss.get(url("change", "default")))
    assert "k" * 160 + "…" in listing.text
    assert "k" * 161 not in listing.text
    (entry,) = listing.links("/entry/")
    assert key in Page(boss.get(entry)).text


@pytest.mark.parametrize("key", KEYS)
def test_any_key_is_spelled_and_read_again(key: str) -> None:
    from django_kvstore.admin.spelling import read_spelled, show, spell

    spelled = spell(key)
    assert read_spelled(spelled) == key
    # What an HTML parser, a form and a reader make of it is the same text.
    assert " ".join(spelled.split()) == spelled
    for text in (spelled, html.unescape(strip_tags(show(key)))):
        assert text.replace("\u200d", "").isprintable()


def test_no_two_keys_are_spelled_alike() -> None:
    from django_kvstore.admin.spelling import spell

    twins = ["a\\nb", "a\nb", "a\\\\nb", "a\\u000ab", "a\\\nb"]
    assert len({spell(key) for key in twins}) == len(twins)


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script></textarea><b>",
        "\N{GRINNING FACE} \u05e9\u05dc\u05d5\u05dd \u202e \u2066",
        "a\0b\r\n\x85\u2028",
        "half \ud800\nand a line",
        b"\x00\xff",
        {"$tuple": 1},
        {(1, 2): {"a"}, None: [float("inf"), -0.0]},
        2**70,
        datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "\ud800 half a pair",
        None,
        "",
    ],
)
def test_any_value_is_shown_and_saved_as_it_was(boss: Client, value: Any) -> None:
    """As a browser would: what is in the form is what is sent."""
    store = kvstores["default"]
    store.set("key", value)
    entry = url("entry", "default", key="key")
    page = Page(boss.get(entry))
    assert "<script>alert" not in page.source
    assert "\u202e" not in page.source
    area = page.areas[0].removeprefix("\n").replace("\r\n", "\n").replace("\n", "\r\n")
    store_seen = page.fields()["seen"]
    boss.post(entry, {"value": area, "expiry": "for_ever", "seen": store_seen})
    found = store.get("key")
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_a_mebibyte_is_shown_cut_and_not_offered_for_change(boss: Client) -> None:
    kvstores["default"].set("large", "x" * (1 << 20))
    listing = Page(boss.get(url("change", "default")))
    assert "large … 1.0" in listing.words
    page = Page(boss.get(url("entry", "default", key="large")))
    assert len(page.source) < 200_000
    assert "x" * 99_000 in page.text
    assert "The value is too large to be shown in full" in page.text
    assert page.areas == []
    # Its expiry can be changed all the same, and it can be deleted.
    data = {"expiry": "seconds", "seconds": "60", "seen": page.fields()["seen"]}
    boss.post(url("entry", "default", key="large"), data)
    left = kvstores["default"].ttl("large")
    assert left is not None
    assert 50 < left <= 60
    assert kvstores["default"].get("large") == "x" * (1 << 20)
    assert page.links("/delete/")


def test_the_longest_value_that_is_offered_for_change_is_changed(boss: Client) -> None:
    value = "\N{GRINNING FACE}" * 99_000
    kvstores["default"].set("long", value)
    page = Page(boss.get(url("entry", "default", key="long")))
    data = {**page.fields(), "value": page.areas[0].replace("\n", "", 1), "expiry": "keep"}
    assert boss.post(url("entry", "default", key="long"), data).status_code == 302
    assert kvstores["default"].get("long") == value


def test_text_of_several_lines_is_shown_as_it_reads(boss: Client) -> None:
    store = kvstores["default"]
    store.set_many({"text": "one\n\ttwo\0\n", "bytes": "één".encode(), "binary": b"\xff\n"})
    assert "one\n\ttwo\\u0000\n" in Page(boss.get(url("entry", "default", key="text"))).text
    assert "één" in Page(boss.get(url("entry", "default", key="bytes"))).text
    assert "As text" not in Page(boss.get(url("entry", "default", key="binary"))).text


def test_the_deepest_value_is_shown_and_saved_and_no_deeper_one(boss: Client) -> None:
    """128 levels of lists and dicts are the most that a store takes."""
    store = kvstores["default"]
    value: Any = (1, 2)
    for level in range(127):
        value = ([value], {"a": value})[level % 2]
    store.set("deep", value)
    (entry,) = Page(boss.get(url("change", "default"))).links("/entry/")
    page = Page(boss.get(entry))
    text = page.areas[0]
    assert boss.post(entry, {**page.fields(), "value": text, "expiry": "keep"}).status_code == 302
    assert store.get("deep") == value
    fields = Page(boss.get(entry)).fields()
    refused = Page(boss.post(entry, {**fields, "value": f"[{text}]", "expiry": "keep"}))
    assert "nested more than 128 levels deep" in refused.text
    assert store.get("deep") == value
