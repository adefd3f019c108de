"""Tells when Django would do nothing with a statement but pass it on to its driver.

``way_of(connection)()`` is the driver's own connection then, and None when Django has more to do:
open the connection or refuse to use it, log the statement, run `execute_wrappers`, or run what
anybody has put around its methods.

It is asked anew for each statement, since any of this may change between two.
"""

from __future__ import annotations

import functools
import os
from _thread import get_ident
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, Final

import django
from django.apps import apps
from django.conf import settings
from django.db.backends import utils

#: The engines whose way to the driver is known here. What is derived of them may do more.
_ENGINES: Final = frozenset(
    f"django.db.backends.{name}.base" for name in ("sqlite3", "postgresql", "mysql")
)
_DJANGO: Final = f"{Path(django.__file__).parent}{os.sep}"
#: The settings that Django has looked up so far. It empties this dict when they change.
_settings: Final[dict[str, Any]] = vars(settings)


def way_of(connection: Any) -> Callable[[], Any] | None:
    """Return what tells, on this thread and without an event loop, whether the way is free.

    None when Django itself is not as it was written, or when the connection is another thread's.
    """
    kind, own = type(connection), vars(connection)
    cursor, create_cursor, make_cursor = kind.cursor, kind.create_cursor, kind.make_cursor
    ensure_connection, execute = kind.ensure_connection, utils.CursorWrapper.execute
    methods = (cursor, create_cursor, make_cursor, ensure_connection, execute)
    if (
        kind.__module__ not in _ENGINES
        or not all(map(_is_djangos, methods))
        or connection._thread_ident != get_ident()
        or not apps.ready
    ):
        return None

    def driver() -> Any:
        try:
            if (
                connection.force_debug_cursor
                or connection.execute_wrappers
                or connection.needs_rollback
                or (connection.health_check_enabled and not connection.health_check_done)
                or _settings["DEBUG"]
                or kind.cursor is not cursor
                or kind.create_cursor is not create_cursor
                or kind.make_cursor is not make_cursor
                or kind.ensure_connection is not ensure_connection
                or utils.CursorWrapper.execute is not execute
                or "cursor" in own
                or "create_cursor" in own
                or "make_cursor" in own
                or "ensure_connection" in own
            ):
                return None
        except KeyError:  # a setting that nobody has asked for since it may have changed
            return None
        return connection.connection

    return driver


def no_way() -> None:
    """Tell that every statement is to go by way of Django."""


@functools.lru_cache(maxsize=64)
def _is_djangos(method: Any) -> bool:
    """Say whether the method, and each that it decorates, stands in one of Django's files.

    Its name and module say nothing: who decorates a method gives the decorator the same.
    """
    while method is not None:
        if type(method) is not FunctionType:
            return False
        if not method.__code__.co_filename.startswith(_DJANGO):
            return False
        method = getattr(method, "__wrapped__", None)
    return True
