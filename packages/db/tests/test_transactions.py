"""The caller's transaction is the caller's: everything in it is undone with it, nothing else is."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from django_kvstore import Store
from django_kvstore.backend import Write
from django_kvstore.errors import Conflict, Timeout
from django_kvstore.options import StoreOptions


class Undo(Exception):
    """Ends an atomic block in failure."""


def undone(database, work):
    """Do `work` in a transaction that is rolled back."""
    with contextlib.suppress(Undo), transaction.atomic(using=database.alias):
        work()
        raise Undo


WRITES = {
    "set": lambda backend: backend.set("n:new", b"record", None),
    "set over": lambda backend: backend.set("n:old", b"record", None),
    "delete": lambda backend: backend.delete("n:old"),
    "take": lambda backend: backend.take("n:old"),
    "take_many": lambda backend: backend.take_many(["n:old", "n:new"]),
    "add": lambda backend: backend.add("n:new", b"record", None),
    "swap": lambda backend: backend.compare_and_set("n:old", b"old", b"record", None),
    "update": lambda backend: backend.update("n:old", lambda record: Write(b"record")),
    "update anew": lambda backend: backend.update("n:new", lambda record: Write(b"record")),
    "update away": lambda backend: backend.update("n:old", lambda record: Write(None)),
    "set_many": lambda backend: backend.set_many(dict.fromkeys("abc", b"record"), None),
    "delete_many": lambda backend: backend.delete_many(["n:old", "n:new"]),
    "clear": lambda backend: backend.clear(""),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_undone_with_the_callers_transaction(database, open_backend, elsewhere, name):
    backend = open_backend(database.alias)
    backend.set("n:old", b"old", None)
    words: set[str] = set()

    def work():
        with CaptureQueriesContext(database) as queries:
            WRITES[name](backend)
        words.update(query["sql"].split()[0] for query in queries)
        assert backend.scan("", None, 9).cells != [("n:old", b"old")]
        # Nobody else sees it yet.
        assert elsewhere(lambda: backend.scan("", None, 9).cells) == [("n:old", b"old")]

    undone(database, work)
    assert backend.scan("", None, 9).cells == [("n:old", b"old")]
    assert words <= {"SELECT", "INSERT", "UPDATE", "DELETE"}, "no COMMIT, no SAVEPOINT"


def test_what_is_there_already_does_not_spoil_the_transaction(database, open_backend):
    backend = open_backend(database.alias)
    backend.set("n:there", b"old", None)
    with transaction.atomic(using=database.alias):
        assert not backend.add("n:there", b"record", None)
        assert not backend.compare_and_set("n:there", None, b"record", None)
        assert not backend.compare_and_set("n:there", b"else", b"record", None)
        backend.set("n:after", b"record", None)
    assert backend.scan("", None, 9).cells == [("n:after", b"record"), ("n:there", b"old")]


def test_a_savepoint_of_the_callers_undoes_its_part(database, open_backend):
    backend = open_backend(database.alias)
    with transaction.atomic(using=database.alias):
        backend.set("n:outer", b"record", None)
        undone(database, lambda: backend.set("n:inner", b"record", None))
    assert backend.scan_keys("", None, 9).keys == ["n:outer"]


def test_with_autocommit_off_the_caller_commits(database, open_backend):
    backend = open_backend(database.alias)
    database.set_autocommit(False)
    try:
        backend.update("n:gone", lambda record: Write(b"record"))
        backend.set("n:gone too", b"record", None)
        database.rollback()
        backend.update("n:kept", lambda record: Write(b"record"))
        database.commit()
        backend.delete("n:kept")
        database.rollback()
    finally:
        database.set_autocommit(True)
    assert backend.scan_keys("", None, 9).keys == ["n:kept"]


def test_an_update_in_a_transaction_sees_what_others_committed_in_the_meantime(
    database, open_backend, elsewhere
):
    backend = open_backend(database.alias)
    backend.set("n:hits", b"1", None)
    calls: list[bytes | None] = []

    def increment(record):
        calls.append(record)
        return Write(b"%d" % (int(record) + 1))

    with transaction.atomic(using=database.alias):
        if database.vendor != "sqlite":  # where reading first would take a view for good
            assert backend.get("n:hits") == b"1"
        elsewhere(lambda: backend.update("n:hits", increment))
        backend.update("n:hits", increment)
    assert calls == [b"1", b"2"]
    assert backend.get("n:hits") == b"3"


def test_in_repeatable_read_no_update_is_lost_and_none_goes_on_for_ever(
    mysql, open_backend, elsewhere
):
    backend = open_backend(mysql.alias)
    backend.set("n:hits", b"1", None)
    with transaction.atomic(using=mysql.alias):
        with mysql.cursor() as cursor:
            cursor.execute("COMMIT")
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("BEGIN")
        assert backend.get("n:hits") == b"1"
        elsewhere(lambda: backend.set("n:hits", b"2", None))
        assert backend.get("n:hits") == b"1", "the view of a repeatable read"
        backend.update("n:hits", lambda record: Write(b"%d" % (int(record) + 1)))
    assert backend.get("n:hits") == b"3"


def test_a_transaction_that_cannot_be_served_is_a_conflict_and_marked(
    postgres, open_backend, elsewhere
):
    backend = open_backend(postgres.alias)
    backend.set("n:hits", b"1", None)
    with transaction.atomic(using=postgres.alias):
        with postgres.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert backend.get("n:hits") == b"1"
        elsewhere(lambda: backend.set("n:hits", b"2", None))
        with pytest.raises(Conflict, match="error 40001"):
            backend.update("n:hits", lambda record: Write(b"3"))
        assert postgres.needs_rollback
    assert backend.get("n:hits") == b"2"


def test_a_deadlock_undoes_one_transaction_as_a_whole(mysql, open_backend, elsewhere):
    backend = open_backend(mysql.alias)
    backend.set_many({"n:1": b"0", "n:2": b"0"}, None)
    beaten: list[tuple[str, bool]] = []

    def cross(first, second, meeting):
        with transaction.atomic(using=mysql.alias):
            backend.set(first, first.encode(), None)
            meeting.wait(timeout=20)
            try:
                backend.set(second, first.encode(), None)
            except Conflict as error:
                # The caller goes on; yet the database has undone all of it.
                beaten.append((str(error), connections[mysql.alias].needs_rollback))
        connections[mysql.alias].close()

    meeting = threading.Barrier(2)
    threads = [
        threading.Thread(target=cross, args=(*pair, meeting))
        for pair in (("n:1", "n:2"), ("n:2", "n:1"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    ((said, marked),) = beaten
    assert "error 1213" in said
    assert marked
    values = set(backend.get_many(["n:1", "n:2"]).values())
    assert len(values) == 1, "both writes of the one, none of the other"
    assert values != {b"0"}


def test_who_is_in_a_transaction_does_not_wait_for_one_who_computes(
    database, open_backend, elsewhere
):
    store = Store(open_backend(database.alias), StoreOptions())
    store.set("row", "old")
    told: list[object] = []

    def wait_in_a_transaction():
        with transaction.atomic(using=database.alias):
            told.append(store.get_or_set("key", lambda: "computed in a transaction"))

    def compute():
        elsewhere(wait_in_a_transaction)
        return "computed"

    assert store.get_or_set("key", compute) == "computed in a transaction"
    assert told == [store.get("key")]
    assert store.backend.get("!key") is None


def test_a_transaction_of_the_callers_is_known(database, open_backend):
    backend = open_backend(database.alias)
    assert not backend.in_transaction()
    with transaction.atomic(using=database.alias):
        assert backend.in_transaction()
    database.close()
    assert not backend.in_transaction()
    assert database.connection is None, "and asking opens nothing"
    database.set_autocommit(False)
    try:
        assert backend.in_transaction()
    finally:
        database.set_autocommit(True)


def test_sqlite_waits_for_a_lock_and_says_so_when_it_never_comes(file, open_backend, elsewhere):
    backend = open_backend(file.alias)
    backend.contention_timeout = 0.2
    file.close()
    file.settings_dict["OPTIONS"]["timeout"] = 0.05
    holder = sqlite3.connect(file.settings_dict["NAME"], isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Timeout, match="in use by others") as caught:
            backend.set("n:key", b"record", None)
        assert caught.value.__cause__ is not None
        with pytest.raises(Timeout), transaction.atomic(using=file.alias):
            backend.update("n:key", lambda record: Write(b"record"))
        assert backend.get("n:key") is None, "a reader needs no lock in WAL mode"
        holder.execute("COMMIT")
    finally:
        holder.close()
        del file.settings_dict["OPTIONS"]["timeout"]
    backend.set("n:key", b"record", None)
    assert backend.get("n:key") == b"record"


def test_sqlite_writes_again_when_the_lock_comes_late(file, open_backend):
    backend = open_backend(file.alias)
    file.close()
    file.settings_dict["OPTIONS"]["timeout"] = 0
    holder = sqlite3.connect(file.settings_dict["NAME"], isolation_level=None)
    attempts: list[str] = []

    def watch(execute, sql, params, many, context):
        attempts.append(sql)
        if len(attempts) == 4:
            holder.execute("COMMIT")
        return execute(sql, params, many, context)

    try:
        holder.execute("BEGIN IMMEDIATE")
        with file.execute_wrapper(watch):
            assert backend.add("n:key", b"record", None)
    finally:
        holder.close()
        del file.settings_dict["OPTIONS"]["timeout"]
    assert len(attempts) == 4
    assert backend.get("n:key") == b"record"


def test_a_database_in_memory_will_do(other_database, open_backend):
    other_database("db_memory", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"})
    backend = open_backend("db_memory")
    backend.set("n:key", b"record", None)
    assert backend.get("n:key") == b"record"
    assert not Path(":memory:").exists()
