"""Tables that the ancestors wrote: django-kvstore 1.0's ``db`` backend and django_keyval 0.1.2.

Both hold pickles, which run whatever code they name; so nothing here unpickles unless it is told
that the table is to be trusted.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionDoesNotExist
from django.utils.translation import gettext as _

from django_kvstore.errors import InvalidKey, InvalidValue

from .failures import Failures


def rows(using: str, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Return those columns of every row; raises ``CommandError`` where there are none such."""
    try:
        connection = connections[using]
    except ConnectionDoesNotExist as error:
        raise CommandError(str(error)) from error
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            raise CommandError(_("There is no table '%s' in the database '%s'.") % (table, using))
        there = connection.introspection.get_table_description(cursor, table)
    missing = sorted(set(columns) - {column.name for column in there})
    if missing:  # SQLite would take their quoted names for texts
        raise CommandError(_("The table '%s' has no column '%s'.") % (table, missing[0]))
    names = ", ".join(map(connection.ops.quote_name, columns))
    return _select(connection, f"SELECT {names} FROM {connection.ops.quote_name(table)}")


def _select(connection: BaseDatabaseWrapper, statement: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        while found := cursor.fetchmany(500):
            yield from found


def read_kvstore(text: str | bytes) -> Any:
    """Return a value of django-kvstore 1.0: base64 of a pickle of protocol 2."""
    return _unpickle(base64.b64decode(text))


def read_keyval(text: str | bytes) -> Any:
    """Return a value of django_keyval 0.1.2: a pickle of protocol 0, as text."""
    if isinstance(text, bytes):
        return _unpickle(text)
    try:
        # Its Unicode is escaped but for Latin-1, which stands as it is.
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode()
    return _unpickle(data)


def _unpickle(data: bytes) -> Any:
    try:
        return pickle.loads(data, encoding="utf-8")
    except UnicodeDecodeError:
        # Python 2's dates and its byte strings that are no text.
        return pickle.loads(data, encoding="latin-1")


def take_over(
    found: Iterator[tuple[Any, ...]],
    read: Callable[[Any], Any],
    write: Callable[[tuple[Any, ...], Any], None],
    failures: Failures,
) -> tuple[int, int]:
    """Write the value of each row, its last column; return how many were, and how many not.

    An outage ends it: it is no failure of a row.
    """
    done = failed = 0
    for *key, text in found:
        name = ": ".join(map(str, key))
        try:
            value = read(text)
        except Exception as error:  # noqa: BLE001, a pickle may raise anything
            failed += 1
            failures.add(name, f"{type(error).__name__}: {error}")
            continue
        try:
            write(tuple(key), value)
        except (InvalidKey, InvalidValue) as error:
            failed += 1
            failures.add(name, error)
        else:
            done += 1
    return done, failed
