"""How a cell's name becomes the name of a SimpleDB item, and a prefix a range of item names.

``to_item_name("shop:crème")`` is ``"shop:cr=C3=A8me"``.

An item's name has 1,024 bytes at most, and not every character survives the service's XML. So
letters, digits and a few signs stay as they are, and every other byte of UTF-8 is ``=`` and two
hexadecimal digits: whatever starts with a prefix still does when both are encoded. A name that
becomes too long is cut and ends in a digest; the item then has the cell's name as an attribute.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

#: Developer Guide, "Limits".
MAX_BYTES: Final = 1024

#: Comes after every character that an encoded name has, and marks a digest.
_LAST: Final = "~"
#: How much of a name that is too long stands before its digest, of 64 hexadecimal digits.
KEPT: Final = MAX_BYTES - len(_LAST) - 64

_PLAIN = re.compile(r"[A-Za-z0-9!()*,\-./:;@_]*", re.ASCII)
_CODES = [
    chr(byte) if byte < 128 and _PLAIN.fullmatch(chr(byte)) else f"={byte:02X}"
    for byte in range(256)
]

#: An attribute's value begins with one digit, its number among those of the name.
_CHUNK = MAX_BYTES - 1


def to_item_name(cell: str) -> str:
    """Return the name of the item that is the cell."""
    encoded = _encode(cell)
    if len(encoded) <= MAX_BYTES:
        return encoded
    return encoded[:KEPT] + _LAST + sha256(cell.encode()).hexdigest()


def is_cut(item_name: str) -> bool:
    """Say whether an item's name does not hold all of the cell's."""
    return _LAST in item_name


def name_values(cell: str) -> list[str]:
    """Return the cell's name as the values of an attribute, for an item whose own name is cut."""
    text = base64.urlsafe_b64encode(cell.encode()).decode()
    return [f"{at // _CHUNK}{text[at : at + _CHUNK]}" for at in range(0, len(text), _CHUNK)]


def to_cell(item_name: str, values: Iterable[str]) -> str | None:
    """Return the cell of an item by its name and, if that is cut, the attribute's values.

    Returns None for an item that is no cell: somebody else's in the same domain.
    """
    try:
        if is_cut(item_name):
            cell = base64.urlsafe_b64decode("".join(v[1:] for v in sorted(values))).decode()
        elif "=" in item_name:
            cell = re.sub("=(..)", lambda code: chr(int(code[1], 16)), item_name)
            cell = cell.encode("latin-1").decode()
        else:
            cell = item_name
    except (binascii.Error, ValueError):
        return None
    return cell if to_item_name(cell) == item_name else None


def range_of(prefix: str) -> tuple[str, str]:
    """Return what the item names of a prefix's cells are not less than, and what they are below.

    Where the encoded prefix is longer than `KEPT`, others may be in that range too.
    """
    kept = _encode(prefix)[:KEPT]
    return kept, kept + _LAST * 2


def is_exact(prefix: str) -> bool:
    """Say whether nothing but cells of the prefix is in its range."""
    return len(_encode(prefix)) <= KEPT


def _encode(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_CODES[byte] for byte in text.encode())
