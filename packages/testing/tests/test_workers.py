"""Those who race: they are told what failed, and leave nobody behind."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from threading import Barrier
from typing import Any

import pytest

from django_kvstore import Store, get_kvstore
from django_kvstore_testing import tasks
from django_kvstore_testing.opening import Opening
from django_kvstore_testing.project import inherited_settings
from django_kvstore_testing.threads import run_threads
from django_kvstore_testing.workers import Crews, ProcessWorkers, ThreadWorkers
from mutants import failing

OPENING = Opening("contract", {"URL": "locmem://workers"})


class Children:
    """The processes that a test has started: those of the run's own crew were there before."""

    def __init__(self) -> None:
        self._before = set(multiprocessing.active_children())

    def now(self) -> list[BaseProcess]:
        return [each for each in multiprocessing.active_children() if each not in self._before]


@pytest.fixture
def children() -> Children:
    """What the test starts."""
    return Children()


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


def test_processes_are_started_once_for_many_races(store: Store, children: Children) -> None:
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
    assert children.now() == []


def test_a_failing_process_is_told_of_and_ends_all(store: Store, children: Children) -> None:
    workers = ProcessWorkers(OPENING, inherited_settings(), processes=2, threads=2)
    with pytest.raises(AssertionError, match=r"(?s)another process failed.*KeyError: 'nowhere'"):
        workers.race(failing.fail_in_one, store)
    assert not workers.usable
    assert children.now() == []


def test_a_process_that_cannot_open_the_store_is_told_of(children: Children) -> None:
    opening = Opening("contract", {"URL": "nosuchengine://"})
    with pytest.raises(AssertionError, match="There is no backend for the scheme 'nosuchengine'"):
        ProcessWorkers(opening, inherited_settings(), processes=1, threads=1)
    assert children.now() == []


@pytest.fixture
def crews(children: Children) -> Iterator[Crews]:
    """The processes of a run that has just begun."""
    crews = Crews()
    yield crews
    crews.close()
    assert children.now() == []


def few(crews: Crews, opening: Opening, **changes: Any) -> ProcessWorkers:
    """Return two processes of two threads each."""
    return crews.workers(opening, {**inherited_settings(), **changes}, processes=2, threads=2)


def test_one_crew_opens_one_store_after_the_other(
    store: Store, crews: Crews, children: Children
) -> None:
    first = few(crews, OPENING)
    before = {process.pid for process in children.now()}
    assert first.race(tasks.add_first, store, keys=["key"]).count([True]) == 2
    second = few(crews, Opening("contract", {"URL": "locmem://others"}))
    assert second is first
    assert second.race(tasks.see, store, key="key") == [None] * 4
    assert {process.pid for process in children.now()} == before


def test_a_crew_at_rest_has_closed_its_stores(store: Store, crews: Crews) -> None:
    workers = few(crews, OPENING)
    crews.rest()
    with pytest.raises(AssertionError, match="no store is open"):
        workers.race(tasks.see, store, key="key")
    assert few(crews, OPENING).race(tasks.see, store, key="key") == [None] * 4


def test_a_crew_of_which_one_has_died_is_replaced(
    store: Store, crews: Crews, children: Children
) -> None:
    few(crews, OPENING)
    dead = children.now()[0]
    dead.kill()
    dead.join()
    assert few(crews, OPENING).race(tasks.see, store, key="key") == [None] * 4
    assert len(children.now()) == 2


def test_a_process_that_dies_in_a_race_keeps_nobody_waiting(
    store: Store, crews: Crews, children: Children
) -> None:
    workers = few(crews, OPENING)
    with pytest.raises(AssertionError, match="a process ended with code 9"):
        workers.race(failing.die_in_one, store)
    assert children.now() == []
    assert few(crews, OPENING).race(tasks.see, store, key="key") == [None] * 4


def test_other_settings_need_other_processes(
    store: Store, crews: Crews, children: Children
) -> None:
    assert few(crews, OPENING) is not few(crews, OPENING, SECRET_KEY="another")
    assert len(children.now()) == 4


def test_workers_see_the_environment_of_now(
    store: Store, crews: Crews, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(crews, OPENING)
    monkeypatch.setenv("KVSTORE_TEST_OF_WORKERS", "now")
    names = few(crews, OPENING).race(failing.environment, store, name="KVSTORE_TEST_OF_WORKERS")
    assert names == ["now"] * 4
