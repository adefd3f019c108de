"""The pages in a real browser, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from selenium.webdriver import Keys
from selenium.webdriver.support.select import Select

from admin.browser import Browser
from admin.furniture import enter, furnish, pages
from admin.page import url
from django_kvstore import kvstores

Visitor = Callable[..., Client]
Photograph = Callable[[str], None]


def test_a_store_that_is_down(
    browser: Browser, live: str, boss: Client, settings_of: Any, photograph: Photograph
) -> None:
    enter(browser, live, boss)
    with settings_of(counters="memcached://127.0.0.1:1?connect_timeout=1"):
        furnish()
        browser.get(live + url("changelist"))
        photograph("down")
        assert "Store 'counters' (memcached)" in browser.find(".kvstore-ill").text
        browser.follow(browser.link("counters"))
        browser.fill("#searchbar", "hits")
        browser.follow(browser.find("#changelist-search input[type=submit]"))
        assert "Store 'counters' (memcached)" in browser.find(".errornote").text
        browser.follow(browser.link("Key-value stores"))
        assert browser.link("default")


def test_log_in_browse_and_search(
    browser: Browser, live: str, visitor: Visitor, photograph: Photograph
) -> None:
    visitor("*")
    furnish()
    browser.get(f"{live}{url('changelist')}")
    browser.fill("#id_username", "anna")
    browser.fill("#id_password", "x")
    browser.follow(browser.find("input[type=submit]"))
    browser.follow(browser.link("default"))
    rows = "#result_list tbody tr"
    assert len(browser.all(rows)) == 100
    seen = []
    for _page in range(3):
        seen += [key.text for key in browser.all(f"{rows} th")]
        browser.follow(browser.link("Next page"))
    assert len(set(seen)) == 300
    browser.follow(browser.link("First page"))
    browser.fill("#searchbar", "session:099")
    browser.follow(browser.find("#changelist-search input[type=submit]"))
    found = [key.text for key in browser.all(f"{rows} th")]
    assert found == [f"session:099{number:02}" for number in range(100)]
    browser.follow(browser.link("session:09942"))
    assert '"user": 9942' in browser.find("#id_value").get_property("value")


def test_edit(shop: Browser, live: str, photograph: Photograph) -> None:
    shop.get(live + url("change", "default", q="price"))
    shop.follow(shop.link("price list"))
    shop.fill("#id_value", '{"apple": 1.5, ')
    shop.follow(shop.find("input.default"))
    photograph("invalid")
    assert "A name needs double quotes" in shop.text
    assert shop.find("#id_value").get_property("value") == '{"apple": 1.5, '
    shop.fill("#id_value", '{"apple": 1.5, "day": {"$date": "2026-01-31"}}')
    Select(shop.find("#id_expiry")).select_by_visible_text("none")
    shop.follow(shop.find("input.default"))
    assert "The entry “price list” was changed." in shop.text
    assert shop.find("#searchbar").get_property("value") == "price"
    assert kvstores["default"].get("price list")["apple"] == 1.5
    assert kvstores["default"].ttl("price list") is None


def test_conflict(shop: Browser, live: str, photograph: Photograph) -> None:
    store = kvstores["default"]
    shop.get(live + url("entry", "default", key="greeting"))
    shop.fill("#id_value", '"good morning"')
    store.set("greeting", "good evening")
    shop.follow(shop.find("input.default"))
    photograph("conflict")
    assert "Somebody else has changed this entry" in shop.text
    assert "good evening" in shop.find("#theirs").text
    assert shop.find("#id_value").get_property("value") == '"good morning"'
    assert store.get("greeting") == "good evening"
    shop.follow(shop.find("input.default"))
    assert store.get("greeting") == "good morning"


def test_delete_one_several_and_all_that_begin_alike(shop: Browser, live: str) -> None:
    store = kvstores["default"]
    shop.get(live + url("entry", "default", key="greeting"))
    shop.follow(shop.find(".deletelink"))
    shop.follow(shop.find("#content input[type=submit]"))
    assert "1 entry was deleted." in shop.text
    assert not store.exists("greeting")

    shop.get(live + url("change", "default", q="odd:"))
    shop.find("#kvstore-all").click()
    boxes = shop.all(".action-select")
    assert len(boxes) == 7
    assert all(box.is_selected() for box in boxes)
    boxes[2].click()
    assert shop.run("return document.getElementById('kvstore-all').indeterminate")
    shop.follow(shop.find(".kvstore-footer input[type=submit]"))
    assert "Delete these 6 entries" in shop.text
    shop.follow(shop.find("#content input[type=submit]"))
    assert "6 entries were deleted." in shop.text
    assert list(store.keys("odd:")) == ["odd:large"]

    shop.get(live + url("change", "default", q="visits:"))
    shop.follow(shop.find("a[href*=flush]"))
    assert "There are 13 such entries." in shop.text
    shop.follow(shop.link("No, take me back"))
    assert store.count("visits:") == 13
    shop.follow(shop.find("a[href*=flush]"))
    shop.follow(shop.find("#content input[type=submit]"))
    assert "13 entries were deleted." in shop.text
    assert store.count("visits:") == 0
    assert store.count("session:") == 10_000


def test_add_a_key_that_cannot_be_typed(shop: Browser, live: str) -> None:
    shop.get(live + url("change", "default"))
    shop.follow(shop.find(".object-tools a.addlink"))
    shop.fill("#id_key", r"tab\tand NUL\u0000")
    shop.find("#id_escapes").click()
    shop.fill("#id_value", '"<b>bold</b>"')
    shop.follow(shop.find("input.default"))
    assert kvstores["default"].get("tab\tand NUL\0") == "<b>bold</b>"
    shop.get(live + url("change", "default", q="tab"))
    shop.follow(shop.find("#result_list th a"))
    assert shop.find("#id_value").get_property("value") == '"<b>bold</b>"'


def test_no_permission(browser: Browser, live: str, visitor: Visitor) -> None:
    furnish()
    enter(browser, live, visitor("view_table"))
    browser.get(f"{live}{url('changelist')}")
    assert "table" in browser.text
    assert "admin-default" not in browser.text
    for page in pages().values():
        if page != url("changelist"):
            browser.get(live + page)
            assert "403 Forbidden" in browser.text
    browser.get(live + url("change", "table"))
    assert browser.all("#result_list a")
    assert not browser.all(".object-tools a[href*=add], .object-tools a[href*=flush]")
    assert not browser.all("#content input[type=checkbox].action-select")


def test_the_keyboard_is_enough(
    browser: Browser, live: str, visitor: Visitor, photograph: Photograph
) -> None:
    visitor("*")
    furnish()
    browser.get(f"{live}{url('changelist')}")
    browser.tab_to("#id_username")
    browser.press("anna", Keys.TAB, "x")
    browser.enter()
    browser.tab_to(f"#content a[href='{url('change', 'default')}']")
    browser.enter()
    assert browser.run("return document.activeElement.id") == "searchbar"
    browser.press("visits:1")
    browser.enter()
    browser.tab_to("#result_list th a")
    photograph("keyboard")
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
    decoration = browser.run("return getComputedStyle(document.activeElement).textDecorationLine")
    assert (outline, decoration) != ("none", "none")  # the focus is seen
    browser.enter()
    browser.tab_to("#id_value")
    browser.press(Keys.CONTROL + "a")
    browser.press(Keys.DELETE)
    browser.press("[1, 2]")
    browser.tab_to("input.default")
    browser.enter()
    assert kvstores["default"].get("visits:10") == [1, 2]
    browser.tab_to("#kvstore-all")
    browser.press(Keys.SPACE)
    browser.tab_to(".kvstore-footer input[type=submit]")
    browser.enter()
    browser.tab_to("#content input[type=submit]")
    browser.enter()
    assert kvstores["default"].count("visits:1") == 0
    assert kvstores["default"].count("visits:") == 10
