"""The backend ``locmem``: entries in this process's memory.

``KEY_VALUE_STORE_BACKEND = "locmem://"``
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import LocMemBackend

__all__ = ["LocMemBackend", "kvstore_backend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    """Return the backend's class."""
    return LocMemBackend
