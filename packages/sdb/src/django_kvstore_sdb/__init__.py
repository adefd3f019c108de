"""The engine ``sdb``: Amazon SimpleDB, through boto3.

``KEY_VALUE_STORE_BACKEND = "sdb://domain?region=eu-west-1"``
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import SimpleDBBackend

__all__ = ["SimpleDBBackend", "kvstore_backend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    """Return the backend's class."""
    return SimpleDBBackend
