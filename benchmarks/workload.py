"""The keys and values that every contestant of a group is given, the same for all.

``Workload(size=200, keys=10_000).some_keys(500)``

A value is a dict whose MessagePack is just as long as was asked. Values take turns, so that no
write leaves an entry as it was: SQLite skips a page that stays the same.
"""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import ormsgpack

#: Different values; they take turns.
VALUES = 211
COUNTERS = 100
#: Entries in one call of get_many, set_many and delete_many.
MANY = 100


class Workload:
    """What one contestant is asked; each has one of its own, made alike."""

    def __init__(self, size: int, keys: int) -> None:
        self.size = size
        self.keys = [f"user:{number:07}" for number in range(keys)]
        self.counters = [f"counter:{number:03}" for number in range(COUNTERS)]
        self.values = [document(size, number) for number in range(VALUES)]
        shuffled = random.Random(7).sample(self.keys, keys)
        self._keys = cycle(shuffled)
        self._misses = cycle([key.replace("user", "none") for key in shuffled])
        self._counters = cycle(self.counters)
        self._values = cycle(self.values)
        self._held: dict[str, Any] = {}
        self._fresh = 0

    def some_keys(self, number: int) -> list[str]:
        """Return the next keys that have an entry."""
        return list(islice(self._keys, number))

    def some_misses(self, number: int) -> list[str]:
        """Return keys of the same form that have none."""
        return list(islice(self._misses, number))

    def some_counters(self, number: int) -> list[str]:
        return list(islice(self._counters, number))

    def some_values(self, number: int) -> list[Any]:
        return list(islice(self._values, number))

    def fresh_keys(self, number: int) -> list[str]:
        """Return keys that were never used."""
        self._fresh += number
        # In no order, as the keys of a real application come.
        numbers = range(self._fresh - number, self._fresh)
        return [f"new:{n * 7919 % 10_000_019:08}" for n in numbers]

    def new_values(self, keys: Sequence[str]) -> list[Any]:
        """Return a value for each key, another one than it was given last."""
        return [self._new_value(key) for key in keys]

    def _new_value(self, key: str) -> Any:
        value = next(self._values)
        if value is self._held.get(key):
            value = next(self._values)
        self._held[key] = value
        return value

    def some_items(self, number: int) -> dict[str, Any]:
        """Return keys that have an entry, each with a new value."""
        keys = self.some_keys(number)
        return dict(zip(keys, self.new_values(keys), strict=True))

    def fresh_items(self, number: int) -> dict[str, Any]:
        return dict(zip(self.fresh_keys(number), self.some_values(number), strict=True))

    def entries(self, number: int | None = None) -> dict[str, Any]:
        """Return the entries that the store is filled with, or so many others for a bulk load."""
        keys = self.keys if number is None else [f"bulk:{n:07}" for n in range(number)]
        return dict(zip(keys, self.new_values(keys), strict=True))


def document(size: int, number: int) -> dict[str, Any]:
    """Return a dict that MessagePack writes in so many bytes, another for every number."""
    chance = random.Random(number)
    made = {
        "id": number,
        "name": f"Person {number:04}",
        "active": number % 3 == 0,
        "score": number / 7,
        "tags": ["a", "b", number % 10],
        "parent": None,
        "text": "",
    }
    # The head of the text itself grows with its length: one, two or three bytes.
    for length in range(size, 0, -1):
        made["text"] = "x" * length
        if len(ormsgpack.packb(made)) == size:
            made["text"] = "".join(chance.choices(string.ascii_letters + " ", k=length))
            return made
    raise ValueError(f"no document of {size} bytes: the smallest is larger")
