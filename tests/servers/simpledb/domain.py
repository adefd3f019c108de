"""The data of the SimpleDB stand-in: domains of items of multi-valued attributes, and conditions.

``Domain("shop").put({"book": [Put("title", "Mort", True)]}, Expected("lock", None), knobs)``
"""

from __future__ import annotations

import bisect
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .error import ServiceError
from .limits import PAIRS_PER_ITEM, Knobs

# An item is never changed in place: a write makes a new one, so a reader may keep what it got.
Item = Mapping[str, frozenset[str]]

NOTHING: Item = {}


class Put(NamedTuple):
    """One attribute of a put; ``replace`` drops the name's other values first."""

    name: str
    value: str
    replace: bool = False


class Expected(NamedTuple):
    """A condition on one attribute: it has this single value, or, with None, does not exist."""

    name: str
    value: str | None

    def check(self, item: Item) -> None:
        """Developer Guide, "Conditionally Putting and Deleting Data"."""
        found = item.get(self.name)
        failed = f"Conditional check failed. Attribute ({self.name})"
        if self.value is None:
            if found:
                raise ServiceError("ConditionalCheckFailed", f"{failed} value exists.")
        elif not found:
            raise ServiceError("AttributeDoesNotExist", f"Attribute ({self.name}) does not exist.")
        elif len(found) > 1:
            raise ServiceError("MultiValuedAttribute", f"{failed} has more than one value.")
        elif found != {self.value}:
            (value,) = found
            raise ServiceError(
                "ConditionalCheckFailed",
                f"{failed} value is ({value}) but was expected ({self.value}).",
            )


def scatter(text: str) -> int:
    """A place in an order that means nothing, for the answers that promise no order."""
    return zlib.crc32(text.encode())


def pairs(item: Item) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, values in item.items() for value in values)


class Domain:
    """One domain. The caller holds the account's lock around every call."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: dict[str, Item] = {}
        # What a replica that lags behind still has: each item as it was before its last write.
        self.before: dict[str, Item] = {}
        # The names of both, for Select: in byte order, which Python's order of code points is,
        # and scattered, because a Select without "order by" promises no order.
        self.by_name: list[str] = []
        self.by_scatter: list[tuple[int, str]] = []
        self.pair_count = 0
        self.byte_count = 0

    def get(self, name: str, *, consistent: bool) -> Item:
        """The item, or what a replica that lags behind has of it; empty when there is none."""
        if not consistent and name in self.before:
            return self.before[name]
        return self.items.get(name, NOTHING)

    def put(
        self, puts: Mapping[str, Sequence[Put]], expected: Expected | None, knobs: Knobs
    ) -> dict[str, Item]:
        """Put into one item or several, all or none, and return what the items became."""
        after: dict[str, Item] = {}
        for name, attributes in puts.items():
            item = self.items.get(name, NOTHING)
            if expected:
                expected.check(item)
            replaced = {put.name for put in attributes if put.replace}
            made = {key: set(values) for key, values in item.items() if key not in replaced}
            for put in attributes:
                made.setdefault(put.name, set()).add(put.value)
            if sum(map(len, made.values())) > PAIRS_PER_ITEM:
                raise ServiceError("NumberItemAttributesExceeded")
            after[name] = {key: frozenset(values) for key, values in made.items()}
        time.sleep(knobs.dwell)
        added_pairs, added_bytes = self._growth(after)
        if added_pairs > 0 and self.pair_count + added_pairs > knobs.domain_pairs:
            raise ServiceError("NumberDomainAttributesExceeded")
        if added_bytes > 0 and self.byte_count + added_bytes > knobs.domain_bytes:
            raise ServiceError("NumberDomainBytesExceeded")
        self.store(after)
        return after

    def delete(
        self,
        deletes: Mapping[str, Sequence[tuple[str, str | None]]],
        expected: Expected | None,
    ) -> dict[str, Item]:
        """Delete attributes, or values of them, or, when none are named, whole items."""
        after: dict[str, Item] = {}
        for name, attributes in deletes.items():
            item = self.items.get(name, NOTHING)
            if expected:
                expected.check(item)
            left = {key: set(values) for key, values in item.items()} if attributes else {}
            for key, value in attributes:
                if value is None:
                    left.pop(key, None)
                elif key in left:
                    left[key].discard(value)
            after[name] = {key: frozenset(values) for key, values in left.items() if values}
        self.store(after)
        return after

    def store(self, after: Mapping[str, Item]) -> None:
        """Make these the items. An item without attributes is no item."""
        grown_pairs, grown_bytes = self._growth(after)
        self.pair_count += grown_pairs
        self.byte_count += grown_bytes
        for name, item in after.items():
            known = name in self.items or name in self.before
            self.before[name] = self.items.get(name, NOTHING)
            if item:
                self.items[name] = item
            else:
                self.items.pop(name, None)
            if not self.before[name] and not item:
                del self.before[name]
                if known:
                    self._forget(name)
            elif not known:
                bisect.insort(self.by_name, name)
                bisect.insort(self.by_scatter, (scatter(name), name))

    def settle(self) -> None:
        """Let the lagging replica catch up."""
        gone = [name for name in self.before if name not in self.items]
        self.before.clear()
        for name in gone:
            self._forget(name)

    def metadata(self, *, consistent: bool) -> dict[str, int]:
        """The counts and sizes of DomainMetadata."""
        names = [name for name in self.by_name if self.get(name, consistent=consistent)]
        items = [self.get(name, consistent=consistent) for name in names]
        attributes = {attribute for item in items for attribute in item}
        values = [value for item in items for _, value in pairs(item)]
        return {
            "ItemCount": len(names),
            "ItemNamesSizeBytes": sum(len(name.encode()) for name in names),
            "AttributeNameCount": len(attributes),
            "AttributeNamesSizeBytes": sum(len(name.encode()) for name in attributes),
            "AttributeValueCount": len(values),
            "AttributeValuesSizeBytes": sum(len(value.encode()) for value in values),
        }

    def _growth(self, after: Mapping[str, Item]) -> tuple[int, int]:
        count = size = 0
        for name, item in after.items():
            for sign, state in ((1, item), (-1, self.items.get(name, NOTHING))):
                if state:
                    size += sign * len(name.encode())
                for key, value in pairs(state):
                    count += sign
                    size += sign * (len(key.encode()) + len(value.encode()))
        return count, size

    def _forget(self, name: str) -> None:
        del self.by_name[bisect.bisect_left(self.by_name, name)]
        del self.by_scatter[bisect.bisect_left(self.by_scatter, (scatter(name), name))]
