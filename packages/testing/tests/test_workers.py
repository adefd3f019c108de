"""Those who race: they are told what failed, and leave nobody behind."""

from __future__ import annotations

import multiprocessing
from threading import Barrier

import pytest

from django_kvstore import Store, get_kvstore
from django_kvstore_testing import tasks
from django_kvstore_testing.opening import Opening
from django_kvstore_testing.project import inherited_settings
from django_kvstore_testing.threads import run_threads
from django_kvstore_testing.workers import ProcessWorkers, ThreadWorkers
from mutants import failing

OPENING = Opening("contract", {"URL": "locmem://workers"})


@pytest.fixture
def store() -> Store:
    """A store for them to race for."""
    store = get_kvstore("locmem://workers")
    store.clear()
    return store


def test_threads_answer_in_their_order() -> None:
    together = Barrier(8)

    def work(number: int) -> int:
        together.wait(30)
        return number * number

    assert run_threads(8, work) == [number * number for number in range(8)]


def test_a_failing_thread_is_told_of(store: Store) -> None:
    store.set("key", "no number")
    with pytest.raises(Exception, match="only an int counts"):
        ThreadWorkers(4).race(tasks.count_up, store, key="key", times=1)


def test_processes_are_started_once_for_many_races(store: Store) -> None:
    workers = ProcessWorkers(OPENING, inherited_settings(), processes=2, threads=2)
    try:
        assert workers.number == 4
        assert workers.race(tasks.see, store, key="key") == [None] * 4
        # Each process has a memory of its own, and the two threads of one share it.
        sums = workers.race(tasks.count_up, store, key="hits", times=5)
        assert [sorted(sums[0] + sums[1]), sorted(sums[2] + sums[3])] == [list(range(1, 11))] * 2
        assert workers.usable
    finally:
        workers.close()
    assert multiprocessing.active_children() == []


def test_a_failing_process_is_told_of_and_ends_all(store: Store) -> None:
    workers = ProcessWorkers(OPENING, inherited_settings(), processes=2, threads=2)
    with pytest.raises(AssertionError, match=r"(?s)another process failed.*KeyError: 'nowhere'"):
        workers.race(failing.fail_in_one, store)
    assert not workers.usable
    assert multiprocessing.active_children() == []


def test_a_process_that_cannot_open_the_store_is_told_of() -> None:
    opening = Opening("contract", {"URL": "nosuchengine://"})
    with pytest.raises(AssertionError, match="There is no backend for the scheme 'nosuchengine'"):
        ProcessWorkers(opening, inherited_settings(), processes=1, threads=1)
    assert multiprocessing.active_children() == []
