"""A store whose larger values are in parts, as on an engine with small cells.

``store = in_parts("typed")``
"""

from __future__ import annotations

from django_kvstore import Store
from django_kvstore.options import StoreOptions
from django_kvstore.url import StoreURL
from django_kvstore_locmem import LocMemBackend


class SmallCells(LocMemBackend):
    """Its cells hold two kilobytes, so most values are in parts."""

    cell_bytes = 2048


def in_parts(serializer: str) -> Store:
    """Return an empty store whose values are in parts."""
    backend = SmallCells("parts", StoreURL.parse(f"locmem://parts-{serializer}"), {})
    store = Store(backend, StoreOptions(serializer=serializer))
    store.clear()
    return store
