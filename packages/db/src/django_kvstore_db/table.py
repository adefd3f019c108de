"""The table of one store: its name, where it lies, whether it is there, and making it.

``Table(url, None, "default").for_write()`` is the connection to the database that takes its writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from threading import RLock
from types import SimpleNamespace
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionDoesNotExist

from django_kvstore.url import StoreURL

from .recovery import RENAME
from .sql import DIALECTS, Dialect

APP_LABEL = "django_kvstore_db"
#: The first SQLite to be relied on: https://www.sqlite.org/releaselog/3_35_0.html
SQLITE_MINIMUM = (3, 35)
COLUMNS = {"key", "expires", "value"}
#: What to do about a database router that keeps the table out of its database.
DENIED = (
    "The database router {router} keeps it out: let its allow_migrate() return True for the "
    f"application label '{APP_LABEL}', or name the database in the store's URL, as in "
    "db://kvstore?using=default."
)
#: Where Django notes what `migrate` has done.
MIGRATIONS = "django_migrations"


class Table:
    """One store's table; makes no query but in `provision` and `check_database`."""

    def __init__(self, url: StoreURL, using: str | None, store: str) -> None:
        self.name = name = url.location
        #: How messages that are no `KVStoreError` begin.
        self.where = f"The store '{store}' (db)"
        self.using = using
        self.problem = url_problem(url)
        #: What routers are asked about: it answers like a model, and is none.
        self.model: Any = type("Entry", (), {"_meta": _meta(name), "__module__": APP_LABEL})
        self._dialects: dict[str, Dialect] = {}
        #: The longest statement that each database is known to take; `Session` asks for it.
        self.packet_limits: dict[str, int] = {}
        #: Where this process's writers queue, if they must: `Session.turn`.
        self.queue = RLock()

    # Where it lies.

    def alias(self, writes: bool) -> str:
        """Return the alias of the database for reading, or for writing."""
        if self.using:  # comes before the routers
            return self.using
        ask = router.db_for_write if writes else router.db_for_read
        return str(ask(self.model))

    def for_read(self) -> BaseDatabaseWrapper:
        """Return the connection for reading."""
        return self.connection(self.alias(writes=False))

    def for_write(self) -> BaseDatabaseWrapper:
        """Return the connection for writing, and for whatever is read to be written."""
        return self.connection(self.alias(writes=True))

    def may_lie_in(self, alias: str) -> bool:
        """Say, without asking a router, whether the table can be in that database."""
        if self.using or not router.routers:
            return alias == (self.using or DEFAULT_DB_ALIAS)
        return True

    def place(self) -> tuple[str, ...]:
        """Return the table and its database, whichever alias Django knows the database by."""
        connection = self.for_write()
        if connection.vendor != "sqlite":
            parts = (connection.settings_dict[part] for part in ("HOST", "PORT", "NAME"))
            return (connection.vendor, *map(str, parts), self.name)
        # SQLite compares the names of tables without regard to case.
        in_memory = connection.is_in_memory_db()  # type: ignore[attr-defined]
        database = connection.alias if in_memory else str(connection.settings_dict["NAME"])
        return (connection.vendor, database, self.name.lower())

    def connection(self, alias: str) -> BaseDatabaseWrapper:
        """Return Django's connection to that database, for the thread that asks."""
        try:
            return connections[alias]
        except ConnectionDoesNotExist:
            known = ", ".join(map(repr, connections))
            named_by = "the URL's parameter 'using' names" if self.using else "a router chose"
            raise ImproperlyConfigured(
                f"{self.where}: {named_by} the database '{alias}', which is not in the settings. "
                f"settings.DATABASES has: {known}."
            ) from None

    def dialect(self, connection: BaseDatabaseWrapper) -> Dialect:
        """Return this table's statements in that database's dialect."""
        dialect = self._dialects.get(connection.vendor)
        if dialect is None:
            problem = self.problem or placement_problem(self.name, connection)
            if problem:
                raise ImproperlyConfigured(f"{self.where}: {problem}")
            dialect = self._dialects[connection.vendor] = DIALECTS[connection.vendor](self.name)
        return dialect

    # Making it.

    def denied_by(self, alias: str) -> str:
        """Return the name of the database router that keeps the table out; empty if none does."""
        # A ``using`` comes before the routers.
        if self.using or router.allow_migrate_model(alias, self.model):
            return ""
        return next(type(each).__name__ for each in router.routers if self._denies(each, alias))

    def _denies(self, one: Any, alias: str) -> bool:
        if not hasattr(one, "allow_migrate"):
            return False
        name = self.model._meta.model_name
        answer = one.allow_migrate(alias, APP_LABEL, model_name=name, model=self.model)
        return answer is not None and not answer

    def provision(self) -> bool:
        """Create the table, with its index, unless it exists; say whether it was created.

        Raises ``ImproperlyConfigured`` where the database, or a router, does not allow it.
        """
        connection = self.for_write()
        dialect = self.dialect(connection)
        if self.exists(connection):
            return False
        denied = self.denied_by(connection.alias)
        if denied:
            raise ImproperlyConfigured(
                f"{self.where}: the table '{self.name}' is missing in the database "
                f"'{connection.alias}'. {DENIED.format(router=denied)}"
            )
        problem = encoding_problem(connection)
        if problem:
            raise ImproperlyConfigured(f"{self.where}: {problem}")
        if connection.in_atomic_block and not connection.features.can_rollback_ddl:
            raise transaction.TransactionManagementError(
                f"{connection.display_name} would commit the transaction that is open now when it "
                f"creates the table '{self.name}'; create it outside of atomic()."
            )
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                for statement in dialect.create():
                    cursor.execute(statement, ())
        except DatabaseError:
            # Another process may have been quicker. No IF NOT EXISTS: on PostgreSQL it fails then,
            # too, and elsewhere it would hide which of the two made the table.
            if not self.exists(connection):
                raise
            return False
        return True

    def exists(self, connection: BaseDatabaseWrapper) -> bool:
        names = _tables(connection)
        if connection.features.ignores_table_name_case:
            return self.name.lower() in (name.lower() for name in names)
        return self.name in names

    # Checking it.

    def check(self) -> Iterator[checks.CheckMessage]:
        """Say what can be said without asking a database."""
        if self.problem:
            yield checks.Error(f"{self.where}: {self.problem}", id="django_kvstore.db.E001")
            return
        try:
            placed = {
                connection.alias: connection for connection in (self.for_read(), self.for_write())
            }
        except ImproperlyConfigured as error:
            yield checks.Error(str(error), id="django_kvstore.db.E002")
            return
        for connection in placed.values():
            problem = placement_problem(self.name, connection)
            if problem:
                yield checks.Error(f"{self.where}: {problem}", id="django_kvstore.db.E003")

    def check_database(self, alias: str, hint: str) -> Iterator[checks.CheckMessage]:
        """Say whether the table is in that database, and one of a store.

        `hint` says how to create it.
        """
        if list(self.check()):
            return  # It reports what keeps the table from being in any database.
        connection = self.for_write()
        if connection.alias != alias:
            return
        if not self.exists(connection):
            if MIGRATIONS not in _tables(connection):
                # `migrate` has never run, and asks before it does: nothing is amiss yet.
                return
            # A warning, since an error would keep `migrate` from running, which creates the table.
            yield checks.Warning(
                f"{self.where}: the table '{self.name}' is missing in the database '{alias}'.",
                hint=hint,
                id="django_kvstore.db.W001",
            )
            return
        problem = encoding_problem(connection)
        if problem:
            yield checks.Error(f"{self.where}: {problem}", id="django_kvstore.db.E003")
        with connection.cursor() as cursor:
            cursor.execute(self.dialect(connection).nothing.django, ())
            columns = {column[0] for column in cursor.description}
        if not columns >= COLUMNS:
            yield checks.Error(
                f"{self.where}: the table '{self.name}' in the database '{alias}' is not one of a "
                "store.",
                hint=RENAME.format(table=self.name),
                id="django_kvstore.db.E004",
            )


