"""An outage is never a miss, what is refused is said, and no message tells a secret."""

from __future__ import annotations

import contextlib
import re

import pytest
from db_faults import CELL, READS, RECORD, SECRET, WRITES, clean, session_of
from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.transaction import TransactionManagementError

from django_kvstore.backend import Write
from django_kvstore.errors import Refused, Timeout, Unavailable, ValueTooLarge
from django_kvstore_db.failures import Failure, failure_of
from django_kvstore_testing.port import HOST, Port


def test_a_server_that_is_not_there_is_unavailable(server, open_backend, other_database):
    port = Port.claim()
    try:
        gone = {**server.settings_dict, "HOST": HOST, "PORT": str(port.number), "PASSWORD": SECRET}
        other_database("db_gone", gone)
        backend = open_backend("db_gone", provision=False)
        for operation in [read for read, _ in READS.values()] + list(WRITES.values()):
            with pytest.raises(Unavailable, match="'db_gone' could not be reached") as caught:
                operation(backend)
            assert clean(caught.value)
            # The database's own words.
            assert re.search(
                rf"reached \([^)]*\): .*{HOST}.*([Cc]onnection refused|[Cc]an't connect)",
                caught.value.reason,
            )
            assert "\n" not in caught.value.reason
            assert caught.value.__cause__ is not None
        with pytest.raises(Unavailable, match="could not be reached"):
            backend.update(CELL, lambda record: Write(RECORD))
        with pytest.raises(Unavailable, match="could not be reached"):
            backend.provision()
    finally:
        port.release()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"USER": "nobody_of_that_name", "PASSWORD": SECRET}, "nobody_of_that_name"),
        ({"NAME": "no_such_database"}, "no_such_database"),
        ({"HOST": "host.invalid", "PASSWORD": SECRET}, "host.invalid"),
    ],
)
def test_a_server_that_lets_nobody_in_says_why(server, open_backend, other_database, wrong, words):
    other_database("db_closed", {**server.settings_dict, **wrong})
    backend = open_backend("db_closed", provision=False)
    with pytest.raises(Unavailable, match=rf"could not be reached \([^)]*\): .*{words}") as caught:
        backend.get(CELL)
    assert clean(caught.value)


def test_a_secret_of_the_settings_is_hidden_in_the_databases_words(
    server, open_backend, other_database
):
    # As it would be in a message that repeats what it was given.
    other_database("db_repeats", {**server.settings_dict, "USER": SECRET, "PASSWORD": SECRET})
    backend = open_backend("db_repeats", provision=False)
    with pytest.raises(Unavailable, match=r"could not be reached.*\*\*\*") as caught:
        backend.get(CELL)
    assert SECRET not in str(caught.value)


def test_a_file_that_cannot_be_opened_says_why(open_backend, other_database, tmp_path):
    nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "no" / "file")}
    other_database("db_nowhere", nowhere)
    with pytest.raises(Unavailable, match=r"reached \(error SQLITE_CANTOPEN\): unable to open"):
        open_backend("db_nowhere", provision=False).get(CELL)


def test_a_time_limit_is_a_timeout(server, open_backend, elsewhere):
    backend = open_backend(server.alias)
    backend.set(CELL, b"0", None)
    limit = (
        "statement_timeout = 50"
        if server.vendor == "postgresql"
        else "innodb_lock_wait_timeout = 1"
    )

    def wait_for_the_lock():
        with connections[server.alias].cursor() as cursor:
            cursor.execute(f"SET {limit}")
        with pytest.raises(Timeout, match="time limit") as caught:
            backend.set(CELL, RECORD, None)
        assert clean(caught.value)
        with pytest.raises(Timeout, match="time limit"):
            backend.update(CELL, lambda record: Write(RECORD))

    with transaction.atomic(using=server.alias):
        backend.set(CELL, b"1", None)
        elsewhere(wait_for_the_lock)
    assert backend.get(CELL) == b"1"


def test_what_the_server_would_drop_the_connection_for_is_not_sent(mysql, open_backend):
    backend = open_backend(mysql.alias)
    backend.set(CELL, RECORD, None)
    session = session_of(mysql)
    large = bytes(17 * 1024 * 1024)
    with transaction.atomic(using=mysql.alias):
        backend.set("n:before", RECORD, None)
        for operation in (
            lambda: backend.set(CELL, large, None),
            lambda: backend.add("n:new", large, None),
            lambda: backend.compare_and_set(CELL, RECORD, large, None),
            lambda: backend.update(CELL, lambda record: Write(large)),
        ):
            with pytest.raises(ValueTooLarge, match="max_allowed_packet = 16777216") as caught:
                operation()
            assert clean(caught.value)
    assert session_of(mysql) == session
    assert backend.scan("n:", None, 9).cells == [("n:before", RECORD), (CELL, RECORD)]


@pytest.mark.parametrize("byte", [b"\0", b"'", b"\\", b"a"])
def test_the_largest_cell_fits_however_it_is_written(database, open_backend, byte):
    backend = open_backend(database.alias)
    first, second = byte * backend.cell_bytes, byte * (backend.cell_bytes - 1) + b"\xff"
    backend.set(CELL, first, None)
    assert backend.compare_and_set(CELL, first, second, None)
    assert backend.get(CELL) == second
    backend.update(CELL, lambda record: Write(first))
    assert backend.get(CELL) == first


def test_a_batch_over_every_limit_is_sent_in_parts(database, open_backend):
    backend = open_backend(database.alias)
    cells = {f"n:{number}": b"'" * 1_500_000 for number in range(16)}
    backend.set_many(cells, None)
    assert backend.get_many(list(cells)) == cells


