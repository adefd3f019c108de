"""The backend ``folder``: entries in the files of a folder.

``KEY_VALUE_STORE_BACKEND = "folder:///var/lib/shop/entries"``
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import FolderBackend

__all__ = ["FolderBackend", "kvstore_backend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    """Return the backend's class."""
    return FolderBackend
