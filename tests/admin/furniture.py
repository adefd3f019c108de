"""What lies in the stores while somebody looks at them in a browser, and where to look.

``furnish(); enter(browser, live, boss); browser.get(live + pages()["stores"])``
"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.test import Client

from admin.browser import Browser
from admin.page import url
from django_keyval.models import KeyVal
from django_kvstore import kvstores, models

#: As many as make a list long.
SESSIONS = 10_000
#: Keys that a page could stumble over.
ODD = (
    "<script>alert(1)</script>",
    "smile \N{GRINNING FACE} and \N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "a\0b\n",
    "trailing ",
    "\u202eevil",
)


class Basket(models.Model):
    """Something to be a filter."""

    owner = models.CharField(pk=True)
    items = models.JSONField()

    class Meta:
        key = "shop.Basket"


def furnish() -> None:
    """Fill the stores."""
    store = kvstores["default"]
    store.set_many({f"session:{number:05}": {"user": number} for number in range(SESSIONS)})
    store.set_many({f"visits:{day:02}": day * 137 for day in range(1, 13)})
    store.set("visits:today", 41, ttl=86_400)
    store.set("greeting", "hello", ttl=3600)
    store.set("holidays", [date(2026, 12, 25), date(2027, 1, 1)])
    store.set(
        "price list", {"apple": 1.25, "pear": 2.5, "seasonal": ("fig", "quince")}, ttl=604_800
    )
    store.set("report", "First line\nSecond line\n" + "More lines\n" * 10)
    store.set_many({f"odd:{key}": key for key in ODD})
    store.set("odd:large", "x" * (1 << 20))
    for owner in ("anna", "boris", "chiara"):
        Basket(owner=owner, items=["apple", "pear"]).save()
    KeyVal("colors").set_many({"sky": "blue", "grass": "green"})
    KeyVal("<b>odd</b> name").set("key", "value")
    kvstores["table"].set_many({f"fruit:{name}": name for name in ("apple", "fig", "pear")})


def pages() -> dict[str, str]:
    """Every page that can be opened by its address."""
    return {
        "stores": url("changelist"),
        "keys": url("change", "default", q="visits:"),
        "odd": url("change", "default", q="odd:"),
        "model": url("change", "default", scope="model:shop.Basket"),
        "keyval": url("change", "default", scope="keyval:colors"),
        "entry": url("entry", "default", key="price list"),
        "text": url("entry", "default", key="report"),
        "large": url("entry", "default", key="odd:large"),
        "add": url("add", "default", scope="model:shop.Basket"),
        "delete": url("delete", "default", key=r"odd:a\u0000b\n"),
        "flush": url("flush", "default", q="visits:"),
        "history": url("history", "default"),
    }


def enter(browser: Browser, live: str, client: Client) -> None:
    """Bring the client's session along."""
    browser.get(f"{live}/favicon.ico")
    browser.get(f"{live}/admin/login/")
    name = settings.SESSION_COOKIE_NAME
    browser.driver.add_cookie({"name": name, "value": client.cookies[name].value, "path": "/"})
