"""A small, exact key-value interface for Django; a URL in the settings chooses the engine.

``from django_kvstore import kvstore, kvstores, models``

Importing this opens nothing and imports no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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

    __version__: str

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


#: Where each of them is defined. It is imported when it is first asked for: pytest imports this
#: package in every run, for the plugin within.
_HOMES: Final = {
    "backend": ("Backend", "KeyPage", "Page", "Write"),
    "errors": (
        "Conflict",
        "CorruptValue",
        "InvalidKey",
        "InvalidValue",
        "KVStoreError",
        "NotSupported",
        "OutcomeUnknown",
        "Refused",
        "Timeout",
        "Unavailable",
        "ValueTooLarge",
    ),
    "options": ("DEFAULT_TTL", "MISSING"),
    "params": ("Param",),
    "serializers": ("Serializer",),
    "store": ("Store",),
    "stores": ("get_kvstore", "kvstore", "kvstores"),
    "url": ("StoreURL",),
}


if not TYPE_CHECKING:  # else every name would be known

    def __getattr__(name: str) -> object:
        found: object
        if name == "__version__":
            found = import_module("importlib.metadata").version("django-kvstore")
        else:
            home = next((home for home, names in _HOMES.items() if name in names), None)
            if home is None:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
            found = getattr(import_module(f".{home}", __name__), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
