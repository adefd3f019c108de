"""What to do after a database's error: try again, or say it in a store's words.

``Recovery(backend, connection).settle(error, writes=True)`` returns when a new try is harmless.
"""

from __future__ import annotations

import contextlib
import random
import time

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from django_kvstore.backend import Backend
from django_kvstore.errors import (
    Conflict,
    InvalidValue,
    KVStoreError,
    OutcomeUnknown,
    Timeout,
    Unavailable,
    ValueTooLarge,
)

from .failures import Failure, code_of, failure_of

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
    "1.0, 'manage.py kvstore import-legacy {table}' then imports it."
)

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
    Failure.UNSENT: (Unavailable, "the connection to the database '{database}' broke", _AGAIN),
    Failure.LOST: (Unavailable, "the connection to the database '{database}' broke", _AGAIN),
    Failure.REFUSED: (
        Unavailable,
        "the database '{database}' refused a statement",
        "The database's own error, this one's cause, says why.",
    ),
}


def in_transaction(connection: BaseDatabaseWrapper) -> bool:
    """Say whether a transaction of the caller's is open: atomic(), or autocommit switched off."""
    if connection.connection is None:  # not opened yet, and this is no reason to
        return connection.in_atomic_block or not connection.settings_dict["AUTOCOMMIT"]
    return connection.in_atomic_block or not connection.autocommit


class Recovery:
    """What one operation went through so far, and whether it may be tried once more."""

    def __init__(self, backend: Backend, connection: BaseDatabaseWrapper) -> None:
        self.backend = backend
        self.connection = connection
        self.deadline = time.monotonic() + backend.contention_timeout
        self.pause = 0.0005
        self.reconnected = False

    def settle(self, error: Error, *, writes: bool, commits: bool = False) -> None:
        """Return when the operation is to be tried again; otherwise raise the store's error.

        `commits`: what failed was the end of a transaction. Then only a database that undid it
        is believed, since Django may have failed anew while it tidied up.
        """
        connection, opened = self.connection, self.connection.connection is not None
        # Django makes another error of some of MySQL's, with the same code and no cause.
        said_by_django = error.__cause__ is None and code_of(error) is None
        said_by_django &= not connection.closed_in_transaction
        if said_by_django or isinstance(error, TransactionManagementError):
            raise error  # about how it is used
        failure = self.failure(error)
        undone = failure in (Failure.CONFLICT, Failure.LOCKED)
        broken = failure in (Failure.LOST, Failure.UNSENT)
        if in_transaction(connection):
            if connection.in_atomic_block and (
                broken or failure is Failure.CONFLICT or connection.vendor == "postgresql"
            ):
                # The transaction is gone, also for a caller who catches our error inside of it.
                connection.set_rollback(True)
            raise self.explain(error, failure) from error
        if broken:
            with contextlib.suppress(Error):
                connection.close_if_unusable_or_obsolete()
        if (commits and not undone) or (writes and failure is Failure.LOST):
            raise self.outcome_unknown(error) from error
        if undone and time.monotonic() < self.deadline:
            # Full jitter: those that met here do not meet again.
            time.sleep(random.uniform(0, self.pause))
            self.pause = min(self.pause * 2, 0.05)
        elif broken and opened and not self.reconnected:
            self.reconnected = True
        else:
            raise self.explain(error, failure) from error

    def failure(self, error: Error) -> Failure:
        """Return what kind of failure the error tells of."""
        closed = getattr(self.connection.connection, "closed", False)
        return failure_of(error, broken=bool(closed))

    def explain(self, error: Error, failure: Failure) -> KVStoreError:
        """Return the store's error for the database's; raise it ``from`` that one."""
        kind, reason, hint = _EXPLAINED[failure]
        names = {
            "alias": self.backend.alias,
            "database": self.connection.alias,
            "table": self.backend.url.location,
        }
        if failure is Failure.REFUSED and self.connection.connection is None:
            reason = "the database '{database}' could not be reached"
            hint = _REACH_FILE if self.connection.vendor == "sqlite" else _REACH
        said, hint = f"{reason.format(**names)} ({_name(error)}).", hint.format(**names)
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
