"""One entry as a line of a dump: ``{"key": "a", "value": [1], "expires": 1790000000.5}``.

The first line of a dump says what it is, the last how many entries it has, so that one that was
cut short is known from a whole one.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_kvstore.entries import Entry
from django_kvstore.errors import CorruptValue
from django_kvstore.keys import MAX_KEY_BYTES
from django_kvstore.options import MISSING
from django_kvstore.store import Store
from django_kvstore.typed_json import from_json, to_json

#: `json.dumps` with such options makes one of these at every call.
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

HEADER: Final = {"django-kvstore": "dump", "version": 1}
_NOT_A_LINE: Final = gettext_lazy("it is not a line of a dump")
#: How many bytes of a line one byte of a serialized value can become, at the most: an empty tuple
#: in a list is two bytes there, and ``{"$tuple":[]},`` here.
_GROWTH: Final = 8


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


def longest_line(store: Store) -> int:
    """Return how many bytes the line of an entry of that store can have at the most."""
    return _GROWTH * (store.backend.max_value_bytes + MAX_KEY_BYTES) + 1024


def read_line(line: bytes) -> Entry | int | None:
    """Return the entry, the footer's number, or None for the header; raises ``ValueError``.

    An entry whose expiry is not a time has an `Entry.error`.
    """
    try:
        try:
            data = json.loads(line)
        except ValueError as problem:  # Python's words say nothing about a dump
            raise ValueError(_NOT_A_LINE) from problem
        if data == HEADER:
            return None
        if not isinstance(data, dict):
            raise ValueError(_NOT_A_LINE)
        if set(data) == {"entries"} and type(data["entries"]) is int:
            return data["entries"]
        expires = data.get("expires")
        if (
            not {"key", "value"} <= set(data) <= {"key", "value", "expires"}
            or not isinstance(data["key"], str)
            or not (expires is None or type(expires) in (int, float))
        ):
            raise ValueError(_NOT_A_LINE)
        if expires is not None and not _is_time(expires):
            error = CorruptValue(_("its expiry is not a time: %s.") % expires)
            return Entry(data["key"], MISSING, None, len(line), error)
        return Entry(data["key"], from_json(data["value"]), expires, len(line))
    except RecursionError:
        raise ValueError(_("its value is nested too deeply")) from None


def _is_time(expires: float) -> bool:
    try:
        return math.isfinite(expires)
    except OverflowError:  # an int that is larger than any float
        return False


def _line(data: dict[str, Any]) -> bytes:
    return _encode(data).encode() + b"\n"
