"""Whether two values are one value: equal, and of one type down to the innermost item.

``same([1], [True])`` is False, though Python has the two for equal.
"""

from __future__ import annotations

import datetime as dt
import decimal
import pickle
import uuid
from collections import Counter
from collections.abc import Iterable
from types import NoneType
from typing import Any, Final

#: Types of values that nothing can change: one can stand in several objects at once.
IMMUTABLE: Final = frozenset(
    {NoneType, bool, int, float, str, bytes, decimal.Decimal, uuid.UUID}
    | {dt.date, dt.datetime, dt.time, dt.timedelta}
)
_TEXT: Final = frozenset({str})
#: Types of which what is equal is the same.
_TELLING: Final = frozenset({str, bytes, int, bool})


def same(one: Any, other: Any) -> bool:
    """Say whether the two are one value, of one type down to the innermost item.

    No recursion: it works at any depth of the stack, however deeply the values are nested.
    """
    pairs = [(one, other)]
    #: Containers that are being compared already, for those that hold themselves.
    known: dict[tuple[int, int], tuple[Any, Any]] = {}
    while pairs:
        pair = one, other = pairs.pop()
        kind = type(one)
        if kind is not type(other):
            return False
        if kind in _TELLING:
            if one != other:
                return False
        elif kind in IMMUTABLE:
            # What is equal may read differently: 1.0 and 1.00, noon here and the same time there.
            if repr(one) != repr(other):
                return False
        elif isinstance(one, (list, tuple, dict)):
            if len(one) != len(other):
                return False
            if known.setdefault((id(one), id(other)), pair) is not pair:
                continue
            items = _items(one, other) if isinstance(one, dict) else zip(one, other, strict=True)
            if items is None:
                return False
            pairs.extend(items)
        elif isinstance(one, (set, frozenset)):
            if not _alike(one, other):
                return False
        elif not (one == other or _pickled_alike(one, other)):
            return False
    return True


def _items(one: dict[Any, Any], other: dict[Any, Any]) -> Iterable[tuple[Any, Any]] | None:
    """Return the pairs of values still to be compared; None where the keys differ."""
    if not _TEXT.issuperset(map(type, [*one, *other])) and not _alike(one, other):
        # Keys may be equal and of other types, so they are compared as a set's items are.
        return None
    if one.keys() == other.keys():
        return [(item, other[key]) for key, item in one.items()]
    if _TEXT.issuperset(map(type, one)):
        return None
    # NaN is not a key that can be asked for.
    return zip(one.items(), other.items(), strict=True)


def _alike(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Say whether there are the same items in both, in whatever order."""
    numbers: dict[Any, int] = {}
    return Counter(_number(item, numbers) for item in one) == Counter(
        _number(item, numbers) for item in other
    )


def _number(item: Any, numbers: dict[Any, int]) -> int:
    """Return a number that is equal for items that are the same, and for no others.

    Tuples and frozen sets are numbered after what they hold, by the numbers of that.
    """
    done: dict[int, int] = {}
    mark: Any
    waiting = [item]
    while waiting:
        here = waiting[-1]
        kind = type(here)
        if isinstance(here, (tuple, frozenset)):
            missing = [inner for inner in here if id(inner) not in done]
            if missing:
                waiting += missing
                continue
            inner = [done[id(inner)] for inner in here]
            mark = tuple(inner) if isinstance(here, tuple) else frozenset(Counter(inner).items())
        else:
            mark = repr(here) if kind in IMMUTABLE and kind not in _TELLING else here
        done[id(here)] = numbers.setdefault((kind, mark), len(numbers))
        waiting.pop()
    return done[id(item)]


def _pickled_alike(one: Any, other: Any) -> bool:
    # An object that does not say what it is equal to; it came from a serializer for objects.
    try:
        return pickle.dumps(one, protocol=5) == pickle.dumps(other, protocol=5)
    except Exception:  # noqa: BLE001, an object may raise anything
        return False
