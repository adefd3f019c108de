"""Import the tables of django-kvstore 1.0's ``db`` backend and of django_keyval 0.1.2.

``for key, text in rows("default", "kvstore", "kee", "value"): value = read_kvstore(text)``

Both hold pickles of Python 2, and a pickle runs the code that it names. So nothing here unpickles
unless the caller says that the table can be trusted.
"""

from __future__ import annotations

import base64
import io
import pickle
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any, Final

from django.core.management.base import CommandError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionDoesNotExist
from django.utils.translation import gettext as _

from django_kvstore.errors import InvalidKey, InvalidValue

from .failures import Failures


def rows(using: str, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Return those columns of every row; raises ``CommandError`` where one does not exist."""
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
    # PostgreSQL's driver fetches all rows at once unless the cursor is one of the server.
    plain = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    with connection.cursor() if plain else connection.chunked_cursor() as cursor:
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
        # Protocol 0 escapes all of Unicode except Latin-1, which it writes as it is.
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode()
    return _unpickle(data)


def import_rows(
    found: Iterator[tuple[Any, ...]],
    read: Callable[[Any], Any],
    write: Callable[[tuple[Any, ...], Any], object],
    failures: Failures,
) -> tuple[int, int]:
    """Give `write` the key and the value of each row, whose last column holds the value.

    Returns how many rows were written, and how many were not: those are added to `failures`. An
    outage is not the failure of a row, and ends the import.
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


def _unpickle(data: bytes) -> Any:
    """Load what Python 2 pickled; a byte string is read as text where it is UTF-8, else as bytes.

    Python 2 had one type, ``str``, for both. What is not UTF-8 comes out of the unpickler with
    surrogates in place of those bytes, and is turned back into bytes afterwards.
    """
    unpickler = _Unpickler(io.BytesIO(data), encoding="utf-8", errors="surrogateescape")
    return _restore(unpickler.load(), {})


class _Unpickler(pickle.Unpickler):
    """Loads dates and times by the bytes that Python 2 pickled them with."""

    def find_class(self, module: str, name: str, /) -> Any:
        return _MOMENTS.get((module, name)) or super().find_class(module, name)


class _Date(date):
    def __new__(cls, state: Any, *others: Any) -> Any:
        return date(_raw(state), *others)


class _Time(time):
    def __new__(cls, state: Any, *others: Any) -> Any:
        return time(_raw(state), *others)


class _DateTime(datetime):
    def __new__(cls, state: Any, *others: Any) -> Any:
        return datetime(_raw(state), *others)  # noqa: DTZ001, the zone is in `others`


_MOMENTS: Final[dict[tuple[str, str], type]] = {
    ("datetime", "date"): _Date,
    ("datetime", "time"): _Time,
    ("datetime", "datetime"): _DateTime,
}


def _raw(state: Any) -> Any:
    return state.encode("utf-8", "surrogateescape") if isinstance(state, str) else state


def _restore(value: Any, restored: dict[int, tuple[Any, Any]]) -> Any:
    """Return `value` with its byte strings as bytes; lists, dicts and objects change in place.

    `restored` has each value seen so far and what became of it, by the value's id: values may be
    shared, or be within themselves.
    """
    kind = type(value)
    if kind is str:
        return _text_or_bytes(value)
    if id(value) in restored:
        return restored[id(value)][1]
    made = value
    if kind in (tuple, set, frozenset):
        made = kind(_restore(item, restored) for item in value)
    restored[id(value)] = value, made
    if kind is list:
        value[:] = [_restore(item, restored) for item in value]
    elif kind is dict:
        items = [(_restore(key, restored), _restore(item, restored)) for key, item in value.items()]
        value.clear()
        value.update(items)
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        _restore(vars(value), restored)
    return made


def _text_or_bytes(text: str) -> str | bytes:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text  # it was text with a surrogate of its own
    return text
