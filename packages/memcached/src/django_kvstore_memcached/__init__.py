"""The backend ``memcached``: entries on one memcached server or several.

``KEY_VALUE_STORE_BACKEND = "memcached://10.0.0.1:11211;10.0.0.2:11211?timeout=1"``
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import MemcachedBackend

__all__ = ["MemcachedBackend", "kvstore_backend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    """Return the backend's class."""
    return MemcachedBackend
