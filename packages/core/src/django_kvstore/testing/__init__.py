"""What the tests of backends and of applications use: the contract as checks, and empty stores.

``from django_kvstore.testing import Contract`` or ``… import IsolatedStoresMixin``

Nothing is imported before it is asked for: pytest is needed for the contract alone, and the
plugin next door is loaded in every run of pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract import Contract
    from .isolation import IsolatedStoresMixin

__all__ = ["Contract", "IsolatedStoresMixin"]

_HOMES = {"Contract": "contract", "IsolatedStoresMixin": "isolation"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
