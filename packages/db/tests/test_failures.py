"""An outage is never a miss, a lost answer is never repeated, and no message tells a secret."""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

from django_kvstore.backend import Write
from django_kvstore.errors import KVStoreError, OutcomeUnknown, Timeout, Unavailable, ValueTooLarge
from servers.port import HOST, Port
from servers.proxy import Proxy

SECRET = "correct-horse-battery"
CELL = f"n:{SECRET}"
RECORD = SECRET.encode()


@pytest.fixture(params=["postgres", "mysql"])
def server(request):
    """Django's connection to each database that is a server."""
    return request.getfixturevalue(request.param)


def session_of(connection):
    """Return the server's number for the connection."""
    with connection.cursor() as cursor:
        postgresql = connection.vendor == "postgresql"
        cursor.execute(f"SELECT {'pg_backend_pid' if postgresql else 'connection_id'}()")
        return cursor.fetchone()[0]


def kill(connection, session):
    """Have the server end that session, and wait until it is gone."""
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:
            cursor.execute("SELECT pg_terminate_backend(%s)", [session])
        else:
            cursor.execute(f"KILL {session}")
        table, column = ("pg_stat_activity", "pid") if postgresql else ("processlist", "id")
        schema = "" if postgresql else "information_schema."
        for _ in range(1000):
            cursor.execute(f"SELECT 1 FROM {schema}{table} WHERE {column} = %s", [session])
            if cursor.fetchone() is None:
                return
            time.sleep(0.01)
    raise AssertionError("the session outlived its end")


def clean(error):
    """Say whether the error keeps the key, the record and the password to itself."""
    return SECRET not in str(error) and SECRET not in repr(error)


READS = {
    "get": (lambda backend: backend.get(CELL), RECORD),
    "get_many": (lambda backend: backend.get_many([CELL]), {CELL: RECORD}),
    "scan": (lambda backend: backend.scan("n:", None, 9).cells, [(CELL, RECORD)]),
    "count": (lambda backend: backend.count("n:"), 1),
}
WRITES = {
    "set": lambda backend: backend.set(CELL, RECORD, None),
    "delete": lambda backend: backend.delete(CELL),
    "add": lambda backend: backend.add("n:new", RECORD, None),
    "swap": lambda backend: backend.compare_and_set(CELL, RECORD, b"other", None),
    "set_many": lambda backend: backend.set_many({CELL: RECORD}, None),
}


@pytest.mark.parametrize("name", READS)
def test_a_read_outlives_the_end_of_its_connection(server, open_backend, elsewhere, name):
    backend = open_backend(server.alias)
    backend.set(CELL, RECORD, None)
    session = session_of(server)
    elsewhere(lambda: kill(connections[server.alias], session))
    read, expected = READS[name]
    assert read(backend) == expected


@pytest.mark.parametrize("name", WRITES)
def test_a_write_on_a_connection_that_ended_is_not_repeated_in_doubt(
    server, open_backend, elsewhere, name
):
    backend = open_backend(server.alias)
    backend.set(CELL, RECORD, None)
    session = session_of(server)
    elsewhere(lambda: kill(connections[server.alias], session))
    # The server's farewell may be read before the statement is sent, or instead of its answer.
    with contextlib.suppress(OutcomeUnknown):
        WRITES[name](backend)
    backend.set(CELL, b"after", None)
    assert backend.get(CELL) == b"after", "the next call has a connection again"


@pytest.mark.parametrize("name", WRITES)
def test_a_write_goes_by_a_new_connection_when_it_was_surely_not_sent(server, open_backend, name):
    backend = open_backend(server.alias)
    backend.set(CELL, RECORD, None)
    server.connection.close()  # the driver knows, Django does not
    WRITES[name](backend)


