"""Comparing two stores: every entry of the one is in the other, with its type and expiry."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

from django_kvstore.entries import Entry
from django_kvstore.models.fields import IMMUTABLE
from django_kvstore.store import Store

from .failures import Failures
from .pages import pages
from .progress import Progress

_TEXT: Final = frozenset({str})
#: Types of which what is equal is the same.
_TELLING: Final = frozenset({str, bytes, int, bool})


def verify(
    source: Store, target: Store, prefix: str, failures: Failures, progress: Progress
) -> None:
    """Note every entry of `source` that `target` does not have just so."""
    for entries, _cursor in pages(source, prefix, None):
        readable = [entry for entry in entries if entry.error is None]
        found = target.get_entries(entry.key for entry in readable)
        for entry in readable:
            problem = _difference(entry, found.get(entry.key))
            if problem is not None:
                failures.add(entry.key, problem)
        progress.advance(len(entries))


def _difference(entry: Entry, found: Entry | None) -> str | None:
    if found is None:
        return str(_("it is not in the other store"))
    if found.error is not None:
        return str(found.error)
    if not same(entry.value, found.value):
        return str(_("the value is another one in the other store"))
    if entry.expires != found.expires:
        return str(_("the expiry is another one in the other store"))
    return None


def same(one: Any, other: Any) -> bool:
    """Say whether the two are one value, of one type down to the innermost item."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) in _TELLING:
        return bool(one == other)
    if isinstance(one, dict):
        # Keys may be equal and of other types, so they are compared as a set's items are.
        names = _TEXT.issuperset(map(type, [*one, *other]))
        keys_alike = one.keys() == other.keys() if names else _marks(one) == _marks(other)
        return keys_alike and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (set, frozenset)):
        return _marks(one) == _marks(other)
    if type(one) in IMMUTABLE:
        # What is equal may read differently: 1.0 and 1.00, noon here and the same time elsewhere.
        return repr(one) == repr(other)
    return bool(one == other) or _pickled_alike(one, other)


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
