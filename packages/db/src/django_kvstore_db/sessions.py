"""The sessions of one store: each thread keeps the one that it had last.

``sessions.open(writes=True)`` is a session on the connection that takes the store's writes.
"""

from __future__ import annotations

import threading

from django.db import DEFAULT_DB_ALIAS, router

from django_kvstore.backend import Backend

from .direct import no_way, way_of
from .lookup import made, own
from .session import Session
from .table import Table


class Sessions:
    """Makes a store's sessions; `direct` as the parameter of that name."""

    def __init__(self, backend: Backend, table: Table, *, direct: bool) -> None:
        self._backend = backend
        self._table = table
        self._direct = direct
        self._kept = _Kept()

    def open(self, *, writes: bool = False) -> Session:
        """Return a session on the connection for reading, or for writing."""
        table = self._table
        # Asking costs nothing where there is no router.
        alias = table.using or (table.alias(writes) if router.routers else DEFAULT_DB_ALIAS)
        session = self._kept.session
        if session is not None and session.connection is made(alias, session.here):
            return session
        connection, here = table.connection(alias), own()
        # Where an event loop runs, Django is to say what it thinks of that.
        direct = self._direct and made(alias, here) is connection
        way = way_of(connection) if direct else None
        session = Session(self._backend, table, connection, here, way or no_way)
        if way is not None:
            self._kept.session = session
        return session


class _Kept(threading.local):
    session: Session | None = None
