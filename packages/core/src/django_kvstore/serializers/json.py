"""The serializer ``json``: plain JSON, for entries that other programs read.

``KEY_VALUE_STORES = {"default": {"URL": "db://kvstore", "SERIALIZER": "json"}}``

It does what JSON does: tuples come back as lists, and only what JSON has can be written.
"""

from __future__ import annotations

import json
from typing import Any

from . import Serializer


class JSONSerializer(Serializer):
    """UTF-8 JSON without NaN or infinities, which RFC 8259 section 6 does not know."""

    name = "json"
    code = ord("j")

    def dumps(self, value: Any, key: str) -> bytes:
        _check_names(value)
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    def loads(self, data: bytes, key: str) -> Any:
        return json.loads(data)


def _check_names(value: Any) -> None:
    # json.dumps writes {1: …} as {"1": …} without a word, and two entries may become one.
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                raise TypeError(f"JSON's names are str, not {type(name).__name__}")
            _check_names(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_names(item)
