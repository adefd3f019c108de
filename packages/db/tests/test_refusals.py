"""What Django refuses, or does first, is the same where the driver is called directly."""

from __future__ import annotations

import asyncio

import pytest
from db_faults import kill, session_of
from db_operations import KEY, OPERATIONS, RECORD
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError, connections, transaction
from django.db.backends.signals import connection_created
from django.db.transaction import TransactionManagementError
from django.test.testcases import DatabaseOperationForbidden, _DatabaseFailure

from django_kvstore.errors import Refused, Unavailable
from django_kvstore_db.session import first


def test_a_broken_transaction_takes_no_statement(backend, database):
    with transaction.atomic(using=database.alias):
        transaction.set_rollback(True, using=database.alias)
        for operation in OPERATIONS.values():
            with pytest.raises(TransactionManagementError):
                operation(backend)
    assert backend.get(KEY) == RECORD


def test_a_test_that_may_use_no_database_uses_none(backend, database, monkeypatch):
    failure = _DatabaseFailure(database.cursor, "not in this test")
    monkeypatch.setattr(database, "cursor", failure)
    for operation in OPERATIONS.values():
        with pytest.raises(DatabaseOperationForbidden, match="not in this test"):
            operation(backend)


def test_a_closed_connection_is_opened_again(backend, database):
    opened: list[object] = []

    def note(sender, connection, **kwargs):
        opened.append(connection)

    connection_created.connect(note)
    try:
        for _ in range(2):
            database.close()
            assert backend.get(KEY) == RECORD
            backend.set(KEY, RECORD, None)
    finally:
        connection_created.disconnect(note)
    assert opened == [database, database]


def test_a_connection_is_checked_before_use_where_django_is_to(server, open_backend, elsewhere):
    backend = open_backend(server.alias)
    server.health_check_enabled = True
    session = session_of(server)
    elsewhere(lambda: kill(connections[server.alias], session))
    server.health_check_done = False  # as at the begin of a request
    backend.set(KEY, RECORD, None)
    assert server.health_check_done
    assert session_of(server) != session


def test_an_error_is_noted_so_that_django_looks_at_the_connection(database, open_backend, made):
    backend = open_backend(database.alias)
    with database.cursor() as cursor:
        cursor.execute("DROP TABLE kvstore")
    database.errors_occurred = False
    made.clear()
    with pytest.raises(Unavailable, match="is missing") as caught:
        backend.get(KEY)
    assert made == []
    assert database.errors_occurred
    assert isinstance(caught.value.__cause__, DatabaseError)
    assert isinstance(caught.value.__cause__.__cause__, database.Database.Error)


def test_a_rule_of_the_tables_owner_is_a_refusal_on_both_ways(mysql, open_backend):
    backend = open_backend(mysql.alias)
    with mysql.cursor() as cursor:
        cursor.execute("ALTER TABLE kvstore ADD CHECK (LENGTH(`value`) < 9)")
    for opened in (backend, open_backend(mysql.alias, direct="no")):
        with pytest.raises(Refused, match=r"refused a statement .error 4025.: CONSTRAINT"):
            opened.set(KEY, b"too long by far", None)


# Whose connection it is.


def test_within_an_event_loop_django_says_no(backend):
    async def call(operation):
        operation(backend)

    for operation in OPERATIONS.values():
        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(call(operation))


def test_a_connection_of_another_thread_is_refused_unless_it_is_shared(
    backend, database, elsewhere, made
):
    def use():
        before, connections[database.alias] = connections[database.alias], database
        try:
            return backend.get(KEY)
        finally:
            connections[database.alias] = before

    with pytest.raises(DatabaseError, match="created in thread"):
        elsewhere(use)
    database.inc_thread_sharing()
    try:
        made.clear()
        assert elsewhere(use) == RECORD
        assert len(made) == 1
    finally:
        database.dec_thread_sharing()


def test_a_connection_that_takes_anothers_place_is_used_at_once(backend, database):
    other = database.copy()
    try:
        connections[database.alias] = other
        assert backend.get(KEY) == RECORD
        assert other.connection is not None
        with transaction.atomic(using=database.alias):
            backend.set("n:other", RECORD, None)
            assert other.in_atomic_block
    finally:
        connections[database.alias] = database
        other.close()
    assert backend.get("n:other") == RECORD


def test_threads_have_connections_of_their_own(backend, database, elsewhere):
    with transaction.atomic(using=database.alias):
        backend.set(KEY, b"other", None)
        assert elsewhere(lambda: backend.get(KEY)) == RECORD
        assert backend.get(KEY) == b"other"


def test_who_comes_in_between_a_statement_and_its_answer_disturbs_nothing(backend):
    backend.set("n:other", b"other", None)
    session = backend._sessions.open()
    between: list[bytes | None] = []

    def take(cursor):
        # As a signal's handler may, or what the collector of garbage calls.
        between.append(backend.get("n:other"))
        return first(cursor)

    for _ in range(3):
        record, _ = session.send(session.sql.get, (session.sql.name(KEY),), take)
        assert bytes(record) == RECORD
        assert backend.get("n:not") is None
    assert between == [b"other"] * 3


def test_what_runs_after_the_commit_finds_what_was_written(backend, database):
    found: list[bytes | None] = []
    with transaction.atomic(using=database.alias):
        transaction.on_commit(lambda: found.append(backend.get(KEY)), using=database.alias)
        backend.set(KEY, b"other", None)
    assert found == [b"other"]
