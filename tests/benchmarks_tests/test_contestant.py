"""Contestants: what they offer, and how those of coroutines and of threads are called."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.contestant import CROWD, KeyValue, pages

from .players import Memory, Tasks


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks()
    tasks.open()
    yield tasks
    tasks.close()


def test_a_method_is_offered_where_it_is_defined_or_bound() -> None:
    class Least(KeyValue):
        name = "least"

    least = Least()
    assert not least.offers("incr")
    assert not least.offers("requests")
    least.bind(incr=lambda key: 1)
    assert least.offers("incr")
    assert least.do("incr", "key") == 1
    assert Memory().offers("incr")


def test_a_turn_of_coroutines_is_one_run_of_the_loop(tasks: Tasks) -> None:
    loops: list[Any] = []

    async def get(key: str) -> None:
        loops.append((key, asyncio.get_running_loop()))

    tasks.bind(get=get)
    tasks.repeat("get", (["a", "b", "c"],))
    assert [key for key, _ in loops] == ["a", "b", "c"]
    assert {loop for _, loop in loops} == {tasks.loop}


def test_a_crowd_of_coroutines_is_one_task_each(tasks: Tasks) -> None:
    seen: set[Any] = set()

    async def get(key: str) -> None:
        seen.add(asyncio.current_task())
        await asyncio.sleep(0)

    tasks.bind(get=get)
    tasks.crowd([(["a"] * 20, [1] * 20) for _ in range(CROWD)])
    assert len(seen) == CROWD
    assert tasks.cells == {"a": 1}


def test_a_crowd_of_threads_is_one_job_each() -> None:
    seen: list[int] = []
    closed: list[int] = []

    class Threaded(Memory):
        def of_thread(self) -> KeyValue:
            seen.append(threading.get_ident())
            return self

        def close_thread(self) -> None:
            closed.append(threading.get_ident())

    contestant = Threaded()
    contestant.crowd([([f"key {n}"] * 20, [n] * 20) for n in range(CROWD)])
    contestant.close_crowd()
    assert len(set(seen)) == len(seen) == CROWD
    assert sorted(closed) == sorted(seen)
    assert threading.main_thread().ident not in seen
    assert contestant.cells == {f"key {n}": n for n in range(CROWD)}


def test_an_error_in_a_thread_comes_out() -> None:
    class Broken(Memory):
        def get(self, key: str) -> Any:
            raise ConnectionError("lost")

    contestant = Broken()
    with pytest.raises(ConnectionError, match="lost"):
        contestant.crowd([(["a"] * 2, [1] * 2) for _ in range(CROWD)])
    contestant.close_crowd()


def test_pages_hold_every_entry() -> None:
    values = {str(n): n for n in range(25)}
    found = list(pages(values, 10))
    assert [len(page) for page in found] == [10, 10, 5]
    assert {key: value for page in found for key, value in page.items()} == values
