"""Who may see and do what: nothing without permission, and nothing by GET or from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from admin.page import Page, url
from django_kvstore import kvstores

Visitor = Callable[..., Client]

PAGES = ("change", "entry", "add", "delete", "flush", "history")
VIEW, CHANGE, DELETE, FLUSH = (
    f"{action}_default" for action in ("view", "change", "delete", "flush")
)


def address(page: str, alias: str = "default") -> str:
    return url(page, alias, key="basket")


def seen(client: Client) -> str:
    from django_kvstore.admin.inspection import load

    found = load(kvstores["default"], "basket")
    assert found is not None
    return found.digest


def attempts(client: Client) -> dict[str, Callable[[], Any]]:
    """What changes something, by the permission that it takes."""
    value = {"value": '"mine"', "expiry": "keep", "seen": seen(client)}
    added = {"key": "fresh", "value": '"mine"', "expiry": "for_ever"}
    deleted = {"key": "basket", "confirmed": "yes"}
    return {
        "change": lambda: client.post(address("entry"), value),
        "add": lambda: client.post(address("add"), added),
        "delete": lambda: client.post(address("delete"), deleted),
        "flush": lambda: client.post(address("flush")),
    }


@pytest.fixture(autouse=True)
def basket() -> None:
    kvstores["default"].set("basket", "kept")


def unchanged() -> bool:
    return dict(kvstores["default"].items()) == {"basket": "kept"}


def test_every_store_has_four_permissions(site: None) -> None:
    from django.contrib.auth.models import Permission

    found = Permission.objects.filter(content_type__app_label="django_kvstore")
    assert set(found.values_list("codename", flat=True)) == {
        f"{action}_{alias}"
        for action in ("view", "change", "delete", "flush")
        for alias in settings.KEY_VALUE_STORES
    }
    assert found.get(codename="flush_table").name == "Can flush the store 'table'"


@pytest.mark.parametrize("page", ["changelist", *PAGES])
def test_strangers_are_sent_to_the_login(page: str, visitor: Visitor) -> None:
    where = url(page) if page == "changelist" else address(page)
    for client in (Client(), visitor(staff=False)):
        response = client.get(where)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", ["changelist", *PAGES])
def test_staff_without_permission_see_nothing(page: str, visitor: Visitor) -> None:
    client = visitor()
    response = client.get(url(page) if page == "changelist" else address(page))
    assert response.status_code == 403
    assert b"kept" not in response.content
    assert "keyvaluestore" not in client.get("/admin/").content.decode()


def test_staff_without_permission_change_nothing(visitor: Visitor) -> None:
    for attempt in attempts(visitor()).values():
        assert attempt().status_code == 403
    assert unchanged()


@pytest.mark.parametrize("granted", [CHANGE, DELETE, FLUSH])
def test_no_permission_is_of_use_without_the_one_to_view(granted: str, visitor: Visitor) -> None:
    client = visitor(granted)
    assert client.get(url("changelist")).status_code == 403
    for page in PAGES:
        assert client.get(address(page)).status_code == 403
    for attempt in attempts(client).values():
        assert attempt().status_code == 403
    assert unchanged()


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [(None, set()), (CHANGE, {"change", "add"}), (DELETE, {"delete"}), (FLUSH, {"flush"})],
)
def test_each_permission_allows_its_own(
    granted: str | None, allowed: set[str], visitor: Visitor
) -> None:
    client = visitor(*filter(None, (VIEW, granted)))
    for name, attempt in attempts(client).items():
        kvstores["default"].clear()
        kvstores["default"].set("basket", "kept", ttl=None)
        status = attempt().status_code
        assert status == (302 if name in allowed else 403), name
        assert unchanged() != (name in allowed), name


def test_a_permission_is_for_one_store(visitor: Visitor) -> None:
    client = visitor("view_table", "change_table", "delete_table", "flush_table")
    assert client.get(address("change", "table")).status_code == 200
    assert client.get(address("change")).status_code == 403
    page = Page(client.get(url("changelist")))
    assert "table" in page.words
    assert "admin-default" not in page.text


def test_pages_offer_only_what_is_allowed(visitor: Visitor) -> None:
    viewer = visitor(VIEW)
    listing = Page(viewer.get(address("change")))
    assert not listing.links("/add/")
    assert not listing.links("/flush/")
    assert not listing.all("input", name="key")
    entry = Page(viewer.get(address("entry")))
    assert "kept" in entry.text
    assert entry.areas == []
    assert not entry.links("/delete/")
    assert not entry.all("input", value="Save")


def test_who_may_not_see_a_store_is_not_told_whether_it_is_there(visitor: Visitor) -> None:
    client = visitor(VIEW)
    assert client.get(address("change", "table")).status_code == 403
    assert client.get(address("change", "nonesuch")).status_code == 403


def test_a_store_that_is_not_there_is_not_found(boss: Client) -> None:
    assert boss.get(address("change", "nonesuch")).status_code == 404


@pytest.mark.parametrize("page", ["delete", "flush"])
def test_nothing_is_changed_by_get(page: str, boss: Client) -> None:
    response = boss.get(url(page, "default", key="basket", confirmed="yes", seen=""))
    assert response.status_code == 200
    assert "Are you sure?" in response.content.decode()
    assert unchanged()


def test_every_change_needs_the_token_against_forgery(visitor: Visitor) -> None:
    client = visitor("*", enforce_csrf_checks=True)
    for attempt in attempts(client).values():
        assert attempt().status_code == 403
    assert unchanged()
    page = Page(client.get(address("entry")))
    token = page.fields()["csrfmiddlewaretoken"]
    data = {"value": '"mine"', "expiry": "keep", "seen": seen(client)}
    assert client.post(address("entry"), {**data, "csrfmiddlewaretoken": token}).status_code == 302
    assert kvstores["default"].get("basket") == "mine"


def test_a_cursor_of_ones_own_making_leads_nowhere(visitor: Visitor) -> None:
    """The table holds every store's cells, and a cursor is where reading goes on."""
    secret = kvstores["table"].namespace("another")
    secret.set("hidden", "secret")
    kvstores["table"].set_many({f"key{number}": number for number in range(150)})
    client = visitor("view_table")
    assert "hidden" not in Page(client.get(address("change", "table"))).text
    (honest,) = Page(client.get(address("change", "table"))).all("a", rel="next")
    for cursor in ("another", "\0", "ImFub3RoZXIi", "ImFub3RoZXIi:bad"):
        page = Page(client.get(url("change", "table", cursor=cursor)))
        assert "This is no address of a page" in page.text
        assert "hidden" not in page.text
    # Nor does another list's.
    other = str(honest["href"]).replace("/table/?", "/table/?q=key1&")
    assert "This is no address of a page" in Page(client.get(other)).text


def test_permissions_of_long_aliases_are_apart() -> None:
    from django_kvstore.admin.permissions import codename

    first, second = (codename("change", "a" * 95 + end) for end in "xy")
    assert first != second
    assert len(first) <= 100
    assert codename("view", "counters") == "view_counters"
