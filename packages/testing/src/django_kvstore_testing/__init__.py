"""Check a key-value backend against the contract: ``from django_kvstore_testing import Contract``.

`Contract` is imported when it is first asked for. The pytest plugin is in this package and is
loaded in every run of pytest; it must not load Django, and pytest must learn which modules to
rewrite before they are imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract import Contract

__all__ = ["Contract"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.contract"), name)
