"""Whether two values are the same in type, deep down, and not merely equal.

``assert difference(read, written) is None``
"""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any


def difference(read: Any, written: Any, where: str = "the value") -> str | None:
    """Say where `read` is not just what was `written`; None when it is."""
    if type(read) is not type(written):
        return f"{where} is {type(read).__name__} {read!r}, not {type(written).__name__}"
    if isinstance(written, dict):
        return _of_dicts(read, written, where)
    if isinstance(written, (list, tuple)):
        if len(read) != len(written):
            return f"{where} has {len(read)} items, not {len(written)}"
        pairs = enumerate(zip(read, written, strict=True))
        return _first(difference(a, b, f"{where}[{at}]") for at, (a, b) in pairs)
    if isinstance(written, (set, frozenset)):
        return _of_sets(read, written, where)
    return None if _same(read, written) else f"{where} is {read!r}, not {written!r}"


def _same(read: Any, written: Any) -> bool:
    if isinstance(written, (float, Decimal, datetime, time)):
        # Zeros have signs, decimals trailing digits, times folds and zones that equality does not
        # see, and what is no number equals nothing; repr() tells all of them.
        return repr(read) == repr(written)
    return bool(read == written)


def _of_dicts(read: dict[Any, Any], written: dict[Any, Any], where: str) -> str | None:
    # In order: a dict remembers it. NaN, which equals nothing, may be a key too.
    names = difference(list(read), list(written), f"the keys of {where}")
    if names is not None:
        return names
    pairs = zip(read.values(), written.items(), strict=True)
    return _first(difference(a, b, f"{where}[{name!r}]") for a, (name, b) in pairs)


def _of_sets(read: Any, written: Any, where: str) -> str | None:
    left = list(written)
    for item in read:
        match = next((at for at, other in enumerate(left) if not difference(item, other)), None)
        if match is None:
            return f"{where} holds {item!r}, which was not written"
        del left[match]
    return f"{where} lacks {left[0]!r}" if left else None


def _first(findings: Any) -> str | None:
    found: str | None = next(filter(None, findings), None)
    return found