def _tables(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def url_problem(url: StoreURL) -> str | None:
    """Say what keeps the URL from naming a table in any database; None when nothing does."""
    name = url.location
    if not name:
        return "the URL names no table; write one as in db://kvstore"
    if url.path or url.username is not None:
        return (
            "the URL is to name a table and nothing else of the database: db://kvstore?using=alias"
        )
    if not name.isprintable() or name != name.strip():
        return (
            f"{name!r} is no name for a table: it begins or ends with a space, or cannot be seen."
        )
    return None


def placement_problem(name: str, connection: BaseDatabaseWrapper) -> str | None:
    """Say what keeps the table from lying in that database; None when nothing does."""
    where = f"the database '{connection.alias}'"
    if connection.vendor not in DIALECTS:
        return (
            f"{where} is {connection.display_name}, on which a store cannot lie; it can on SQLite, "
            f"PostgreSQL, MariaDB and MySQL."
        )
    if connection.vendor == "sqlite":
        version = sqlite3.sqlite_version_info
        if version < SQLITE_MINIMUM:
            return f"{where} is SQLite {'.'.join(map(str, version))}; a store needs 3.35 or newer."
    return DIALECTS[connection.vendor](name).name_problem()


def encoding_problem(connection: BaseDatabaseWrapper) -> str | None:
    """Say what keeps the database's text from the order of keys; None when nothing does."""
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA encoding", ())
        encoding = cursor.fetchone()[0]
    if encoding == "UTF-8":
        return None
    return (
        f"the database '{connection.alias}' keeps text as {encoding}; a store needs UTF-8, in "
        f"which SQLite keeps it unless told otherwise."
    )


def _meta(name: str) -> SimpleNamespace:
    return SimpleNamespace(
        app_label=APP_LABEL,
        db_table=name,
        model_name=name.lower(),
        object_name="Entry",
        label=f"{APP_LABEL}.Entry",
        label_lower=f"{APP_LABEL}.entry",
        verbose_name="entry",
        verbose_name_plural="entries",
        abstract=False,
        managed=True,
        proxy=False,
        swapped=False,
    )
