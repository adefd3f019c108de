"""What a database's error means to a store, read from the codes of each driver.

``failure_of(error)`` is `Failure.LOST` for a connection that broke while a statement was under way.

The drivers are psycopg 3 and 2, mysqlclient, PyMySQL and sqlite3. Messages are read only where an
error has no code, since they may be translated, and never repeated: they may quote the statement.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import DataError

from django_kvstore.url import REDACTED, is_secret_name


class Failure(enum.Enum):
    """Kinds of failure, as far as a store does something different about each."""

    MISSING = "there is no such table"
    FOREIGN = "the table has other columns"
    UNSENT = "the connection was found dead before the statement was sent"
    LOST = "the connection broke while the statement was under way"
    SILENT = "the driver gave up after its own time limit; the connection is of no more use"
    CONFLICT = "the statement or transaction was undone in favor of another"
    LOCKED = "SQLite's file was in use for longer than its timeout"
    TIMEOUT = "the server gave the statement up after a time limit"
    TOO_LARGE = "the statement or value is longer than the database takes"
    INVALID = "the database does not take the value"
    ABORTED = "the transaction had failed before, and accepts no statement"
    REFUSED = "the database answered and refuses: a permission, a full disk, a rule of the table"
    UNKNOWN = "anything else"


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
    "25P02": Failure.ABORTED,
    # What passes without anybody's help: too many connections or too little memory, a server that
    # starts or stops, a failure of its disk or of itself.
    "53100": Failure.REFUSED,  # a full disk does not
    "53400": Failure.REFUSED,
    "53": Failure.UNKNOWN,
    "57": Failure.UNKNOWN,
    "58": Failure.UNKNOWN,
    "XX": Failure.UNKNOWN,
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
    # What passes without anybody's help: too many connections, too little memory.
    1037: Failure.UNKNOWN,
    1038: Failure.UNKNOWN,
    1040: Failure.UNKNOWN,
    1041: Failure.UNKNOWN,
    1203: Failure.UNKNOWN,
}

# By the name of the result code, https://www.sqlite.org/rescode.html, without what makes it an
# extended one.
_SQLITE: Final = {
    "SQLITE_BUSY": Failure.LOCKED,
    "SQLITE_LOCKED": Failure.LOCKED,
    "SQLITE_TOOBIG": Failure.TOO_LARGE,
    "SQLITE_AUTH": Failure.REFUSED,
    "SQLITE_CONSTRAINT": Failure.REFUSED,
    "SQLITE_CORRUPT": Failure.REFUSED,
    "SQLITE_FULL": Failure.REFUSED,
    "SQLITE_NOTADB": Failure.REFUSED,
    "SQLITE_PERM": Failure.REFUSED,
    "SQLITE_READONLY": Failure.REFUSED,
}

#: The codes whose messages name the table, a rule of it, a user or a file, and never a value.
_NAMING: Final = frozenset(
    {"42501", "25006", "53100", "53400", "23514"}
    | {3, 1015, 1021, 1030, 1036, 1114, 1142, 1143, 1226, 1227, 1290, 1792, 1836, 3819, 4025}
    | {"SQLITE_AUTH", "SQLITE_CORRUPT", "SQLITE_FULL", "SQLITE_NOTADB", "SQLITE_PERM"}
    | {"SQLITE_READONLY"}
)

#: The codes of MariaDB and MySQL that keep a client from connecting.
_CONNECTING: Final = frozenset(
    {1040, 1044, 1045, 1049, 1129, 1130, 1203, 1226, 1698} | {2002, 2003, 2005, 2026}
)
#: How PostgreSQL's client and server, and SQLite, say that there is no connection.
_OF_CONNECTING: Final = re.compile(
    r"connection to server |could not (?:connect|translate host)|failed to resolve host|"
    r"unable to open database file"
)

# SQLite has one code for whatever is wrong with a statement. Its messages are never translated.
_MESSAGES: Final = {
    "no such table": Failure.MISSING,
    "no such column": Failure.FOREIGN,
    "has no column named": Failure.FOREIGN,
    "does not match any PRIMARY KEY or UNIQUE": Failure.FOREIGN,
    # psycopg 3 and 2 of a connection that they know is closed; the server's words have codes.
    "the connection is closed": Failure.UNSENT,
    "connection already closed": Failure.UNSENT,
    "cursor already closed": Failure.UNSENT,  # psycopg 2 of one that is kept, with its connection
}


#: psycopg's errors, and those of its pool, that are about time.
_TIMEOUTS: Final = ("ConnectionTimeout", "PoolTimeout")


def code_of(error: Exception) -> str | int | None:
    """Return the error's SQLSTATE (PostgreSQL), number (MariaDB, MySQL) or name (SQLite), if any.

    SQLite's is the name of the result code without what makes it an extended one: SQLITE_READONLY.
    """
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return number
    cause = error.__cause__
    name = getattr(cause, "sqlite_errorname", None)
    if name:
        return "_".join(name.split("_")[:2])
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state if isinstance(state, str) else None


def words_of(error: Exception) -> str:
    """Return the database's own words, where they can hold neither a key nor a value."""
    if code_of(error) not in _NAMING:
        return ""
    # PostgreSQL's text goes on with a detail, which may quote the row.
    primary = getattr(getattr(error.__cause__, "diag", None), "message_primary", None)
    return str(primary or error.args[-1]).rstrip(".")


def words_of_refusal(error: Exception, secrets: Iterable[str]) -> str:
    """Return the words of a database, or of its driver, that could not be connected to.

    They name the server, the database and the user. Texts of other kinds are left out: what a
    driver says of its own arguments may repeat a password. `secrets` are hidden in any case.
    """
    if isinstance(code_of(error), str | None):
        lines = str(error).splitlines()
        words = next((line for line in lines if _OF_CONNECTING.search(line)), "")
    else:
        words = str(error.args[-1]) if code_of(error) in _CONNECTING else ""
    for secret in secrets:
        words = words.replace(secret, REDACTED)
    return words.rstrip(".")


def secrets_of(settings: Mapping[str, Any]) -> list[str]:
    """Return the secrets in an entry of settings.DATABASES."""
    named = {**settings.get("OPTIONS", {}), "PASSWORD": settings.get("PASSWORD")}
    return [str(value) for name, value in named.items() if value and is_secret_name(name)]


def failure_of(error: Exception, *, broken: bool = False) -> Failure:
    """Return the kind of failure; with `broken`, what the server has not said is a loss."""
    code, message = code_of(error), str(error)
    if isinstance(code, str) and code.startswith("SQLITE_"):
        known = _SQLITE.get(code) or _by_message(message)
    elif isinstance(code, str):
        known = _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2]) or Failure.REFUSED
    elif code is None or 2000 <= code < 3000:  # said by the driver, not by the server
        if "timed out" in message or type(error.__cause__).__name__ in _TIMEOUTS:
            return Failure.SILENT
        known = _by_message(message) if code is None else _MYSQL.get(code)
    else:
        known = _MYSQL.get(code)
        if known is None and not isinstance(error, DataError):
            known = Failure.REFUSED
    if known:
        return known
    if isinstance(error, DataError):
        return Failure.INVALID
    return Failure.LOST if broken else Failure.UNKNOWN


def _by_message(message: str) -> Failure | None:
    return next((kind for text, kind in _MESSAGES.items() if text in message), None)
