"""The pages in a real browser, as a user meets them: by mouse, by keyboard, in the dark, on a phone.

``KVSTORE_PHOTOGRAPHS=/tmp/photographs pytest tests/admin/test_browser.py`` keeps a picture of each
page.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from selenium.webdriver import Keys
from selenium.webdriver.support.select import Select

from admin.browser import Browser
from admin.page import url
from django_keyval.models import KeyVal
from django_kvstore import kvstores, models

Visitor = Callable[..., Client]
Photograph = Callable[[str], None]


class Basket(models.Model):
    """Something to be a filter."""

    owner = models.CharField(pk=True)
    items = models.JSONField()

    class Meta:
        key = "shop.Basket"


@pytest.fixture
def photograph(browser: Browser, tmp_path: Path) -> Photograph:
    """Give ``photograph(name)``: a picture that is not blank, kept where the environment says."""
    folder = Path(os.environ.get("KVSTORE_PHOTOGRAPHS") or tmp_path)

    def take(name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        browser.photograph(file)
        assert file.stat().st_size > 5000

    return take


@pytest.fixture
def furnished() -> None:
    """Fill the stores."""
    store = kvstores["default"]
    store.set_many({f"session:{number:05}": {"user": number} for number in range(10_000)})
    store.set_many({f"visits:{day}": day * 137 for day in range(1, 13)})
    store.set("visits:today", 41, ttl=86_400)
    store.set("greeting", "hello", ttl=3600)
    store.set("holidays", [date(2026, 12, 25), date(2027, 1, 1)])
    store.set("price list", {"apple": 1.25, "pear": 2.5, "seasonal": ("fig", "quince")})
    store.set("report", "First line\nSecond line\n" + "More lines\n" * 20)
    for owner in ("anna", "boris", "chiara"):
        Basket(owner=owner, items=["apple", "pear"]).save()
    KeyVal("colors").set("sky", "blue")
    KeyVal("colors").set("grass", "green")
    KeyVal("<b>odd</b> name").set("key", "value")
    odd = ["<script>alert(1)</script>", "smile 😀 and 🏳️‍🌈", "שלום עולם", "a\0b\n", "trailing ", "\u202eevil"]
    store.set_many({f"odd:{key}": key for key in odd})
    store.set("odd:large", "x" * (1 << 20))
    kvstores["table"].set_many({f"fruit:{name}": name for name in ("apple", "fig", "pear")})


def enter(browser: Browser, live: str, client: Client) -> None:
    """Bring the client's session along."""
    browser.get(f"{live}/admin/login/")
    name = settings.SESSION_COOKIE_NAME
    browser.driver.add_cookie({"name": name, "value": client.cookies[name].value, "path": "/"})


def test_everything_is_seen(
    browser: Browser, live: str, boss: Client, furnished: None, photograph: Photograph
) -> None:
    enter(browser, live, boss)
    for name, address in {
        "index": "/admin/",
        "stores": url("changelist"),
        "keys": url("change", "default"),
        "odd": url("change", "default", q="odd:"),
        "model": url("change", "default", scope="model:shop.Basket"),
        "name": url("change", "default", scope="keyval:colors"),
        "entry": url("entry", "default", key="price list"),
        "text": url("entry", "default", key="report"),
        "large": url("entry", "default", key="odd:large"),
        "add": url("add", "default", scope="model:shop.Basket"),
        "delete": url("delete", "default", key="odd:a\\u0000b\\n"),
        "flush": url("flush", "default", q="visits:"),
        "history": url("history", "default"),
    }.items():
        browser.get(live + address)
        photograph(name)
        assert browser.complaints() == [], name
