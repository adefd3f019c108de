"""The conditions of a Select: tests of one attribute's values, and sets of items built of them.

``both(Test("year", lambda year: year > "1975"), Test("year", lambda year: year < "2008"))``
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .domain import Item
from .error import ServiceError

ITEM_NAME = None
"""Stands for itemName() where an attribute's name may stand."""


@dataclass(frozen=True)
class Test:
    """A predicate: all that is asked of the values of one attribute, value by value.

    Developer Guide, "Queries on Attributes with Multiple Values": an item is selected when one
    value passes the whole predicate, so ``k = 'a' and k = 'b'`` selects nothing. ``every()``
    asks the same of all values.
    """

    # pytest would take a class of this name for a collection of tests.
    __test__ = False

    attribute: str | None
    passes: Callable[[str], bool]
    every: bool = False

    def selects(self, name: str, item: Item) -> bool:
        if self.attribute is ITEM_NAME:
            return self.passes(name)
        values = item.get(self.attribute, frozenset())
        if self.every:
            return bool(values) and all(map(self.passes, values))
        return any(map(self.passes, values))

    def goes_with(self, other: Test) -> bool:
        """True when the two, joined, are still one predicate."""
        return (self.attribute, self.every) == (other.attribute, other.every)


@dataclass(frozen=True)
class Items:
    """A set of items that is no longer about the values of a single attribute."""

    selects: Callable[[str, Item], bool]


Condition = Test | Items


def both(left: Condition, right: Condition) -> Condition:
    """``and``: within one attribute's predicate by value, otherwise by item."""
    if isinstance(left, Test) and isinstance(right, Test) and left.goes_with(right):
        first, second = left.passes, right.passes
        return Test(left.attribute, lambda value: first(value) and second(value), left.every)
    return intersection(left, right)


def either(left: Condition, right: Condition) -> Condition:
    """``or``: within one attribute's predicate by value, otherwise by item."""
    if isinstance(left, Test) and isinstance(right, Test) and left.goes_with(right):
        first, second = left.passes, right.passes
        return Test(left.attribute, lambda value: first(value) or second(value), left.every)
    return Items(lambda name, item: left.selects(name, item) or right.selects(name, item))


def intersection(left: Condition, right: Condition) -> Condition:
    """``intersection``: always by item (Developer Guide, "Multiple Attribute Queries")."""
    return Items(lambda name, item: left.selects(name, item) and right.selects(name, item))


def complement(condition: Condition) -> Condition:
    """``not``: every item that the condition does not select."""
    return Items(lambda name, item: not condition.selects(name, item))


def like(pattern: str) -> Callable[[str], bool]:
    """The test of ``like``: a percent sign at the start, at the end or at both, none inside.

    Developer Guide, "Comparison Operators": ``\\%`` is a percent sign and no wildcard.
    """
    parts = [part.replace("\\%", "%") for part in re.split(r"(?<!\\)%", pattern)]
    starts, ends = parts[0], parts[-1]
    if len(parts) == 1:
        return lambda value: value == starts
    if len(parts) == 2 and not ends:
        return lambda value: value.startswith(starts)
    if len(parts) == 2 and not starts:
        return lambda value: value.endswith(ends)
    if len(parts) == 3 and not starts and not ends:
        inside = parts[1]
        return lambda value: inside in value
    raise ServiceError(
        "InvalidQueryExpression", "like takes a percent sign at the start or the end of its value."
    )
