"""A small, exact key-value interface for Django; a URL in the settings chooses the engine.

``from django_kvstore import kvstore, kvstores, models``

Importing this opens nothing and imports no engine.
"""

from __future__ import annotations

from .backend import Backend, KeyPage, Page, Write
from .errors import (
    Conflict,
    CorruptValue,
    InvalidKey,
    InvalidValue,
    KVStoreError,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
    ValueTooLarge,
)
from .options import DEFAULT_TTL, MISSING
from .params import Param
from .serializers import Serializer
from .store import Store
from .stores import get_kvstore, kvstore, kvstores
from .url import StoreURL

# Written here too, because importlib.metadata takes longer to import than all of the above.
__version__ = "2.0.0.dev0"

__all__ = [
    "DEFAULT_TTL",
    "MISSING",
    "Backend",
    "Conflict",
    "CorruptValue",
    "InvalidKey",
    "InvalidValue",
    "KVStoreError",
    "KeyPage",
    "NotSupported",
    "OutcomeUnknown",
    "Page",
    "Param",
    "Refused",
    "Serializer",
    "Store",
    "StoreURL",
    "Timeout",
    "Unavailable",
    "ValueTooLarge",
    "Write",
    "__version__",
    "get_kvstore",
    "kvstore",
    "kvstores",
]
