"""One entry as a line of a dump: ``{"key": "a", "value": [1], "expires": 1790000000.5}``.

The first line of a dump says what it is, the last how many entries it has, so that one that was
cut short is known from a whole one.
"""

from __future__ import annotations

import json
from typing import Any, Final

from django_kvstore.entries import Entry
from django_kvstore.typed_json import from_json, to_json

HEADER: Final = {"django-kvstore": "dump", "version": 1}


def header_line() -> bytes:
    """Return the first line."""
    return _line(HEADER)


def footer_line(entries: int) -> bytes:
    """Return the last line."""
    return _line({"entries": entries})


def entry_line(entry: Entry) -> bytes:
    """Return an entry's line; raises ``TypeError`` for a value of no plain type."""
    data = {"key": entry.key, "value": to_json(entry.value)}
    if entry.expires is not None:
        data["expires"] = entry.expires
    return _line(data)


def read_line(line: bytes) -> Entry | int | None:
    """Return the entry, the footer's number, or None for the header; raises ``ValueError``."""
    data = json.loads(line)
    if data == HEADER:
        return None
    if isinstance(data, dict) and set(data) == {"entries"}:
        return int(data["entries"])
    if not isinstance(data, dict) or not {"key", "value"} <= set(data) <= {
        "key",
        "value",
        "expires",
    }:
        raise ValueError("it is no line of a dump")
    return Entry(data["key"], from_json(data["value"]), data.get("expires"), len(line))


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
