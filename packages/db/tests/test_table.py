"""The table: any name that the database takes, made once, and missed with the way out."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.transaction import TransactionManagementError
from django.test import override_settings

from django_kvstore.errors import Unavailable
from django_kvstore.url import StoreURL
from django_kvstore_db import DBBackend

NAMES = [
    "plain",
    "select",
    "With Space",
    'in "quotes" here',
    '"quoted"',
    "`ticked`",
    "it's",
    "%s",
    "100%%s %(name)s",
    "{braces} {0}",
    "a.b",
    "semi;colon",
    'x" (a int); DROP TABLE "kept',
    "x` (a int); DROP TABLE `kept",
    "naïve",
    "back\\slash",
    "?",
    "x" * 63,
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_quoted(database, open_backend, name):
    kept, backend = open_backend(database.alias, "kept"), open_backend(database.alias, name)
    kept.set("n:key", b"kept", None)
    assert backend.get("n:key") is None
    backend.set("n:key", b"record", None)
    assert backend.get_many(["n:key", "n:other"]) == {"n:key": b"record"}
    assert backend.purge("", 0) == 0
    assert name in database.introspection.table_names()
    assert not backend.provision()
    assert kept.get("n:key") == b"kept"


def test_tables_lie_side_by_side(database, open_backend):
    # The names of their indexes must differ, too, where indexes share one space of names.
    names = ["a", "b", f"{'x' * 60}_a", f"{'x' * 60}_b"]
    backends = [open_backend(database.alias, name) for name in names]
    for name, backend in zip(names, backends, strict=True):
        backend.set("n:key", name.encode(), None)
    assert [backend.get("n:key") for backend in backends] == [name.encode() for name in names]
    assert backends[0].clear("") == 1
    assert backends[1].count("") == 1


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("postgres", "x" * 64, "64 bytes"),
        ("postgres", "é" * 32, "64 bytes"),
        ("mysql", "x" * 65, "65 characters"),
        ("mysql", "\N{PILE OF POO}", "beyond U.FFFF"),
    ],
)
def test_a_name_that_the_database_would_cut_or_refuse_is_an_error(
    request, open_backend, kind, name, said
):
    database = request.getfixturevalue(kind)
    backend = open_backend(database.alias, name, provision=False)
    with pytest.raises(ImproperlyConfigured, match=said):
        backend.get("n:key")
    (message,) = backend.check()
    assert message.id == "django_kvstore.db.E003"
    with pytest.raises(ImproperlyConfigured, match=said):
        backend.provision()


@pytest.mark.parametrize(
    "url", ["db://", "db://a/b", "db://user:pass@a", "db://a%0Ab", "db://a%20"]
)
def test_a_url_that_names_no_table_is_an_error(url):
    backend = DBBackend("kept", StoreURL.parse(url), {"using": None})
    with pytest.raises(ImproperlyConfigured):
        backend.get("n:key")
    (message,) = backend.check()
    assert message.id == "django_kvstore.db.E001"
    assert "pass" not in message.msg


def test_a_table_is_made_once(database, open_backend):
    backend = open_backend(database.alias, provision=False)
    assert backend.provision() is True
    backend.set("n:key", b"record", None)
    assert backend.provision() is False
    assert backend.get("n:key") == b"record"


def test_of_processes_that_make_the_table_at_once_one_does(database, open_backend):
    backend = open_backend(database.alias, provision=False)
    start = threading.Barrier(6)

    def provision():
        try:
            _ = connections[database.alias].features.ignores_table_name_case
            start.wait(timeout=20)
            return backend.provision()
        finally:
            connections[database.alias].close()

    with ThreadPoolExecutor(6) as pool:
        made = [call.result() for call in [pool.submit(provision) for _ in range(6)]]
    assert sorted(made) == [False] * 5 + [True]
    assert backend.add("n:key", b"record", None)


def test_making_the_table_leaves_the_callers_transaction_alone(database, open_backend):
    there, missing = (
        open_backend(database.alias),
        open_backend(database.alias, "new", provision=False),
    )
    with transaction.atomic(using=database.alias):
        there.set("n:key", b"record", None)
        assert there.provision() is False
        if database.features.can_rollback_ddl:
            assert missing.provision() is True
        else:
            with pytest.raises(TransactionManagementError, match="outside of atomic"):
                missing.provision()
        transaction.set_rollback(True, using=database.alias)
    assert there.get("n:key") is None, "nothing was committed"
    assert "new" not in database.introspection.table_names()


OPERATIONS = {
    "get": lambda backend: backend.get("n:key"),
    "set": lambda backend: backend.set("n:key", b"record", None),
    "add": lambda backend: backend.add("n:key", b"record", None),
    "update": lambda backend: backend.update("n:key", lambda record: None),
    "get_many": lambda backend: backend.get_many(["n:key"]),
    "delete_many": lambda backend: backend.delete_many(["n:key"]),
    "scan": lambda backend: backend.scan("", None, 10),
    "clear": lambda backend: backend.clear(""),
    "ping": lambda backend: backend.ping(),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_missing_table_is_no_miss(database, open_backend, name):
    backend = open_backend(database.alias, provision=False)
    with pytest.raises(Unavailable, match="table 'kvstore' is missing") as caught:
        OPERATIONS[name](backend)
    assert "'manage.py kvstore provision kept'" in str(caught.value)
    assert database.alias in str(caught.value)
    assert caught.value.__cause__ is not None
    assert "INSTALLED_APPS" not in str(caught.value)
    backend.provision()
    OPERATIONS[name](backend)


def test_who_has_not_the_commands_is_told_how_to_get_them(database, open_backend):
    backend = open_backend(database.alias, provision=False)
    with (
        override_settings(INSTALLED_APPS=[]),
        pytest.raises(Unavailable, match=r"Add .django_kvstore. to INSTALLED_APPS\. Run"),
    ):
        backend.get("n:key")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_table_of_somebody_elses_is_named_as_such(database, open_backend, name):
    backend = open_backend(database.alias, provision=False)
    with database.cursor() as cursor:
        cursor.execute("CREATE TABLE kvstore (id integer PRIMARY KEY, value text)")
    assert not backend.provision()
    imports = "'manage.py kvstore import-legacy kvstore'"
    of_keyval = "'manage.py keyval -c import-legacy --table kvstore'"
    with pytest.raises(Unavailable, match=f"not one of a store.*{imports}.*{of_keyval}"):
        OPERATIONS[name](backend)
    (message,) = backend.check(databases=[database.alias])
    assert message.id == "django_kvstore.db.E004"
    assert imports in message.hint
    assert of_keyval in message.hint


def test_the_checks_ask_the_database_only_when_they_may(database, open_backend):
    backend = open_backend(database.alias, provision=False)

    def watch(execute, sql, params, many, context):
        pytest.fail(f"a check ran {sql}")

    with database.execute_wrapper(watch):
        assert list(backend.check()) == []
        assert list(backend.check(databases=None)) == []
        assert list(backend.check(databases=["default"])) == []
    # Where `migrate` has never run, nothing is missing yet.
    assert list(backend.check(databases=[database.alias])) == []
    MigrationRecorder(database).ensure_schema()
    (message,) = backend.check(databases=["default", database.alias])
    assert message.id == "django_kvstore.db.W001"
    assert not message.is_serious(), "an error would keep migrate from making the table"
    backend.provision()
    assert list(backend.check(databases=[database.alias])) == []


def test_a_database_that_is_out_of_reach_fails_no_check(open_backend, other_database, tmp_path):
    nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "no" / "file")}
    other_database("db_nowhere", nowhere)
    backend = open_backend("db_nowhere", provision=False)
    assert list(backend.check(databases=["db_nowhere"])) == []
    with pytest.raises(Unavailable, match="could not be reached"):
        backend.provision()


def test_a_file_in_another_encoding_gets_no_table(open_backend, other_database, tmp_path):
    path = tmp_path / "utf16.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16'")
        connection.execute("CREATE TABLE other (id integer)")
    other_database("db_utf16", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
    backend = open_backend("db_utf16", provision=False)
    with pytest.raises(ImproperlyConfigured, match="keeps text as UTF-16le; a store needs UTF-8"):
        backend.provision()
    assert connections["db_utf16"].introspection.table_names() == ["other"]
    with connections["db_utf16"].cursor() as cursor:
        for statement in backend.table.dialect(connections["db_utf16"]).create():
            cursor.execute(statement, ())
    MigrationRecorder(connections["db_utf16"]).ensure_schema()
    (message,) = backend.check(databases=["db_utf16"])
    assert message.id == "django_kvstore.db.E003"
