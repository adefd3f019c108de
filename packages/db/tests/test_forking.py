"""After a fork, parent and child have a connection each, and neither ends the other's."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import warnings

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_child(work):
    """Run `work` in a forked process to its orderly end; say whether it did not fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads about
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    code = 1
    signal.alarm(60)  # ends a child that waits for ever
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a forked child must not go on as another pytest
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)


def driver_of(alias):
    return connections[alias].connection


def test_a_child_opens_a_connection_of_its_own(database, open_backend):
    backend = open_backend(database.alias)
    backend.set("n:key", b"parent", None)
    before = driver_of(database.alias)

    def work():
        backend.forked()
        assert backend.get("n:key") == b"parent"
        assert driver_of(database.alias) is not before
        backend.set("n:child", b"record", None)
        # As at the end of the process, when everything is collected.
        connections[database.alias].close()
        if hasattr(before, "close"):
            before.close()

    assert in_child(work)
    assert driver_of(database.alias) is before
    assert backend.get("n:child") == b"record", "on the connection from before the fork"
    assert driver_of(database.alias) is before


def test_the_parents_transaction_is_not_the_childs(database, open_backend):
    backend = open_backend(database.alias)
    alias = database.alias

    def work():
        backend.forked()
        with pytest.raises(TransactionManagementError):
            backend.set("n:child", b"record", None)

    with transaction.atomic(using=alias):
        backend.set("n:key", b"parent", None)
        assert in_child(work)
        backend.set("n:more", b"parent", None)
    assert backend.scan_keys("n:", None, 9).keys == ["n:key", "n:more"]


def test_connections_that_no_store_uses_are_let_alone(file, open_backend, other_database, tmp_path):
    entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "other.sqlite3")}
    other = other_database("db_other", entry)
    other.ensure_connection()
    backend = open_backend(file.alias)
    kept = driver_of("db_other")

    def work():
        backend.forked()
        assert driver_of(file.alias) is None
        assert driver_of("db_other") is kept

    assert in_child(work)


def test_a_database_in_memory_is_kept(open_backend, other_database):
    other_database("db_memory", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"})
    backend = open_backend("db_memory")
    backend.set("n:key", b"parent", None)

    def work():
        backend.forked()
        assert backend.get("n:key") == b"parent"

    assert in_child(work)


def test_a_fork_beside_threads_that_do_nothing_at_that_moment(file, open_backend):
    backend = open_backend(file.alias)
    opened, over = threading.Barrier(5), threading.Event()

    def open_and_wait(number):
        backend.set(f"n:{number}", b"thread", None)
        opened.wait(timeout=60)
        over.wait(timeout=120)
        connections.close_all()

    def work():
        backend.forked()
        assert backend.get("n:0") == b"thread"
        backend.set("n:child", b"record", None)

    threads = [threading.Thread(target=open_and_wait, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        opened.wait(timeout=60)
        for _ in range(10):
            assert in_child(work)
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=60)


def test_a_child_does_not_wait_for_a_writer_that_stayed_behind(file, open_backend, elsewhere):
    backend = open_backend(file.alias)

    def work():
        backend.forked()
        backend.set("n:key", b"child", None)

    with backend.table.queue:
        # The thread that forks is not the one that writes, and writers are not forked.
        assert elsewhere(lambda: in_child(work))
    assert backend.get("n:key") == b"child"
