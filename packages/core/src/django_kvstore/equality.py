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
    """Say whether the two are one value, of one type down to the innermost item."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) in _TELLING:
        return bool(one == other)
    if isinstance(one, dict):
        return _dicts(one, other)
    if isinstance(one, (set, frozenset)):
        return _marks(one) == _marks(other)
    if type(one) in IMMUTABLE:
        # What is equal may read differently: 1.0 and 1.00, noon here and the same time elsewhere.
        return repr(one) == repr(other)
    return bool(one == other) or _pickled_alike(one, other)


def _dicts(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    if _TEXT.issuperset(map(type, [*one, *other])):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    # Keys may be equal and of other types, so they are compared as a set's items are.
    if _marks(one) != _marks(other):
        return False
    if one.keys() == other.keys():
        return all(same(one[key], other[key]) for key in one)
    # NaN is no key that can be asked for.
    return all(map(same, one.items(), other.items()))


def _marks(items: Iterable[Any]) -> Counter[Any]:
    return Counter(map(_mark, items))


def _mark(item: Any) -> Any:
    """Return what is equal for items that are the same, and for no others."""
    if isinstance(item, tuple):
        return type(item), tuple(map(_mark, item))
    if isinstance(item, frozenset):
        return type(item), frozenset(map(_mark, item))
    return type(item), repr(item) if type(item) in IMMUTABLE else item


def _pickled_alike(one: Any, other: Any) -> bool:
    # An object that does not say what it is equal to; it came from a serializer for objects.
    try:
        return pickle.dumps(one, protocol=5) == pickle.dumps(other, protocol=5)
    except Exception:  # noqa: BLE001, an object may raise anything
        return False