@pytest.mark.parametrize("when", ["statement", "commit", "commit, and then nobody is there"])
def test_a_write_whose_answer_is_lost_is_of_unknown_outcome(
    postgres, open_backend, other_database, elsewhere, when
):
    settings, commits = postgres.settings_dict, when != "statement"
    direct = open_backend(postgres.alias)
    direct.set(CELL, RECORD, None)
    constraint = ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED") if commits else ("", "")
    with postgres.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'"
        )
        cursor.execute(
            f"CREATE {constraint[0]} TRIGGER dawdle AFTER INSERT OR UPDATE ON kvstore"
            f" {constraint[1]} FOR EACH ROW EXECUTE FUNCTION dawdle()"
        )

    def end_it_while_it_dawdles(session, proxy):
        connection = connections[postgres.alias]
        with connection.cursor() as cursor:
            wait = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
            for _ in range(1000):
                cursor.execute(wait, [session])
                if cursor.fetchone():
                    break
                time.sleep(0.01)
        if "nobody" in when:
            proxy.refuse()
        kill(connection, session)

    calls: list[bytes | None] = []

    def change(record):
        calls.append(record)
        return Write(b"other")

    with Proxy(settings["HOST"], int(settings["PORT"])) as proxy:
        through = {**settings, "HOST": proxy.host, "PORT": str(proxy.port)}
        backend = open_backend(other_database("db_cut", through).alias)
        backend._crowded_until = float("inf")  # so that `update` has a transaction to commit
        update = partial(backend.update, CELL, change)
        write = update if commits else partial(backend.set, CELL, b"other", None)
        session = session_of(connections["db_cut"])
        end_it = partial(end_it_while_it_dawdles, session, proxy)
        ending = threading.Thread(target=elsewhere, args=[end_it])
        ending.start()
        try:
            with pytest.raises(OutcomeUnknown, match="read before you write again") as caught:
                write()
        finally:
            ending.join(timeout=60)
            with postgres.cursor() as cursor:
                cursor.execute("DROP FUNCTION dawdle CASCADE")
    assert clean(caught.value)
    assert calls == ([RECORD] if commits else [])
    assert direct.get(CELL) == RECORD


@pytest.mark.parametrize("name", [*READS, *WRITES, "update"])
def test_in_a_transaction_a_lost_connection_is_the_end_of_it(server, open_backend, elsewhere, name):
    backend = open_backend(server.alias)
    backend.set(CELL, RECORD, None)
    operations = {name: read for name, (read, _) in READS.items()} | WRITES
    operations["update"] = lambda backend: backend.update(CELL, lambda record: Write(b"other"))

    @transaction.atomic(using=server.alias)
    def lose_it():
        backend.set("n:lost", RECORD, None)
        session = session_of(server)
        elsewhere(lambda: kill(connections[server.alias], session))
        operations[name](backend)

    with pytest.raises(Unavailable, match="broke") as caught:
        lose_it()
    assert clean(caught.value)
    assert backend.get("n:lost") is None
    assert backend.get(CELL) == RECORD


def test_a_caller_who_goes_on_in_a_lost_transaction_is_stopped(server, open_backend, elsewhere):
    backend = open_backend(server.alias)
    with transaction.atomic(using=server.alias):
        session = session_of(server)
        elsewhere(lambda: kill(connections[server.alias], session))
        with pytest.raises(Unavailable):
            backend.get(CELL)
        with pytest.raises((Unavailable, TransactionManagementError)):
            backend.set(CELL, RECORD, None)
    assert backend.get(CELL) is None


def test_a_reply_cut_at_any_byte_is_no_miss_and_no_second_write(
    server, open_backend, other_database
):
    backend = open_backend(server.alias)
    settings = server.settings_dict
    with Proxy(settings["HOST"], int(settings["PORT"])) as proxy:
        other_database("db_cut", {**settings, "HOST": proxy.host, "PORT": str(proxy.port)})
        through = open_backend("db_cut")
        unknown = 0
        for after in range(0, 60, 3):
            old, new = b"%d" % after, b"%d!" % after
            backend.set(CELL, old, None)
            assert through.get(CELL) == old
            proxy.cut_reply(after)
            assert through.get(CELL) == old, "read again on another connection"
            proxy.cut_reply(after)
            try:
                written = through.compare_and_set(CELL, old, new, None)
            except OutcomeUnknown as error:
                unknown += clean(error)
            else:
                assert written, "sent twice: the second comparison failed"
            proxy.pass_through()
            assert backend.get(CELL) == new
    assert unknown > 3


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
