"""How a cell's name becomes a Datastore key name, and a prefix a range of key names.

The cell ``shop:greeting`` is the key name ``shop:greeting``; ``__shop:greeting`` is
``~__shop:greeting``.

Names stay readable in Google's console, and whatever starts with a prefix still does when both
are encoded.
"""

from __future__ import annotations

#: Datastore keeps names like ``__x__`` to itself, so no name begins with "_" as it is.
_ESCAPE = "~"


def to_key_name(cell: str) -> str:
    """Return the key name of a cell, or of a prefix of cells' names."""
    return _ESCAPE + cell if cell.startswith(("_", _ESCAPE)) else cell


def to_cell(key_name: str) -> str:
    """Return the cell of a key name."""
    return key_name.removeprefix(_ESCAPE)


def end_of_range(prefix: str) -> str | None:
    """Return a key name after every one that starts with `prefix`; None when there is none.

    Datastore orders names by their UTF-8 and its emulator by their UTF-16 (seen), and the answer
    holds in both. So a few names before it may not start with `prefix`: the caller leaves them
    out.
    """
    # The successor of U+FFFF is four bytes in UTF-8, and surrogates in UTF-16, which come before
    # it; U+10FFFF has none.
    kept = prefix.rstrip("\uffff\U0010ffff")
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
