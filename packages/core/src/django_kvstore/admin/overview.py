"""What a store is and how it is, for the page that lists them."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from django_kvstore.backend import Backend
from django_kvstore.errors import KVStoreError
from django_kvstore.stores import kvstores

FLAGS: Final = ("atomic", "iterable", "clearable", "durable", "shared", "transactional")


def overview(alias: str) -> dict[str, Any]:
    """Return the alias, scheme, redacted URL, abilities, latency and problem of a store."""
    told: dict[str, Any] = {"alias": alias, "problem": "", "count": None, "milliseconds": None}
    try:
        store = kvstores[alias]
        backend = store.backend
        secrets = [param.name for param in backend.params if param.secret]
        told |= {
            "scheme": backend.scheme,
            "address": backend.url.redacted(secrets),
            "abilities": [(flag, getattr(backend, flag)) for flag in FLAGS],
        }
        told["milliseconds"] = store.ping() * 1000
        # Where counting is one request; elsewhere it would be a walk.
        if backend.iterable and type(backend).count is not Backend.count:
            told["count"] = store.count()
    except (KVStoreError, ImproperlyConfigured) as error:
        told["problem"] = str(error)
    return told
