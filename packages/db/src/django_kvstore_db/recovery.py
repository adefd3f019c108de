"""What to do after a database's error: try again, or say it in a store's words.

``Recovery(backend, connection).settle(seen, writes=True)`` returns when a new try is harmless;
`seen` is what `look_at` returned for the error.
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import Final, NamedTuple, NoReturn

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from django_kvstore.backend import Backend
from django_kvstore.errors import (
    Conflict,
    InvalidValue,
    KVStoreError,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
    ValueTooLarge,
)

from .failures import Failure, code_of, failure_of, secrets_of, words_of, words_of_refusal

MIGRATE = "Run 'manage.py migrate --database={database}', or 'manage.py kvstore provision {alias}'."
_AGAIN = "See that it runs, and do it again, with the whole of the transaction if there was one."
_BEGIN = (
    "Keep transactions short, and let those that write begin as such: 'OPTIONS': "
    "{{'transaction_mode': 'IMMEDIATE'}} in settings.DATABASES['{database}']."
)
_REACH = (
    "See that its server runs, and check HOST, PORT, NAME, USER and PASSWORD in "
    "settings.DATABASES['{database}']."
)
_REACH_FILE = (
    "See that the folder of NAME in settings.DATABASES['{database}'] is there and may be written "
    "to."
)
RENAME = (
    "Give the store a table of its own: db://another_name. If this is a table of django-kvstore "
    "1.0, 'manage.py kvstore import-legacy {table}' then imports it; if it is one of django_keyval "
    "0.1.2, 'manage.py keyval -c import-legacy --table {table}'."
)
_NO_USE = (
    "Nothing was changed. The database's own error is the cause of this one. Repeating the call "
    "does not help before the database or its settings are changed."
)

#: After these the connection is of no more use.
BROKEN: Final = (Failure.LOST, Failure.UNSENT, Failure.SILENT)

#: The error, what it says of the database, and the way out.
_EXPLAINED: dict[Failure, tuple[type[KVStoreError], str, str]] = {
    Failure.MISSING: (
        Unavailable,
        "the table '{table}' is missing in the database '{database}'",
        MIGRATE,
    ),
    Failure.FOREIGN: (
        Unavailable,
        "the table '{table}' in the database '{database}' is not one of a store",
        RENAME,
    ),
    Failure.CONFLICT: (
        Conflict,
        "the database '{database}' undid this in favor of another transaction",
        "Nothing was written; run the whole transaction again.",
    ),
    Failure.LOCKED: (
        Timeout,
        "the file of the database '{database}' was in use by others",
        _BEGIN,
    ),
    Failure.TIMEOUT: (
        Timeout,
        "the database '{database}' gave a statement up after the time limit set for it",
        "Raise that limit, or ask for less at a time.",
    ),
    Failure.TOO_LARGE: (
        ValueTooLarge,
        "the database '{database}' does not take a statement this long",
        "Store less in one entry, or raise its limit: on MariaDB and MySQL max_allowed_packet.",
    ),
    Failure.INVALID: (
        InvalidValue,
        "the database '{database}' does not take the value",
        "Nothing was written. See that the columns of '{table}' are as migrate makes them.",
    ),
    Failure.SILENT: (
        Timeout,
        "the database '{database}' did not answer within the time limit of its driver",
        "See that its server runs. The limits are in OPTIONS of settings.DATABASES['{database}'].",
    ),
    Failure.UNSENT: (Unavailable, "the connection to the database '{database}' broke", _AGAIN),
    Failure.LOST: (Unavailable, "the connection to the database '{database}' broke", _AGAIN),
    Failure.REFUSED: (
        Refused,
        "the database '{database}' refused a statement",
        _NO_USE,
    ),
    Failure.UNKNOWN: (
        Unavailable,
        "the database '{database}' failed",
        "The database's own error, this one's cause, says why.",
    ),
}


def in_transaction(connection: BaseDatabaseWrapper) -> bool:
    """Say whether a transaction of the caller's is open: atomic(), or autocommit switched off."""
    if connection.connection is None:  # not opened yet, and this is no reason to
        return connection.in_atomic_block or not connection.settings_dict["AUTOCOMMIT"]
    return connection.in_atomic_block or not connection.autocommit


def connect(connection: BaseDatabaseWrapper) -> None:
    """Open the connection, as Django's cursors do; a failure leaves none.

    Django keeps a connection that broke while it was set up, with autocommit off, which looks like
    a transaction of the caller's.
    """
    try:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
    except Error:
        discard(connection)
        raise


def discard(connection: BaseDatabaseWrapper) -> None:
    """Close the connection, whatever state it is in, so that the next statement opens another.

    In an atomic block the next one after the block does: Django neither rolls back then nor
    connects anew.
    """
    with contextlib.suppress(Error):
        connection.close()