def test_djangos_own_word_is_passed_on(database, open_backend):
    backend = open_backend(database.alias)
    with transaction.atomic(using=database.alias):
        transaction.set_rollback(True, using=database.alias)
        with pytest.raises(TransactionManagementError):
            backend.get(CELL)


def refused(backend, words):
    """Check that reads go on, and that writes are refused in those words and change nothing."""
    for name, operation in [*WRITES.items(), ("update", lambda b: b.update(CELL, other))]:
        with pytest.raises(Refused, match=words) as caught:
            operation(backend)
        assert not isinstance(caught.value, Unavailable), name
        assert clean(caught.value)
        assert caught.value.__cause__ is not None
    for read, expected in READS.values():
        assert read(backend) == expected


def other(record):
    return Write(b"other")


@pytest.fixture
def filled(database, open_backend):
    backend = open_backend(database.alias)
    backend.set(CELL, RECORD, None)
    return backend


@pytest.mark.parametrize("form", ["calm", "contended"])
def test_a_database_for_reading_only_refuses(database, filled, form):
    if form == "contended":
        filled._crowded_until = float("inf")
    switch, words = {
        "sqlite": (
            "PRAGMA query_only = ON",
            "error SQLITE_READONLY.: attempt to write a readonly database",
        ),
        "postgresql": (
            "SET default_transaction_read_only = on",
            "error 25006.: cannot execute (INSERT|DELETE|UPDATE|SELECT FOR UPDATE) in a read-only",
        ),
        "mysql": (
            "SET SESSION TRANSACTION READ ONLY",
            "error 1792.: Cannot execute statement in a READ ONLY transaction",
        ),
    }[database.vendor]
    with database.cursor() as cursor:
        cursor.execute(switch)
    refused(filled, words)


@pytest.mark.parametrize("form", ["calm", "contended"])
def test_a_role_that_may_only_read_is_refused(server, other_database, open_backend, form):
    open_backend(server.alias).set(CELL, RECORD, None)
    postgresql = server.vendor == "postgresql"
    database = server.settings_dict["NAME"]
    role = f"login_of_{database}"  # for roles are the whole server's, and tests run side by side
    settings = {**server.settings_dict, "USER": role, "PASSWORD": SECRET}
    with server.cursor() as cursor:
        if postgresql:
            cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
            cursor.execute(f"GRANT SELECT ON kvstore TO {role}")
        else:
            cursor.execute(f"CREATE OR REPLACE USER {role} IDENTIFIED BY '{SECRET}'")
            cursor.execute(f"GRANT SELECT ON `{database}`.* TO {role}")
    try:
        other_database("db_reader", settings)
        backend = open_backend("db_reader", provision=False)
        if form == "contended":
            backend._crowded_until = float("inf")
        words = "error 42501.: permission denied for table kvstore"
        refused(backend, words if postgresql else "error 1142.: .* command denied to user")
    finally:
        connections["db_reader"].close()
        with server.cursor() as cursor:
            if postgresql:
                cursor.execute(f"DROP OWNED BY {role}")
            cursor.execute(f"DROP {'ROLE' if postgresql else 'USER'} {role}")


def test_a_full_disk_refuses(file, open_backend):
    backend = open_backend(file.alias)
    backend.set(CELL, RECORD, None)
    with file.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA max_page_count = 1")  # as many as there are, in fact
    large = bytes(100_000)
    for write in (
        lambda: backend.set("n:large", large, None),
        lambda: backend.add("n:large", large, None),
        lambda: backend.update("n:large", lambda record: Write(large)),
    ):
        with pytest.raises(Refused, match=r"error SQLITE_FULL.: database or disk is full"):
            write()
    assert backend.get(CELL) == RECORD
    backend.delete(CELL)


def test_a_file_that_is_no_database_refuses(other_database, open_backend, tmp_path):
    path = tmp_path / "text"
    path.write_text("This is not a database, however long it goes on. " * 100)
    other_database("db_text", {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
    backend = open_backend("db_text", provision=False)
    with pytest.raises(Refused, match=r"error SQLITE_NOTADB.: file is not a database"):
        backend.get(CELL)


def test_a_transaction_that_failed_before_says_so(postgres, open_backend):
    backend = open_backend(postgres.alias)
    backend.set(CELL, RECORD, None)

    @transaction.atomic(using=postgres.alias)
    def go_on_after_an_error(operation):
        with contextlib.suppress(DatabaseError), postgres.cursor() as cursor:
            cursor.execute("SELECT 1 FROM not_there")
        operation(backend)

    for operation in [read for read, _ in READS.values()] + list(WRITES.values()):
        with pytest.raises(TransactionManagementError, match="earlier statement") as caught:
            go_on_after_an_error(operation)
        assert clean(caught.value)
        assert backend.get(CELL) == RECORD
    # And the way out that the message names.
    with transaction.atomic(using=postgres.alias):
        with (
            contextlib.suppress(DatabaseError),
            transaction.atomic(using=postgres.alias),
            postgres.cursor() as cursor,
        ):
            cursor.execute("SELECT 1 FROM not_there")
        backend.set(CELL, b"other", None)
    assert backend.get(CELL) == b"other"


@pytest.mark.parametrize(
    "said", ["the connection is closed", "connection already closed", "cursor already closed"]
)
def test_what_a_driver_does_not_send_itself_was_not_sent(said):
    # psycopg 3, and psycopg 2, which is not installed here, of a new cursor and of one kept.
    assert failure_of(InterfaceError(said), broken=True) is Failure.UNSENT
