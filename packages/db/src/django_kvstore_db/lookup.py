"""Finds the connection that Django has made to a database for the thread that asks.

``made("default", own()) or connections["default"]``

Django keeps connections in a `Local` of asgiref, which finds out by way of an exception that no
event loop is running, and then looks into a `threading.local`. Here it is done without the first.
"""

from __future__ import annotations

import threading
from asyncio import _get_running_loop
from typing import Any, Final

from django.db import connections

_local: Final[Any] = connections._connections  # type: ignore[attr-defined]
_storage: Final[Any] = getattr(_local, "_storage", None)


def own() -> dict[str, Any]:
    """Return where this thread's connections are, if asgiref is built like this; since 3.7 it is.

    It stays the same as long as the thread.
    """
    return vars(_storage) if isinstance(_storage, threading.local) else {}


def made(alias: str, here: dict[str, Any]) -> Any:
    """Return what ``connections[alias]`` does, or None where only that can tell."""
    if connections._connections is not _local or _get_running_loop() is not None:  # type: ignore[attr-defined]
        return None
    return here.get(alias)
