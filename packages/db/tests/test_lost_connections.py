"""When a connection breaks, what is read is read again; a write in doubt is not repeated."""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial

import pytest
from db_faults import CELL, READS, RECORD, WRITES, clean, kill, session_of
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

from django_kvstore.backend import Write
from django_kvstore.errors import OutcomeUnknown, Unavailable
from django_kvstore_testing.proxy import Proxy


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
