"""Every change is in Django's own history: who did what to which entry of which store."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from django_keyval.models import KeyVal
from django_kvstore import OutcomeUnknown, kvstores
from django_kvstore_locmem import LocMemBackend


def told() -> list[tuple[str, str, str]]:
    """The history, oldest first: the store, the entry and what was done."""
    from django.contrib.admin.models import LogEntry

    entries = LogEntry.objects.order_by("pk")
    return [(one.object_id, one.object_repr, one.get_change_message()) for one in entries]


def seen(key: str) -> str:
    from django_kvstore.admin.inspection import load

    found = load(kvstores["default"], key)
    assert found is not None
    return found.digest


def test_every_kind_of_change_is_noted(boss: Client) -> None:
    boss.post(url("add", "default"), {"key": "one", "value": "1", "expiry": "for_ever"})
    entry = url("entry", "default", key="one")
    boss.post(entry, {"value": "2", "expiry": "keep", "seen": seen("one")})
    boss.post(entry, {"value": "2", "expiry": "seconds", "seconds": "60", "seen": seen("one")})
    boss.post(url("delete", "default"), {"key": "one", "confirmed": "yes"})
    kvstores["default"].set_many({"user:1": 1, "user:2": 2})
    boss.post(url("flush", "default", q="user:"))
    boss.post(url("flush", "default"))
    assert told() == [
        ("default", "default: one", "Added entry “one”."),
        ("default", "default: one", "Changed value for entry “one”."),
        ("default", "default: one", "Changed value and expiry for entry “one”."),
        ("default", "default: one", "Deleted entry “one”."),
        ("default", "default: user:*", "Deleted all entries of “default: user:*”."),
        ("default", "default: *", "Deleted all entries of “default: *”."),
    ]


def test_who_it_was_is_noted(visitor: Any) -> None:
    from django.contrib.admin.models import LogEntry

    client = visitor("view_default", "change_default")
    client.post(url("add", "default"), {"key": "one", "value": "1", "expiry": "for_ever"})
    assert LogEntry.objects.get().user_id == int(client.session["_auth_user_id"])


def test_what_failed_is_not_noted(boss: Client) -> None:
    kvstores["default"].set("one", 1)
    entry = url("entry", "default", key="one")
    boss.post(entry, {"value": "2", "expiry": "keep", "seen": "stale"})
    boss.post(entry, {"value": "{", "expiry": "keep", "seen": seen("one")})
    boss.post(url("add", "default"), {"key": "one", "value": "1", "expiry": "for_ever"})
    boss.post(url("delete", "default"), {"key": "nonesuch", "confirmed": "yes"})
    assert told() == []


def test_a_key_that_no_database_takes_is_noted(boss: Client) -> None:
    data = {"key": r"a\u0000b", "escapes": "1", "value": "1", "expiry": "for_ever"}
    boss.post(url("add", "default"), data)
    assert told() == [("default", r"default: a\u0000b", r"Added entry “a\u0000b”.")]


def test_the_part_of_a_store_is_noted(boss: Client) -> None:
    KeyVal("colors").set("sky", "blue")
    scope = "keyval:colors"
    boss.post(url("delete", "default", scope=scope), {"key": "=sky", "confirmed": "yes"})
    boss.post(url("flush", "default", scope=scope))
    assert [entry for _alias, entry, _message in told()] == [
        "default: keyval:colors: sky",
        "default: keyval:colors: *",
    ]


def test_an_outcome_that_nobody_knows_is_noted(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write was sent and its answer lost: it may have happened."""
    kvstores["default"].set("one", 1)
    data = {"value": '"typed"', "expiry": "keep", "seen": seen("one")}

    def lose(self: LocMemBackend, *args: Any) -> Any:
        raise self.error(OutcomeUnknown, "the answer was lost.")

    monkeypatch.setattr(LocMemBackend, "compare_and_set", lose)
    monkeypatch.setattr(LocMemBackend, "update", lose)
    page = Page(boss.post(url("entry", "default", key="one"), data))
    assert page.response.status_code == 200
    assert "the answer was lost." in page.text
    assert '"typed"' in page.text
    ((_alias, entry, message),) = told()
    assert entry == "default: one"
    assert message.startswith("Tried: ")


def test_the_history_is_shown(boss: Client) -> None:
    boss.post(url("add", "default"), {"key": "<b>", "value": "1", "expiry": "for_ever"})
    page = Page(boss.get(url("history", "default")))
    assert page.response.status_code == 200
    assert "Added entry “<b>”." in page.text
    assert url("change", "default") in page.links("default")
    index = Page(boss.get("/admin/"))
    assert "default: <b>" in index.text
    assert url("change", "default") in index.links("default")


def test_the_history_of_another_store_is_not_shown(visitor: Any, boss: Client) -> None:
    boss.post(url("add", "table"), {"key": "secret", "value": "1", "expiry": "for_ever"})
    client = visitor("view_default")
    assert client.get(url("history", "table")).status_code == 403
    assert "secret" not in client.get(url("history", "default")).content.decode()
