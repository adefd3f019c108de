"""django-constance's backend in a database: it reads and writes settings, and deletes none."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.management import call_command

from ..contestant import KeyValue


class Constance(KeyValue):
    name = "django-constance"
    distribution = "django-constance"
    note = "with JSON; it never deletes"

    def __init__(self, database: str = "default") -> None:
        self._database = database

    def open(self) -> None:
        # They want Django's settings to be there.
        from constance.backends.database import DatabaseBackend
        from constance.models import Constance as Setting

        call_command("migrate", "constance", database=self._database, verbosity=0)
        backend = DatabaseBackend()
        self._settings = Setting._default_manager
        self.bind(get=backend.get, set=backend.set, get_many=backend.mget)

    def clear(self) -> None:
        self._settings.all().delete()

    def forget(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), 500):
            self._settings.filter(key__in=keys[start : start + 500]).delete()
