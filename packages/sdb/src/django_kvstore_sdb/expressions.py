"""The expressions that Select is given, each with its quoting and its range of item names.

``page("shop", "*", "shop:user/", after=None, limit=100)``

Ranges are said by comparisons, not by ``like``, in which ``%`` is no character of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .items import expiry_text
from .names import range_of

#: Developer Guide, "Limits": items of a page, and values that one predicate compares.
PAGE_ITEMS: Final = 2500
NAMES: Final = 20


def page(
    domain: str, output: str, prefix: str, *, after: str | None, limit: int, only: str = ""
) -> str:
    """Return the expression for the next items in the order of their names; `only` is a further
    condition. The order needs a condition on itemName(), and the range is one."""
    where = f"{_within(prefix, after)}{' and ' if only else ''}{only}"
    limit = min(limit, PAGE_ITEMS)
    return f"select {output} from `{domain}` where {where} order by itemName() limit {limit}"


def count(domain: str, prefix: str, only: str) -> str:
    """Return the expression that counts the items of a prefix."""
    return f"select count(*) from `{domain}` where {_within(prefix, None)} and {only}"


def named(domain: str, output: str, names: Iterable[str]) -> str:
    """Return the expression for those of up to `NAMES` items that are there."""
    values = ", ".join(map(quote, names))
    return f"select {output} from `{domain}` where itemName() in ({values})"


def alive(now: float) -> str:
    """Return the condition of items that have not expired."""
    return f"x > {quote(expiry_text(now))}"


def expired(now: float) -> str:
    """Return the condition of items that have."""
    return f"x <= {quote(expiry_text(now))}"


def quote(value: str) -> str:
    """Return a value as an expression has it (Developer Guide, "Select Quoting Rules")."""
    return "'" + value.replace("'", "''") + "'"


def _within(prefix: str, after: str | None) -> str:
    start, end = range_of(prefix)
    # Both ends are always said, so that a cursor from elsewhere widens nothing.
    bounds = [f"itemName() < {quote(end)}"]
    if start:
        bounds.append(f"itemName() >= {quote(start)}")
    if after is not None:
        bounds.append(f"itemName() > {quote(after)}")
    return " and ".join(bounds)
