"""Keeps a forked process off the connections that its parent opened.

``abandon(connection)`` in the child: Django opens another one at the next statement.

Two processes on one socket read each other's answers, and to close it in one of them says goodbye
for both: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT
SQLite forbids even to close: https://www.sqlite.org/howtocorrupt.html, section 2.6.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

#: What is not to be closed, so never to be collected.
_abandoned: Final[list[object]] = []


def abandon(connection: BaseDatabaseWrapper) -> None:
    """Let go of what the parent process opened for this thread, without a word to the server."""
    driver = connection.connection
    if driver is None or _in_memory(connection):
        return
    _abandoned.append(driver)
    # psycopg_pool's threads did not come along. Django makes a new pool.
    _abandoned.append(getattr(connection, "_connection_pools", {}).pop(connection.alias, None))
    with contextlib.suppress(Exception):
        # At the process's end mysqlclient says goodbye whatever we do; now to nobody.
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, getattr(driver, "_sock", driver).fileno())  # PyMySQL: its socket
        os.close(nowhere)
    if connection.in_atomic_block:
        # The transaction is the parent's. As in Django's own `close`.
        connection.closed_in_transaction = True
        connection.needs_rollback = True
    else:
        connection.connection = None


def _in_memory(connection: BaseDatabaseWrapper) -> bool:
    # Such a database has been copied by the fork, and is gone with its connection.
    return connection.vendor == "sqlite" and connection.is_in_memory_db()  # type: ignore[attr-defined]
