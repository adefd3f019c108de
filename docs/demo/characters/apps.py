"""The application's configuration: turns SQLite's write-ahead log on."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


class CharactersConfig(AppConfig):
    """The demo's own application."""

    name = "characters"

    def ready(self) -> None:
        connection_created.connect(write_ahead)


def write_ahead(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Let readers go on while somebody writes, and a commit cost no wait for the disk.

    From Django 5.1 on, ``OPTIONS = {"init_command": …}`` says the same.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
