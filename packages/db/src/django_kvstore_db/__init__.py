"""The engine ``db``: a table in one of the project's own databases, on Django's connection.

``KEY_VALUE_STORE_BACKEND = "db://kvstore"`` keeps the entries in the table ``kvstore``.
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import DBBackend

__all__ = ["DBBackend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    """Name the backend of the scheme ``db``."""
    return DBBackend
