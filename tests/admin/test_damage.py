"""Entries that are damaged, in parts, or beyond what can be shown."""

from __future__ import annotations

import inspect
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client, override_settings

from admin.page import Page, url
from admin.parts import in_parts
from django_kvstore import kvstores, records


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
    noon = datetime(2050, 7, 1, 12, tzinfo=UTC).timestamp()
    record = records.pack(cell, payload, code=ord("t"), flags=flags, expires=noon)
    store.backend.set(cell, record, noon)
    with override_settings(USE_TZ=use_tz, TIME_ZONE="Asia/Tokyo"):
        for page in (url("entry", "default", key="later"), url("change", "default")):
            assert "July 1, 2050, 9 p.m." in Page(boss.get(page)).text


def test_what_is_nested_too_deeply_is_told() -> None:
    from django_kvstore.admin.inspection import load

    store = kvstores["default"]
    value: Any = 1
    for _level in range(128):  # as many as a store takes
        value = [value]
    store.set("deep", value)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        found = load(store, "deep")
    finally:
        sys.setrecursionlimit(limit)
    assert found is not None
    assert "nested too deeply" in found.problem
    assert not found.editable
