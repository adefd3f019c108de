"""Under contention nothing is lost and nothing is refused, in and out of transactions.

What the contract says of this is checked by its kit, with processes; here is what is db's own.
"""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connections, transaction

from django_kvstore.backend import Write

THREADS = 12


def together(work):
    """Run ``work(number)`` on so many threads at once; return what they return."""
    start = threading.Barrier(THREADS)

    def run(number):
        try:
            start.wait(timeout=20)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def one_more(record):
    return Write(b"%d" % (int(record or 0) + 1))


def test_updates_from_nothing_are_all_there(database, open_backend):
    backend = open_backend(database.alias)
    together(lambda _: [backend.update("n:hits", one_more) for _ in range(25)])
    assert backend.get("n:hits") == b"%d" % (THREADS * 25)


def test_updates_within_transactions_are_all_there(database, open_backend):
    backend = open_backend(database.alias)

    def work(number):
        for _ in range(10):
            with transaction.atomic(using=database.alias):
                backend.update("n:hits", one_more)
                backend.set(f"n:{number}", b"record", None)
                backend.update("n:later hits", one_more)

    together(work)
    assert backend.get("n:hits") == backend.get("n:later hits") == b"%d" % (THREADS * 10)


def test_what_is_counted_is_taken_once(database, open_backend):
    backend = open_backend(database.alias)

    def work(number):
        taken = 0
        for _ in range(20):
            if number % 2:
                backend.update("n:jar", one_more)
            else:
                seen: list[int] = []
                backend.update("n:jar", lambda record, seen=seen: empty(record, seen))
                taken += seen[-1]
        return taken

    def empty(record, seen):
        seen.append(int(record or 0))
        return Write(None)

    taken = sum(together(work))
    assert taken + int(backend.get("n:jar") or 0) == THREADS // 2 * 20


def test_add_has_one_winner_also_over_an_expired_cell(database, open_backend):
    backend = open_backend(database.alias)
    backend.set_many({f"n:{number}": b"expired" for number in range(0, 20, 2)}, 1.0)
    rounds = threading.Barrier(THREADS)

    def work(thread):
        won = []
        for number in range(20):
            rounds.wait(timeout=30)
            if backend.add(f"n:{number}", b"%d" % thread, None):
                won.append(number)
        return won

    winners = together(work)
    assert sorted(number for won in winners for number in won) == list(range(20))
    for thread, won in enumerate(winners):
        assert set(backend.get_many([f"n:{number}" for number in won]).values()) <= {b"%d" % thread}


def test_bulk_writes_over_each_other_do_not_deadlock(database, open_backend):
    backend = open_backend(database.alias)
    keys = [f"n:{number}" for number in range(200)]

    def work(number):
        order = random.Random(number).sample(keys, len(keys))
        for round_ in range(5):
            backend.set_many(dict.fromkeys(order, b"%d" % round_), 1.0 if round_ == 3 else None)
            backend.purge("n:", 2.0)
            if round_ == 2:
                backend.delete_many(order)

    together(work)
    assert backend.get_many(keys) == dict.fromkeys(keys, b"4")


def test_a_change_that_fails_changes_nothing_and_is_passed_on(database, open_backend):
    backend = open_backend(database.alias)
    backend.set("n:hits", b"not a number", None)

    def fail(record):
        with database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM the_callers_own_table")

    backend._crowded_until = float("inf")  # so that it locks, in a transaction of its own
    with pytest.raises(ValueError, match="invalid literal"):
        backend.update("n:hits", one_more)
    with pytest.raises(DatabaseError, match="the_callers_own_table"):
        backend.update("n:hits", fail)
    assert backend.get("n:hits") == b"not a number"
    assert not database.in_atomic_block


def test_threads_of_one_process_do_not_wait_for_each_other_in_sqlite(file, open_backend):
    backend = open_backend(file.alias)
    busy, overlaps = threading.Lock(), []

    def watch(execute, sql, params, many, context):
        if sql.startswith("SELECT"):
            return execute(sql, params, many, context)
        alone = busy.acquire(blocking=False)
        try:
            if not alone:
                overlaps.append(sql)
            return execute(sql, params, many, context)
        finally:
            if alone:
                busy.release()

    def work(number):
        with connections[file.alias].execute_wrapper(watch):
            for turn in range(10):
                backend.update("n:hits", one_more)
                backend.set(f"n:{number}", b"%d" % turn, None)

    together(work)
    assert overlaps == []


def test_who_has_a_transaction_open_waits_for_no_turn(file, open_backend, elsewhere):
    backend = open_backend(file.alias)

    def write():
        with transaction.atomic(using=file.alias):
            backend.set("n:key", b"record", None)
            backend.update("n:hits", one_more)

    with backend.table.queue:
        elsewhere(write)
    assert backend.count("n:") == 2
