"""Backends of django-kvstore 1.0: a dotted path to a module with ``StorageClass(host, params)``.

``KEY_VALUE_STORE_BACKEND = "myproject.storage://host?name=value"``

The old class keeps and returns whole values by ``get``, ``set`` and ``delete``; here those values
are the records' bytes. Whatever else the new contract knows is declared away.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from .backend import Backend
from .errors import CorruptValue
from .url import StoreURL


class LegacyBackend(Backend):
    """Makes a backend of an old ``StorageClass``."""

    scheme = "legacy"

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        __traceback_hide__ = True  # see `redaction`
        super().__init__(alias, url, params)
        try:
            storage_class = import_module(url.scheme).StorageClass
        except (ImportError, AttributeError) as error:
            raise ImproperlyConfigured(
                f"The store '{alias}' names the module '{url.scheme}', which does not offer a "
                f"StorageClass ({error}). Correct the path before '://'."
            ) from error
        self._storage = storage_class(url.location, params)

    def get(self, key: str) -> bytes | None:
        record = self._storage.get(key)
        if record is None or isinstance(record, bytes):
            return record
        raise self.error(
            CorruptValue,
            f"its StorageClass answered a {type(record).__name__} where bytes were stored.",
            hint="An old storage must return the very bytes it was given.",
        )

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._storage.set(key, record)

    def delete(self, key: str) -> bool:
        # The old delete() answered nothing.
        existed = self._storage.get(key) is not None
        self._storage.delete(key)
        return existed

    def close(self) -> None:
        if hasattr(self._storage, "close"):
            self._storage.close()
