"""An outage is never a miss, what is refused is said, and no message tells a secret."""

from __future__ import annotations

import pytest
from db_faults import CELL, READS, RECORD, SECRET, WRITES, clean, session_of
from django.db import InterfaceError, connections, transaction
from django.db.transaction import TransactionManagementError

from django_kvstore.backend import Write
from django_kvstore.errors import KVStoreError, Timeout, Unavailable, ValueTooLarge
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
            assert caught.value.__cause__ is not None
        with pytest.raises(Unavailable, match="could not be reached"):
            backend.update(CELL, lambda record: Write(RECORD))
        with pytest.raises(Unavailable, match="could not be reached"):
            backend.provision()
    finally:
        port.release()


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


def test_a_database_that_refuses_to_write_is_unavailable(file, open_backend):
    backend = open_backend(file.alias)
    backend.set(CELL, RECORD, None)
    with file.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
    for name, operation in WRITES.items():
        with pytest.raises(KVStoreError, match="refused") as caught:
            operation(backend)
        assert isinstance(caught.value, Unavailable), name
        assert clean(caught.value)
    assert backend.get(CELL) == RECORD


@pytest.mark.parametrize(
    "said", ["the connection is closed", "connection already closed", "cursor already closed"]
)
def test_what_a_driver_does_not_send_itself_was_not_sent(said):
    # psycopg 3, and psycopg 2, which is not installed here, of a new cursor and of one kept.
    assert failure_of(InterfaceError(said), broken=True) is Failure.UNSENT
