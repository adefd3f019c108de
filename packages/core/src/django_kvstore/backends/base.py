"""The two names that a custom backend of django-kvstore 1.0 imports.

``from django_kvstore.backends.base import BaseStorage``

A new backend subclasses `django_kvstore.Backend` instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured


class InvalidKeyValueStoreBackendError(ImproperlyConfigured):
    """The settings of a custom backend of 1.0 are wrong; raised by such backends themselves."""


class BaseStorage:
    """The base class that 1.0 documented: `get`, `set` and `delete`, which a subclass overrides.

    `kvstore.get` and its like call them through the module's ``StorageClass``.
    """

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        """Accept the URL's parameters, as subclasses call it."""

    def get(self, key: str) -> Any:
        """Return what `set` was given, None where there is nothing."""
        raise NotImplementedError

    def set(self, key: str, value: Any) -> None:
        """Store the value."""
        raise NotImplementedError

    def delete(self, key: str) -> None:
        """Delete the value."""
        raise NotImplementedError

    def close(self, **kwargs: Any) -> None:
        """Close the connection; called at the end of each request."""
