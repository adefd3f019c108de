"""Every text of the pages is marked for translation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override, trans_real

from admin.page import Page, url
from django_keyval.models import KeyVal
from django_kvstore import kvstores

#: What is no text of ours: what the test itself stores, the paths of whatever model classes this
#: process has, and Django's months.
DATA = re.compile(
    r"fruit|\W*apple\W*|sky|colors|gone|large|default:?|table|locmem|db|str|dict|KeyVal|"
    r"[a-z]+://\S+|[\W\d_]+|(\w+\.)+[A-Z]\w*|"
    r"(Jan|Feb|March|April|May|June|July|Aug|Sept|Oct|Nov|Dec)\.?"
)


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language in which every translation stands in brackets."""

    def one(self: Any, message: str) -> str:
        return f"[[{message}]]"

    def several(self: Any, one: str, many: str, number: int) -> str:
        return f"[[{one if number == 1 else many}]]"

    with override("eo"):
        monkeypatch.setattr(trans_real.DjangoTranslation, "gettext", one)
        monkeypatch.setattr(trans_real.DjangoTranslation, "ngettext", several)
        yield


def pages() -> dict[str, tuple[str, dict[str, str] | None]]:
    """Every page and every state of one: its address, and what is sent."""
    entry = url("entry", "default", key="fruit")
    typed = {"value": "{", "expiry": "seconds", "seconds": ""}
    stale = {"value": "1", "expiry": "keep", "seen": "stale"}
    return {
        "stores": (url("changelist"), None),
        "keys": (url("change", "default"), None),
        "no keys": (url("change", "default", q="x"), None),
        "a wrong cursor": (url("change", "default", cursor="x"), None),
        "a name": (url("change", "default", scope="keyval:colors"), None),
        "an entry": (entry, None),
        "a large entry": (url("entry", "default", key="large"), None),
        "errors": (entry, typed),
        "a conflict": (entry, stale),
        "a deleted one": (url("entry", "default", key="gone"), stale),
        "add": (url("add", "default"), None),
        "wrong key": (url("add", "default"), {"key": "\\", "escapes": "1", "value": ""}),
        "delete": (url("delete", "default", key="fruit"), None),
        "delete several": (url("delete", "default"), {"key": "fruit"}),
        "flush": (url("flush", "default"), None),
        "flush some": (url("flush", "default", q="fruit"), None),
        "flush a name": (url("flush", "default", scope="keyval:colors"), None),
    }


def texts_of_ours(response: Any) -> list[str]:
    """Return the texts within the page's content, and those of its attributes."""
    page = Page(response)
    content = page.source[page.source.index('id="content"') :].partition("<footer")[0]
    inner = Page(type("Part", (), {"content": f"<div {content}".encode()})())
    attributes = [
        str(found[name])
        for tag, found in inner.tags
        for name in ("aria-label", "title", "placeholder", "value")
        if name in found and (name != "value" or found.get("type") == "submit")
    ]
    areas = set(inner.areas)
    return [text.strip() for text in (*inner.texts, *attributes) if text not in areas]


def test_every_text_is_marked(boss: Client, marked: None) -> None:
    store = kvstores["default"]
    store.set("fruit", {"apple": 1}, ttl=3600)
    store.set("large", "x" * 200_000)
    KeyVal("colors").set("sky", "apple")
    bare = {}
    for name, (address, sent) in pages().items():
        response = boss.get(address) if sent is None else boss.post(address, sent)
        assert response.status_code == 200, name
        for text in texts_of_ours(response):
            rest = re.sub(r"\[\[.*?\]\]", "", text, flags=re.DOTALL).strip()
            words = [word for word in rest.split() if not DATA.fullmatch(word)]
            if words and "xxx" not in rest:
                bare[f"{name}: {text}"] = words
    assert bare == {}
