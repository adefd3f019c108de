"""Unicode's named characters, from the standard library.

``named_characters()["SNOWMAN"]`` is the `Character` to store.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Final

from .models import Character

#: Their names are counted rather than given: a number, or the sounds of a syllable.
_COUNTED: Final = ("CJK UNIFIED IDEOGRAPH-", "HANGUL SYLLABLE ")

#: What the demo looks up; these come first, so that they are there with any limit.
FAVORITES: Final = (
    "SNOWMAN",
    "HOT BEVERAGE",
    "SNAIL",
    *(f"DIE FACE-{number}" for number in range(1, 7)),
)


def named_characters(limit: int | None = None) -> dict[str, Character]:
    """Return every character that was given a name, or the first `limit`, by name."""
    return {name: _character(name) for name in islice(_names(), limit)}


def _names() -> Iterator[str]:
    yield from FAVORITES
    for codepoint in range(sys.maxunicode + 1):
        name = unicodedata.name(chr(codepoint), None)
        if name is not None and not name.startswith(_COUNTED) and name not in FAVORITES:
            yield name


def _character(name: str) -> Character:
    character = unicodedata.lookup(name)
    return Character(
        name=name,
        character=character,
        codepoint=ord(character),
        category=unicodedata.category(character),
    )