class Seen(NamedTuple):
    """An error, what it means, and whether there was a connection when it came up."""

    error: Error
    failure: Failure
    connected: bool


def look_at(connection: BaseDatabaseWrapper, error: Error) -> Seen:
    """Return what there is to know about an error before anything else is done."""
    connected = connection.connection is not None
    # What no server has said leaves nobody certain where the driver and the server stand.
    doubtful = connected and connection.vendor != "sqlite"
    return Seen(error, failure_of(error, broken=doubtful), connected)


class Recovery:
    """What one operation went through so far, and whether it may be tried once more."""

    def __init__(self, backend: Backend, connection: BaseDatabaseWrapper) -> None:
        self.backend = backend
        self.connection = connection
        self.deadline = time.monotonic() + backend.contention_timeout
        self.pause = 0.0005
        self.reconnected = False

    def settle(self, seen: Seen, *, writes: bool, commits: bool = False) -> None:
        """Return when the operation is to be tried again; otherwise raise the store's error.

        `commits`: what failed was the end of a transaction. Then only a database that undid it
        is believed, since Django may have failed anew while it tidied up.
        """
        error, failure, connected = seen
        connection = self.connection
        # Django makes another error of some of MySQL's, with the same code and no cause.
        said_by_django = error.__cause__ is None and code_of(error) is None
        said_by_django &= not connection.closed_in_transaction
        if said_by_django or isinstance(error, TransactionManagementError):
            raise error  # about how it is used
        if in_transaction(connection):
            self._end_transaction(error, failure)
        undone = failure in (Failure.CONFLICT, Failure.LOCKED)
        if failure in BROKEN:
            discard(connection)
        # `connect` failed where there is no connection, and then nothing was sent.
        in_doubt = connected and failure in (Failure.LOST, Failure.SILENT)
        if (commits and not undone) or (writes and in_doubt):
            raise self.outcome_unknown(error) from error
        if undone and time.monotonic() < self.deadline:
            # Full jitter: those that met here do not meet again.
            time.sleep(random.uniform(0, self.pause))
            self.pause = min(self.pause * 2, 0.05)
        elif failure in (Failure.LOST, Failure.UNSENT) and connected and not self.reconnected:
            self.reconnected = True
        else:
            raise self.explain(error, failure) from error

    def _end_transaction(self, error: Error, failure: Failure) -> NoReturn:
        """Raise the store's error for one within a transaction of the caller's."""
        connection = self.connection
        gone = failure in BROKEN or failure is Failure.CONFLICT
        if connection.in_atomic_block and (gone or connection.vendor == "postgresql"):
            # The transaction is gone, also for a caller who catches our error inside of it.
            connection.set_rollback(True)
            if failure in BROKEN:
                discard(connection)
        if failure is Failure.ABORTED:
            raise TransactionManagementError(
                f"Store '{self.backend.alias}' ({self.backend.scheme}): an earlier statement of "
                f"this transaction on the database '{connection.alias}' had failed, so it accepts "
                "no other. Roll it back, and put a statement that may fail into an atomic() of "
                "its own."
            ) from error
        raise self.explain(error, failure) from error

    def explain(self, error: Error, failure: Failure) -> KVStoreError:
        """Return the store's error for the database's; raise it ``from`` that one."""
        kind, reason, hint = _EXPLAINED[failure]
        names = {
            "alias": self.backend.alias,
            "database": self.connection.alias,
            "table": self.backend.url.location,
        }
        refused = failure in (Failure.REFUSED, Failure.UNKNOWN)
        if refused and self.connection.connection is None:
            kind, reason = Unavailable, "the database '{database}' could not be reached"
            hint = _REACH_FILE if self.connection.vendor == "sqlite" else _REACH
            words = words_of_refusal(error, secrets_of(self.connection.settings_dict))
        else:
            words = words_of(error)
        hint = hint.format(**names)
        said = f"{reason.format(**names)} ({_name(error)}){': ' if words else ''}{words}."
        if failure is Failure.MISSING:
            hint = self.backend.provision_hint(hint, database=self.connection.alias)
        return self.backend.error(kind, said, hint=hint)

    def outcome_unknown(self, error: Error) -> OutcomeUnknown:
        """Return the error for a write that was sent and never answered."""
        where = f"the database '{self.connection.alias}'"
        return self.backend.error(
            OutcomeUnknown,
            f"{where} was lost before it answered a write ({_name(error)}).",
            hint="It may or may not have happened: read before you write again.",
        )


def _name(error: Error) -> str:
    # The code alone: a message may quote the statement, and with it keys and values.
    code = code_of(error)
    return f"error {code}" if code else type(error).__name__
