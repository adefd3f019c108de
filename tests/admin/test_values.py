"""What is shown of values and keys of every kind, and that showing runs none of their code."""

from __future__ import annotations

import html
import inspect
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils.html import strip_tags

from admin.page import Page, url
from django_keyval.models import KeyVal
from django_kvstore import Store, kvstores, records
from django_kvstore.options import StoreOptions
from django_kvstore.url import StoreURL
from django_kvstore_locmem import LocMemBackend

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


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return (Path.touch, (self.trace,))


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
        b"\x00\xff",
        {"$tuple": 1},
        {(1, 2): {"a"}, None: [float("inf"), -0.0]},
        2**70,
        datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc),
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


# Nothing is unpickled.


def test_a_pickle_is_told_and_never_loaded(boss: Client, settings_of: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with settings_of(default={"URL": "locmem://pickles", "SERIALIZER": "pickle"}):
        store = kvstores["default"]
        store.set("trap", Trap(trace))
        listing = Page(boss.get(url("change", "default")))
        assert "would run code" in listing.text
        page = Page(boss.get(url("entry", "default", key="trap")))
        assert "would run code" in page.text
        assert page.areas == []
        data = {"expiry": "seconds", "seconds": "60", "seen": page.fields()["seen"]}
        assert boss.post(url("entry", "default", key="trap"), data).status_code == 302
        left = store.ttl("trap")
        assert left is not None
        assert left <= 60
        boss.post(url("entry", "default", key="trap"), {**data, "value": "1"})
        assert not trace.exists()
        store.get("trap")
        assert trace.exists()  # so the trap works, and nobody stepped on it before
        boss.post(url("delete", "default"), {"key": "trap", "confirmed": "yes"})
        assert store.count() == 0


def test_a_pickle_of_keyval_is_never_loaded(boss: Client, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    KeyVal("traps").set("trap", Trap(trace))
    KeyVal("traps").set("plain", [1])
    scope = "keyval:traps"
    assert "it is a pickle" in Page(boss.get(url("change", "default", scope=scope))).text
    page = Page(boss.get(url("entry", "default", key="=trap", scope=scope)))
    assert "it is a pickle" in page.text
    plain = Page(boss.get(url("entry", "default", key="=plain", scope=scope)))
    assert json.loads(plain.areas[0]) == [1]
    assert not trace.exists()


def test_a_pickle_in_the_place_of_keyvals_names_is_never_loaded(
    boss: Client, tmp_path: Path
) -> None:
    from django_keyval.names import names

    trace = tmp_path / "trace"
    names().store.set("f" * 40, Trap(trace))
    page = Page(boss.get(url("change", "default")))
    assert page.response.status_code == 200
    assert not trace.exists()


def test_a_large_pickle_in_parts_is_never_loaded(tmp_path: Path) -> None:
    """Changing its expiry writes the parts anew, for which its bytes are not enough."""
    from django_kvstore.admin import editing
    from django_kvstore.admin.inspection import load
    from django_kvstore.errors import CorruptValue

    store = in_parts("pickle")
    trace = tmp_path / "trace"
    store.set("trap", [Trap(trace), "x" * 10_000])
    found = load(store, "trap")
    assert found is not None
    assert found.size > 10_000
    assert "would run code" in found.problem
    with pytest.raises(CorruptValue):
        editing.retime(store, "trap", found.digest, None)
    assert not trace.exists()


def test_no_page_imports_what_unpickles() -> None:
    package = Path(sys.modules["django_kvstore.admin"].__file__ or "").parent
    for file in package.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        assert "pickle.loads" not in source
        assert "import pickle" not in source
        for line in source.splitlines():
            if ".decode(" in line and "coder" in line:
                assert "safely=True" in line


# What is damaged, and what is in parts.


class SmallCells(LocMemBackend):
    """Its cells hold two kilobytes, so most values are in parts."""

    cell_bytes = 2048


def in_parts(serializer: str) -> Store:
    """Return an empty store whose values are in parts."""
    backend = SmallCells("parts", StoreURL.parse(f"locmem://parts-{serializer}"), {})
    store = Store(backend, StoreOptions(serializer=serializer))
    store.clear()
    return store


def test_a_value_in_parts_has_its_own_size_and_is_changed_whole() -> None:
    from django_kvstore.admin import editing
    from django_kvstore.admin.inspection import inspect as look
    from django_kvstore.admin.inspection import load

    store = in_parts("typed")
    store.set("big", "x" * 10_000)
    found = load(store, "big")
    assert found is not None
    assert found.size > 10_000
    assert json.loads(found.text) == "x" * 10_000
    parts = len(store.backend.scan(";", None, 100).cells)
    assert parts > 1
    assert editing.retime(store, "big", found.digest, 2e9)
    again = load(store, "big")
    assert again is not None
    assert again.expires_at == 2e9
    assert not editing.replace(store, "big", found.digest, "y" * 9000, None)
    assert store.get("big") == "x" * 10_000
    # Neither the first ones nor those of the refused value are left.
    assert len(store.backend.scan(";", None, 100).cells) == parts
    assert editing.replace(store, "big", again.digest, "small", None)
    assert store.backend.scan(";", None, 100).cells == []
    # A list does not fetch them.
    store.set("huge", "x" * 100_000)
    record = store.backend.get(store.coder.cell("huge"))
    assert record is not None
    store.backend.delete_many([cell for cell, _ in store.backend.scan(";", None, 100).cells])
    listed = look(store, "huge", record, in_list=True)
    assert listed is not None
    assert (listed.type, listed.problem, listed.size > 100_000) == ("", "", True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record[:-1],
        lambda record: record[:3],
        lambda record: b"",
        lambda record: b"something else altogether",
        lambda record: bytes([record[0], record[1] ^ records.HAS_EXPIRY]) + record[2:],
        lambda record: bytes([record[0], record[1] | records.IS_SPLIT]) + record[2:],
    ],
)
def test_a_damaged_entry_is_told_and_can_be_deleted(boss: Client, damage: Any) -> None:
    store = kvstores["default"]
    store.set("bad", [1, 2, 3])
    store.set("good", [1])
    cell = store.coder.cell("bad")
    record = store.backend.get(cell)
    assert record is not None
    store.backend.set(cell, damage(record), None)
    listing = Page(boss.get(url("change", "default")))
    assert listing.response.status_code == 200
    assert "the stored bytes cannot be read" in listing.text
    assert "good list" in listing.words
    page = Page(boss.get(url("entry", "default", key="bad")))
    assert "the stored bytes cannot be read" in page.text
    assert page.areas == []
    (delete,) = page.links("/delete/")
    asked = Page(boss.get(delete))
    assert boss.post(delete, asked.fields()).status_code == 302
    assert store.backend.get(cell) is None


def test_an_expiry_beyond_every_calendar_is_no_error(boss: Client) -> None:
    store = kvstores["default"]
    cell = store.coder.cell("far")
    for expires in (1e300, 1e15, float("inf")):
        payload, flags = store.coder.payload(cell, 1)
        record = records.pack(cell, payload, code=ord("t"), flags=flags, expires=expires)
        store.backend.set(cell, record, None)
        assert boss.get(url("entry", "default", key="far")).status_code == 200


@pytest.mark.parametrize("use_tz", [True, False])
def test_the_expiry_is_in_the_projects_time(boss: Client, use_tz: bool) -> None:
    store = kvstores["default"]
    cell = store.coder.cell("later")
    payload, flags = store.coder.payload(cell, 1)
    noon = datetime(2050, 7, 1, 12, tzinfo=timezone.utc).timestamp()
    record = records.pack(cell, payload, code=ord("t"), flags=flags, expires=noon)
    store.backend.set(cell, record, noon)
    with override_settings(USE_TZ=use_tz, TIME_ZONE="Asia/Tokyo"):
        for page in (url("entry", "default", key="later"), url("change", "default")):
            assert "July 1, 2050, 9 p.m." in Page(boss.get(page)).text


def test_what_is_nested_too_deeply_is_told() -> None:
    from django_kvstore.admin.inspection import load

    store = kvstores["default"]
    value: Any = 1
    for _level in range(200):
        value = [value]
    store.set("deep", value)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        found = load(store, "deep")
    finally:
        sys.setrecursionlimit(limit)
    assert found is not None
    assert "nested too deeply" in found.problem
    assert not found.editable
