"""Django's own caches, by their alias in ``CACHES``."""

from __future__ import annotations

import copy
from typing import Any

from django.core.cache import caches
from django.core.management import call_command
from django.db import connections

from ..contestant import KeyValue


class DjangoCache(KeyValue):
    """One cache as Django configures it, but that it drops nothing to make room."""

    def __init__(self, name: str, alias: str, *, note: str = "") -> None:
        self.name = name
        self.distribution = "django-redis" if name == "django-redis" else "Django"
        self.note = note
        self._alias = alias

    def open(self) -> None:
        self._bind()

    def of_thread(self) -> DjangoCache:
        # Each thread has a cache of its own by the same alias.
        member = copy.copy(self)
        member._bind()
        return member

    def _bind(self) -> None:
        cache = self._cache = caches[self._alias]
        self.bind(get=cache.get, set=cache.set, delete=cache.delete, add=cache.add)
        self.bind(get_many=cache.get_many, set_many=cache.set_many, delete_many=cache.delete_many)
        self.bind(clear=cache.clear)

    def incr(self, key: str) -> Any:
        try:
            return self._cache.incr(key)
        except ValueError:
            # Its incr wants a number to be there.
            self._cache.set(key, 1)
            return 1

    def close(self) -> None:
        self._cache.close()

    def close_thread(self) -> None:
        caches[self._alias].close()
        connections.close_all()


class DatabaseCache(DjangoCache):
    """The cache in a table, which is made here."""

    def __init__(self, alias: str = "database") -> None:
        super().__init__("DatabaseCache", alias, note="with pickle and base64")

    def open(self) -> None:
        for database in connections:
            call_command("createcachetable", database=database, verbosity=0)
        super().open()


def cache_settings(backend: str, location: str = "", **options: Any) -> dict[str, Any]:
    """Return an entry of ``CACHES`` whose entries stay until they are deleted."""
    return {
        "BACKEND": f"django.core.cache.backends.{backend}",
        "LOCATION": location,
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 100_000_000, **options},
    }
