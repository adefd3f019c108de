"""Reading a page as a user does: its address, its text, its fields.

``Page(client.get(url("change", "default"))).text``
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.http import urlencode


def url(page: str, alias: str = "", **query: str) -> str:
    """Return the address of a page of the admin."""
    found = reverse(
        f"admin:django_kvstore_keyvaluestore_{page}", args=[quote(alias)] if alias else []
    )
    return f"{found}?{urlencode(query)}" if query else found


class Page(HTMLParser):
    """A response taken apart: `tags` with attributes, `texts` between, `areas` to type in."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.response = response
        self.source: str = response.content.decode()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.areas: list[str] = []
        self._open: list[str] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "textarea":
            self.areas.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["script"], ["style"]):
            self.texts.append(data)
        if self._open[-1:] == ["textarea"]:
            self.areas[-1] += data

    @property
    def text(self) -> str:
        """What is to be read, without tags."""
        return "".join(self.texts)

    @property
    def words(self) -> str:
        """The text, every tag and every run of blanks made one blank."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """Return the attributes of the tags of that name that have these attributes."""
        return [
            found
            for name, found in self.tags
            if name == tag and attributes.items() <= found.items()
        ]

    def fields(self) -> dict[str, str]:
        """Return what the inputs hold, by name."""
        return {
            str(found["name"]): found.get("value") or ""
            for found in self.all("input")
            if "name" in found
        }

    def links(self, text: str) -> list[str]:
        """Return the addresses of the links that hold this text in their address."""
        return [str(found["href"]) for found in self.all("a") if text in (found.get("href") or "")]
