"""What a database's error means to a store, read from the codes of each driver.

``failure_of(error)`` is `Failure.LOST` for a connection that broke while a statement was under way.

The drivers are psycopg 3 and 2, mysqlclient, PyMySQL and sqlite3. Messages are read only where an
error has no code, since they may be translated, and never repeated: they may quote the statement.
"""

from __future__ import annotations

import enum
from typing import Final

from django.db import DataError


class Failure(enum.Enum):
    """Kinds of failure, as far as a store does something different about each."""

    MISSING = "there is no such table"
    FOREIGN = "the table has other columns"
    UNSENT = "the connection was found dead before the statement was sent"
    LOST = "the connection broke while the statement was under way"
    CONFLICT = "the statement or transaction was undone in favor of another"
    LOCKED = "SQLite's file was in use for longer than its timeout"
    TIMEOUT = "the server gave the statement up after a time limit"
    TOO_LARGE = "the statement or value is longer than the database takes"
    INVALID = "the database does not take the value"
    REFUSED = "anything else"


# https://www.postgresql.org/docs/current/errcodes-appendix.html; a whole class by its first two.
_POSTGRESQL: Final = {
    "42P01": Failure.MISSING,
    "42703": Failure.FOREIGN,
    "42P10": Failure.FOREIGN,  # no unique key to infer a conflict from
    "42804": Failure.FOREIGN,  # a column of another type
    "42883": Failure.FOREIGN,  # a column of a type that does not compare
    "40001": Failure.CONFLICT,
    "40P01": Failure.CONFLICT,
    "57014": Failure.TIMEOUT,  # statement_timeout, or somebody's pg_cancel_backend()
    "55P03": Failure.TIMEOUT,  # lock_timeout
    "25P03": Failure.LOST,
    "57P01": Failure.LOST,
    "57P02": Failure.LOST,
    "57P05": Failure.LOST,
    "08": Failure.LOST,
    "54": Failure.TOO_LARGE,
    "22": Failure.INVALID,
}

# Below 2000 and above 2999 by the server, https://mariadb.com/kb/en/mariadb-error-code-reference/;
# between by the client, https://dev.mysql.com/doc/mysql-errors/8.0/en/client-error-reference.html
_MYSQL: Final = {
    1146: Failure.MISSING,
    1054: Failure.FOREIGN,
    1176: Failure.FOREIGN,  # no such index
    2006: Failure.UNSENT,
    0: Failure.UNSENT,  # PyMySQL and mysqlclient of a connection that they have closed
    1053: Failure.LOST,
    1317: Failure.TIMEOUT,  # KILL QUERY
    1927: Failure.LOST,
    2013: Failure.LOST,
    2014: Failure.LOST,
    2055: Failure.LOST,
    4031: Failure.UNSENT,  # closed as idle before this statement came
    1020: Failure.CONFLICT,  # innodb_snapshot_isolation
    1213: Failure.CONFLICT,
    1205: Failure.TIMEOUT,
    1969: Failure.TIMEOUT,
    3024: Failure.TIMEOUT,
    1118: Failure.TOO_LARGE,
    1153: Failure.TOO_LARGE,
    1301: Failure.TOO_LARGE,
    1406: Failure.INVALID,
    2020: Failure.TOO_LARGE,
}

# SQLite has codes too, but Python shows them from 3.11 only. Its messages are never translated.
_MESSAGES: Final = {
    "no such table": Failure.MISSING,
    "no such column": Failure.FOREIGN,
    "has no column named": Failure.FOREIGN,
    "does not match any PRIMARY KEY or UNIQUE": Failure.FOREIGN,
    "is locked": Failure.LOCKED,  # "database is locked", "database table is locked"
    "string or blob too big": Failure.TOO_LARGE,
    # psycopg 3 and 2 of a connection that they know is closed; the server's words have codes.
    "the connection is closed": Failure.UNSENT,
    "connection already closed": Failure.UNSENT,
    "cursor already closed": Failure.UNSENT,  # psycopg 2 of one that is kept, with its connection
}


def code_of(error: Exception) -> str | int | None:
    """Return the error's SQLSTATE (PostgreSQL) or number (MariaDB, MySQL), if it has one."""
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return number
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state if isinstance(state, str) else None


def failure_of(error: Exception, *, broken: bool = False) -> Failure:
    """Return the kind of failure; `broken` when the driver says that the connection is closed."""
    code = code_of(error)
    if isinstance(code, str):
        known = _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2])
    elif isinstance(code, int):
        known = _MYSQL.get(code)
    else:
        message = str(error)
        known = next((kind for text, kind in _MESSAGES.items() if text in message), None)
    if known:
        return known
    if broken:
        return Failure.LOST
    return Failure.INVALID if isinstance(error, DataError) else Failure.REFUSED
