"""Engines that are down, misconfigured, or cannot list or change: told, and never an error 500."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from admin.page import Page, url
from django_keyval.models import KeyVal
from django_kvstore import Unavailable, kvstores
from django_kvstore_locmem import LocMemBackend
from servers.memcached import Memcached

WRITES = ("add", "update", "delete", "clear")
PAGES = ["change", "entry", "delete", "flush", "add", "history"]


def break_off(self: LocMemBackend, *args: Any) -> Any:
    raise self.error(Unavailable, "the cable is cut.", hint="Mend it.")


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Give a function that takes the engine of the default store away."""

    def cut() -> None:
        for name in ("ping", "get", "get_many", "scan", "scan_keys", "count", *WRITES):
            monkeypatch.setattr(LocMemBackend, name, break_off)

    yield cut
    monkeypatch.undo()


def test_the_stores_tell_which_is_down(boss: Client, settings_of: Any) -> None:
    # Nobody listens on port 1.
    with settings_of(far="memcached://127.0.0.1:1?connect_timeout=1"):
        page = Page(boss.get(url("changelist")))
        assert page.response.status_code == 200
        assert len(page.all("span", **{"class": "kvstore-ill"})) == 1
        assert "Store 'far' (memcached)" in page.text
        assert "locmem://admin-default answers" in page.words


def test_addresses_are_redacted(boss: Client, settings_of: Any) -> None:
    with settings_of(default="locmem://user:hunter2@place"):
        page = Page(boss.get(url("changelist")))
        assert "locmem://user:***@place" in page.text
        assert "hunter2" not in page.source


def test_stores_that_are_down_are_asked_at_the_same_time(
    boss: Client, settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: LocMemBackend) -> None:
        time.sleep(0.5)
        break_off(self)

    monkeypatch.setattr(LocMemBackend, "ping", slow)
    with settings_of(**{f"slow{number}": f"locmem://slow{number}" for number in range(6)}):
        begun = time.perf_counter()
        page = Page(boss.get(url("changelist")))
        took = time.perf_counter() - begun
    assert page.text.count("the cable is cut.") == 7
    assert took < 3  # one after the other it would be 3.5 s at least


@pytest.mark.parametrize("page", PAGES)
def test_a_store_that_is_down_is_told(page: str, boss: Client, cut: Callable[[], None]) -> None:
    cut()
    response = boss.get(url(page, "default", key="key"), follow=True)
    assert response.status_code == 200
    if page not in ("delete", "add", "history"):  # which need not ask it
        assert "the cable is cut. Mend it." in Page(response).text


@pytest.mark.parametrize("scope", ["", "keyval:colors"])
def test_what_is_sent_to_a_store_that_went_down_is_not_lost(
    scope: str, boss: Client, cut: Callable[[], None]
) -> None:
    KeyVal("colors").set("sky", "blue")
    kvstores["default"].set("=sky", "blue")
    entry = url("entry", "default", key="=sky", **({"scope": scope} if scope else {}))
    fields = Page(boss.get(entry)).fields()
    cut()
    sent = {
        entry: {**fields, "value": '"typed"', "expiry": "keep"},
        url("add", "default"): {"key": "new", "value": '"typed"', "expiry": "for_ever"},
    }
    for address, data in sent.items():
        page = Page(boss.post(address, data))
        assert page.response.status_code == 200
        assert "the cable is cut. Mend it." in page.text
        if not (scope and address == entry):  # where even the name is out of reach
            assert page.areas == ['\n"typed"'] or page.areas == ['"typed"']
    for address, key in ((url("delete", "default"), "=sky"), (url("flush", "default"), "")):
        response = boss.post(address, {"key": key, "confirmed": "yes"}, follow=True)
        assert response.status_code == 200
        assert "the cable is cut. Mend it." in Page(response).text


