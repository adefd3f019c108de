"""The engine ``gae``: Google Cloud Datastore, through Google's own client.

``KEY_VALUE_STORE_BACKEND = "gae://project/namespace"``
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import DatastoreBackend

__all__ = ["DatastoreBackend", "kvstore_backend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    """Return the backend's class."""
    return DatastoreBackend
