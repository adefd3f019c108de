"""How a cell's name becomes a key that memcached takes, and no other cell's.

``prefix, tail = split("shop:greeting")``; the key is the prefix's generation, then the tail.

memcached takes up to 250 bytes without spaces and control characters (its protocol.txt, "Keys");
a cell's name is up to 1,025 bytes of any UTF-8. A generation is `TOKEN_BYTES` characters long,
and the one after it tells two kinds of keys apart:

- ``=`` and the name itself, where that is printable ASCII and short enough. Two names differ, so
  these keys do;
- ``#`` and the SHA-256 of the name, for every other. Two such names with one key would be a
  collision of SHA-256.

The whole name is in the key, its namespace included, so all this holds whatever the generations
are. A generation is kept under a key of its own that begins with ``~``, as no generation does.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from typing import Final

#: The longest key that memcached takes.
MAX_BYTES: Final = 250

#: The length of a generation: 96 random bits in URL-safe base64.
TOKEN_BYTES: Final = 16

_LONGEST_NAME: Final = MAX_BYTES - TOKEN_BYTES - 1

#: A namespace and the mark that ends it, as `django_kvstore.keys` has them.
_PREFIX = re.compile(r"[A-Za-z0-9_.\-/]{0,200}[:;!]", re.ASCII)


def split(name: str, expected: str = "") -> tuple[str, bytes]:
    """Return the prefix that a clearing of the cell names, and the key but for its generation.

    `expected` is a prefix that the name probably has, such as the one before had.
    """
    prefix = expected
    if not (prefix and name.startswith(prefix)):
        found = _PREFIX.match(name)
        prefix = found[0] if found else ""
    if len(name) <= _LONGEST_NAME and _is_plain(name):
        return prefix, b"=" + name.encode()
    return prefix, b"#" + urlsafe_b64encode(sha256(name.encode()).digest()).rstrip(b"=")


def split_all(names: Collection[str]) -> Iterator[tuple[str, Sequence[str], Sequence[bytes]]]:
    """Yield each prefix with its names and, in the same order, their keys but for the generation.

    As a rule there is one prefix, and all names are plain: then they are not looked at singly.
    """
    prefix, _ = split(next(iter(names), ""))
    if (
        prefix
        and max(map(len, names)) <= _LONGEST_NAME
        # What stands in order between two texts that begin alike begins so, too.
        and min(names).startswith(prefix)
        and max(names).startswith(prefix)
        and _is_plain("".join(names))
    ):
        yield prefix, list(names), ("=" + " =".join(names)).encode().split(b" ")
        return
    parts: dict[str, tuple[list[str], list[bytes]]] = {}
    for name in names:
        prefix, tail = split(name, prefix)
        some, tails = parts.setdefault(prefix, ([], []))
        some.append(name)
        tails.append(tail)
    for prefix, (some, tails) in parts.items():
        yield prefix, some, tails


def _is_plain(text: str) -> bool:
    # Of ASCII, what is printable is just what memcached takes, and the space.
    return text.isascii() and text.isprintable() and " " not in text


def is_whole_prefix(prefix: str) -> bool:
    """Say whether `prefix` is a namespace with its mark, and so has a generation of its own."""
    return _PREFIX.fullmatch(prefix) is not None


def generation_key(prefix: str) -> bytes:
    """Return the key under which the generation of `prefix` is kept."""
    return b"~kvstore~" + prefix.encode("ascii")
