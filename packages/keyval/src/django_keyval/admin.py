"""The names of KeyVal as filters of their store's page in the admin."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from django_kvstore import Store
from django_kvstore.admin.scopes import SOURCES, Scope

from .names import names


def name_scopes(store: Store) -> Iterable[Scope]:
    """Yield one for each name, on the store that KEYVAL_STORE says."""
    if store.alias == getattr(settings, "KEYVAL_STORE", "default") and store.backend.iterable:
        found = names()
        for name in sorted(found):
            yield Scope(f"keyval:{name}", f"KeyVal {name}", found.open(name))


SOURCES.append(name_scopes)