def test_a_store_that_is_misconfigured_is_told(boss: Client, settings_of: Any) -> None:
    with settings_of(wrong="nonesuch://user:hunter2@host"):
        page = Page(boss.get(url("changelist")))
        assert "nonesuch" in page.text
        assert "locmem://admin-default answers" in page.words
        for name in ("change", "entry", "add", "delete", "flush"):
            told = Page(boss.get(url(name, "wrong", key="key")))
            assert told.response.status_code == 200
            assert "There is no backend" in told.text or "nonesuch" in told.text
            assert "hunter2" not in told.source + page.source


def test_a_backend_that_raises_what_it_should_not_hides_no_other(
    boss: Client, settings_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(self: LocMemBackend) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(LocMemBackend, "ping", stumble)
    page = Page(boss.get(url("changelist")))
    assert page.response.status_code == 200
    assert "ZeroDivisionError" in page.text
    assert "db://kvstore answers" in page.words


def test_an_engine_that_lists_nothing_is_asked_for_a_key(
    boss: Client, settings_of: Any, engine: Callable[..., Any]
) -> None:
    server = engine(Memcached)
    with settings_of(default=f"memcached://{server.host}:{server.port}?namespace=of-admin"):
        store = kvstores["default"]
        store.clear()
        store.set("a\0b", [1])
        listing = Page(boss.get(url("change", "default")))
        assert "This engine cannot list its keys" in listing.text
        assert listing.all("table", id="result_list") == []
        found = boss.get(url("change", "default", q=r"a\u0000b", escapes="1"))
        assert found.status_code == 302
        entry = found["Location"]
        page = Page(boss.get(entry))
        data = {**page.fields(), "value": "[2]", "expiry": "keep"}
        assert boss.post(entry, data).status_code == 302
        assert store.get("a\0b") == [2]
        missing = Page(boss.get(url("change", "default", q="nonesuch")))
        assert "There is no entry “nonesuch”." in missing.text
        wrong = Page(boss.get(url("change", "default", q="\\", escapes="1")))
        assert "After \\ comes" in wrong.text
        # All of it can be deleted, but not all that begin alike.
        flush = Page(boss.get(url("flush", "default", q="a")))
        assert "such entr" not in flush.text
        refused = Page(boss.post(url("flush", "default", q="a"), follow=True))
        assert store.exists("a\0b")
        assert refused.all("li", **{"class": "error"})
        assert (
            "All entries were deleted."
            in Page(boss.post(url("flush", "default"), follow=True)).text
        )
        assert not store.exists("a\0b")
        # The keys of a name of KeyVal, which cannot be listed either.
        KeyVal("colors").set("sky", "blue")
        name = boss.get(url("change", "default", kind="keyval", name="colors"))
        scope = {"scope": "keyval:colors"}
        assert name["Location"] == url("change", "default", **scope)
        sky = boss.get(url("change", "default", q="sky", **scope))
        assert "blue" in Page(boss.get(sky["Location"])).areas[0]
        store.clear()


def test_an_engine_that_changes_nothing_in_one_step_is_only_looked_at(
    boss: Client, settings_of: Any
) -> None:
    with settings_of(old="admin.storage://here"):
        store = kvstores["old"]
        store.set("key", [1])
        assert not Page(boss.get(url("change", "old"))).links("/old/add/")
        found = boss.get(url("change", "old", q="key"))
        page = Page(boss.get(found["Location"]))
        assert "This engine cannot change an entry in one step" in page.text
        assert page.areas == []
        posted = boss.post(found["Location"], {"value": "2", "expiry": "keep", "seen": ""})
        assert posted.status_code == 403
        added = boss.post(url("add", "old"), {"key": "b", "value": "2", "expiry": "for_ever"})
        assert "the engine cannot change an entry atomically" in Page(added).text
        assert store.get("key") == [1]
        (delete,) = page.links("/delete/")
        boss.post(delete, Page(boss.get(delete)).fields())
        assert not store.exists("key")


def test_a_table_that_is_not_there_is_told(boss: Client, settings_of: Any) -> None:
    with settings_of(absent="db://absent_table"):
        for name in ("change", "entry", "flush"):
            page = Page(boss.get(url(name, "absent", key="key"), follow=True))
            assert page.response.status_code == 200
            assert "absent_table" in page.text
