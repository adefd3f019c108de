"""The sizes and the characters that SimpleDB accepts, and the knobs that tests turn.

``check_text("Name", name)`` raises the error the service answers for a name it refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .error import ServiceError, invalid

# Developer Guide, "Limits".
TEXT_BYTES = 1024
PAIRS_PER_ITEM = 256
PAIRS_PER_CALL = 256
ITEMS_PER_BATCH = 25
ITEMS_PER_PAGE = 2500
DEFAULT_ITEMS_PER_PAGE = 100
SELECTED_ATTRIBUTES = 256
COMPARISONS = 20
# "1 MB" could be 2**20; the smaller reading is the one that no client gets wrong.
MEGABYTE = 1_000_000

DOMAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")

# Developer Guide, "Working with XML-Restricted Characters": NUL, what XML 1.1 restricts, and
# what Unicode leaves undefined for ever.
RESTRICTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17)
    )
    + "]"
)


@dataclass
class Failure:
    """What the next requests get instead of an answer."""

    remaining: int
    code: str
    operation: str = ""
    applied: bool = False


@dataclass
class Knobs:
    """Everything a test can change while the server runs; the defaults are the strict service."""

    lag: bool = True
    """Reads that do not ask for consistency do not see an item's last write."""

    encode_restricted: bool = False
    """Store characters that XML restricts and answer them in Base64, as the guide describes.

    Off, they are refused: botocore drops the mark of the encoding, so its callers cannot tell.
    """

    credentials: dict[str, str] = field(default_factory=dict)
    """Access keys and their secrets; while it is empty, any signature will do."""

    page_items: int = 0
    """At most so many items, or counted items, a Select page; 0 is no limit of its own."""

    scan_items: int = 0
    """A Select looks at so many items before its time is up, matching or not; 0 is all."""

    select_seconds: float = 5.0
    """After so long a Select answers with what it has; below 0, after every single item."""

    empty_pages: int = 0
    """So many pages without items, but with a NextToken, before every page of a Select."""

    delay: float = 0.0
    """Seconds that every request waits before it is looked at."""

    dwell: float = 0.0
    """Seconds between a put's condition and its effect, where nothing else may come between."""

    domains: int = 250
    domain_pairs: int = 1_000_000_000
    domain_bytes: int = 10 * 2**30


def check_text(parameter: str, text: str, knobs: Knobs, *, empty: bool = False) -> None:
    """Refuse an item name, attribute name or value that the service would refuse."""
    if not text and not empty:
        raise invalid(parameter, text, "The empty string is not allowed here.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise invalid(parameter, ascii(text), "It is not valid UTF-8.") from None
    if size > TEXT_BYTES:
        reason = f"It has {size} bytes and exceeds the maximum length of {TEXT_BYTES}."
        raise invalid(parameter, f"{text[:20]}...", reason)
    if not knobs.encode_restricted and RESTRICTED.search(text):
        raise invalid(parameter, ascii(text[:20]), "It has a character that XML does not allow.")


def check_domain_name(name: str) -> None:
    if not DOMAIN_NAME.fullmatch(name):
        reason = "It has 3 to 255 letters, digits, underscores, hyphens and periods."
        raise ServiceError(
            "InvalidParameterValue", f"Value ({name}) for DomainName is invalid. {reason}"
        )
