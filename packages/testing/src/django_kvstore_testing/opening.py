"""How a store under test is opened, in this process and, pickled, in others.

``Opening("contract", {"URL": "locmem://kit"}).open()``
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django_kvstore.config import StoreConfig
from django_kvstore.store import Store

from .project import ensure_django


@dataclass(frozen=True)
class Opening:
    """An entry of ``KEY_VALUE_STORES``, or the dotted name of a function that makes a store."""

    alias: str
    entry: Mapping[str, Any] = field(repr=False)
    #: ``"package.module:function"``, called with the alias; used in place of `entry` when given.
    maker: str = ""

    def open(self) -> Store:
        """Make the store, with a backend of its own."""
        if self.maker:
            module, _, function = self.maker.partition(":")
            made: Store = getattr(import_module(module), function)(self.alias)
            return made
        config = StoreConfig.read(self.alias, dict(self.entry))
        return Store(config.open_backend(), config.read_options())


def set_up_child(wanted: Mapping[str, Any]) -> None:
    """Give a fresh process Django's settings."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    ensure_django(wanted)
