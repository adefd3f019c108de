"""Cells as SimpleDB items: the attributes of a record, and the record of attributes.

``Item.of("shop:greeting", record, expires).attributes`` is what PutAttributes is given.

========= =========================================================================
attribute value
========= =========================================================================
``f``     the format, always ``1``: a delete asks for it to know that there was one
``v``     the version: how many values ``d`` has, and a token that no other write has
``x``     when it expires, or ``never``, such that texts compare as times do
``n``     the cell's name, where the item's own name is cut
``d``     the record in Base64, cut into numbered values that carry the token too
========= =========================================================================

Every write replaces every attribute in one call. All of the record is under one name, ``d``,
because ``Replace`` drops all old values of a name: nothing is left behind of a longer record.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from .names import is_cut, name_values, to_item_name

#: Developer Guide, "Limits".
_VALUES_OF_AN_ITEM: Final = 256
_ITEMS_OF_A_BATCH: Final = 25
#: 1 MB, in its smaller reading, less the fields that every request has.
_BYTES_OF_A_BATCH: Final = 1_000_000 - 2_000

_NUMBER = 3
_TAG = 8
#: 759 bytes in Base64; with number and tag, 1,023 of the 1,024 bytes that a value may have.
_CHUNK = 1012
#: All but f, v, x and the two of the longest name.
_CHUNKS = _VALUES_OF_AN_ITEM - 5

#: The longest record that one item holds.
RECORD_BYTES: Final = _CHUNKS * _CHUNK // 4 * 3

FORMAT: Final = "1"
NEVER: Final = "never"
#: Of those with ten digits, in the year 2286.
_LAST_SECOND: Final = 9_999_999_999.0


class Found(NamedTuple):
    """A cell as it was read: its record, and its version, None where the item is damaged."""

    record: bytes
    version: str | None


class Item(NamedTuple):
    """A cell as it is written: the item's name, its new version and all its attributes."""

    name: str
    version: str
    attributes: list[dict[str, Any]]

    @classmethod
    def of(cls, cell: str, record: bytes, expires: float | None) -> Item:
        name = to_item_name(cell)
        # URL-safe, because a request is a form, in which "+", "/" and "=" take three bytes each.
        text = base64.urlsafe_b64encode(record).rstrip(b"=").decode()
        chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)] or [""]
        token = secrets.token_urlsafe(12)
        version = f"{len(chunks):0{_NUMBER}}{token}"
        pairs = [("f", FORMAT), ("v", version), ("x", expiry_text(expires))]
        if is_cut(name):
            pairs += [("n", value) for value in name_values(cell)]
        pairs += [
            ("d", f"{number:0{_NUMBER}}{token[:_TAG]}{chunk}")
            for number, chunk in enumerate(chunks)
        ]
        attributes = [{"Name": name, "Value": value, "Replace": True} for name, value in pairs]
        return cls(name, version, attributes)

    @property
    def size(self) -> int:
        """No fewer than the bytes that it takes in the form of a batch."""
        values = sum(len(pair["Value"]) for pair in self.attributes)
        return 100 + 3 * len(self.name) + 120 * len(self.attributes) + values


def expiry_text(expires: float | None) -> str:
    """Return a time as ten digits of seconds and seven below: floats of our time have no more."""
    return NEVER if expires is None else f"{min(max(expires, 0.0), _LAST_SECOND):018.7f}"


def read_attributes(attributes: Iterable[Mapping[str, str]]) -> Found | None:
    """Return what an item's attributes say, None when it has none.

    The record of a damaged item is empty, which no record is: whoever reads it will be told.
    """
    found: dict[str, list[str]] = {}
    for pair in attributes:
        found.setdefault(pair["Name"], []).append(pair["Value"])
    if not found:
        return None
    versions = found.get("v", [])
    if len(versions) != 1:
        return Found(b"", None)
    (version,) = versions
    return Found(_join(version, found.get("d", [])), version)


def _join(version: str, values: list[str]) -> bytes:
    tag = version[_NUMBER : _NUMBER + _TAG]
    # In order, as they were not sent: the service has sets of values.
    own = sorted(value for value in values if value[_NUMBER : _NUMBER + _TAG] == tag)
    numbers = [value[:_NUMBER] for value in own]
    if numbers != [f"{number:0{_NUMBER}}" for number in range(len(own))]:
        return b""
    if version[:_NUMBER] != f"{len(own):0{_NUMBER}}":
        return b""
    text = "".join(value[_NUMBER + _TAG :] for value in own)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def batches(items: Iterable[Item]) -> Iterator[list[dict[str, Any]]]:
    """Divide items into what one BatchPutAttributes takes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for item in items:
        if len(batch) == _ITEMS_OF_A_BATCH or (batch and size + item.size > _BYTES_OF_A_BATCH):
            yield batch
            batch, size = [], 0
        batch.append({"Name": item.name, "Attributes": item.attributes})
        size += item.size
    if batch:
        yield batch


def delete_batches(names: list[str]) -> Iterator[list[dict[str, str]]]:
    """Divide names of items into what one BatchDeleteAttributes takes."""
    for at in range(0, len(names), _ITEMS_OF_A_BATCH):
        yield [{"Name": name} for name in names[at : at + _ITEMS_OF_A_BATCH]]
