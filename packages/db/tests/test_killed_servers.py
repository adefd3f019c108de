"""A server that is killed under threads that count: each error is the store's, the sum is true."""

from __future__ import annotations

import contextlib
import threading

import pytest
from django.db import connections

from django_kvstore import Store
from django_kvstore.errors import OutcomeUnknown, Unavailable
from django_kvstore.options import StoreOptions
from servers.mariadb import MariaDB
from servers.postgresql import PostgreSQL

THREADS = 4
KILLS = 3


@pytest.fixture(params=[PostgreSQL, MariaDB])
def own_server(request, available):
    """A server that this test may kill."""
    server = request.param()
    available(server)
    with server:
        yield server


def counted(store, alias, stop, tallies, strange):
    """Count up until `stop`; note how many were counted, how many may have been, and the rest."""
    done = unknown = 0
    try:
        while not stop.is_set():
            try:
                store.incr("hits")
                done += 1
            except OutcomeUnknown:
                unknown += 1
            except Unavailable:
                stop.wait(0.01)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
        strange.append(error)
    finally:
        connections.close_all()
    tallies.append((done, unknown))


def test_a_kill_under_threads_that_count(own_server, other_database, open_backend):
    entry = own_server.django_database()
    if isinstance(own_server, MariaDB):
        entry["ENGINE"] = "pymysql_engine"
    other_database("db_killed", entry)
    store = Store(open_backend("db_killed"), StoreOptions())
    store.backend._crowded_until = float("inf")  # so that each change locks, in a transaction
    stop = threading.Event()
    tallies: list[tuple[int, int]] = []
    strange: list[Exception] = []
    threads = [
        threading.Thread(target=counted, args=(store, "db_killed", stop, tallies, strange))
        for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            wait_for_progress(store)
            own_server.kill()
            own_server.start()
        wait_for_progress(store)
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=120)
    assert strange == []
    done, unknown = (sum(numbers) for numbers in zip(*tallies, strict=True))
    assert len(tallies) == THREADS
    assert done <= store.get("hits") <= done + unknown


def wait_for_progress(store):
    """Return when the threads have counted on for a while, on the connection of this thread too."""
    seen: set[int] = set()
    for _ in range(3000):
        with contextlib.suppress(Unavailable):
            seen.add(store.get("hits", 0))
        if len(seen) > 5:
            return
        threading.Event().wait(0.02)
    raise AssertionError("nobody counts")
