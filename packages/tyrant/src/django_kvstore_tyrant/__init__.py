"""Stores on Tokyo Tyrant: ``KEY_VALUE_STORE_BACKEND = "tyrant://127.0.0.1:1978"``.

The engine's client is this package's own; it speaks the binary protocol and needs nothing else.
"""

from __future__ import annotations

from django_kvstore.backend import Backend
from django_kvstore.plugins import hookimpl

from .backend import TyrantBackend

__all__ = ["TyrantBackend"]


@hookimpl
def kvstore_backend() -> type[Backend]:
    return TyrantBackend
