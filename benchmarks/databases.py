"""Django's settings for a group on a database: an alias for each contestant that uses one.

``stage.configure(**database_settings(entry))``

Ours is ``default``. The others have connections, and on SQLite files, of their own, so that nobody
pays for what another has written.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from .contestants.django_cache import cache_settings

ALIASES = ("default", "cache", "orm", "constance")


class Router:
    """Sends each peer's models to the alias of its own."""

    _places = {"django_cache": "cache", "benchmarks": "orm", "constance": "constance"}

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return self._places.get(model._meta.app_label)

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        place = self._places.get(app_label)
        return None if place is None else db == place


def database_settings(*entries: dict[str, Any]) -> dict[str, Any]:
    """Return the settings, with one entry for all aliases or one for each."""
    given = entries if len(entries) == len(ALIASES) else entries * len(ALIASES)
    return {
        "DATABASES": {alias: deepcopy(entry) for alias, entry in zip(ALIASES, given, strict=True)},
        "DATABASE_ROUTERS": ["benchmarks.databases.Router"],
        "CACHES": {
            "default": cache_settings("dummy.DummyCache"),
            "database": cache_settings("db.DatabaseCache", "benchmark_cache"),
        },
        # Routers are the peers', who want several databases: few applications have one.
        "KEY_VALUE_STORES": {"default": "db://kvstore?using=default"},
        "INSTALLED_APPS": ["django_kvstore", "constance"],
        "CONSTANCE_BACKEND": "constance.backends.database.DatabaseBackend",
        "CONSTANCE_CONFIG": {},
    }


def sqlite_entry(path: Path, pragmas: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": pragmas},
    }
