"""The rounds: who has a turn when, with how many calls, and what of it is counted."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import rounds
from benchmarks.contestant import CROWD, Columns
from benchmarks.operations import CROWDED, LOAD, MANY_AT_ONCE, SINGLE, WALK, WALK_KEYS
from benchmarks.rounds import Match
from benchmarks.scale import SMOKE

from .players import Memory, Tasks

OPERATIONS = {each.name: each for each in (*SINGLE, *MANY_AT_ONCE)}
SCALE = replace(SMOKE, rounds=7)


class Clock:
    """A clock that stands still but when a contestant is called."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Slow(Memory):
    """Takes so many seconds for each get, by the clock it is given."""

    def __init__(self, name: str, seconds: float, clock: Clock, log: Any = None) -> None:
        super().__init__(name, log=log)
        self.seconds = seconds
        self.clock = clock

    def get(self, key: str) -> Any:
        self.clock.now += self.seconds
        return super().get(key)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rounds, "time", clock)
    return clock


def test_contestants_take_turns_round_by_round(clock: Clock) -> None:
    log: list[tuple[str, str]] = []
    contestants = [Slow(name, 1.0, clock, log) for name in "abc"]
    match = Match(contestants, 200, SCALE)
    match.fill()
    log.clear()
    match.play(OPERATIONS["get_hit"])
    turns = [name for name, _ in itertools.groupby(name for name, _ in log)]
    # One turn each to find out how many calls make one, and then the rounds.
    assert turns == ["a", "b", "c"] * (1 + SCALE.rounds)


def test_a_sample_is_the_seconds_of_one_call(clock: Clock) -> None:
    contestants = [Slow("a", 0.00001, clock), Slow("b", 3.0, clock)]
    match = Match(contestants, 200, SCALE)
    match.fill()
    match.play(OPERATIONS["get_hit"])
    found = match.samples["get_hit"]
    assert found["a"] == pytest.approx([0.00001] * SCALE.rounds)
    assert found["b"] == pytest.approx([3.0] * SCALE.rounds)


def test_a_turn_has_as_many_calls_as_fit_into_it(clock: Clock) -> None:
    quick, slow = Slow("a", 0.00001, clock), Slow("b", 3.0, clock)
    match = Match([quick, slow], 200, replace(SCALE, turn=0.01))
    match.fill()
    assert match._calibrate(quick, OPERATIONS["get_hit"]) == pytest.approx(1000, abs=1)
    assert match._calibrate(slow, OPERATIONS["get_hit"]) == 1


def test_what_is_done_before_and_after_is_not_counted(clock: Clock) -> None:
    class Costly(Memory):
        def set(self, key: str, value: Any) -> None:
            clock.now += 100.0
            super().set(key, value)

        def delete(self, key: str) -> bool:
            clock.now += 1.0
            return super().delete(key)

    match = Match([Costly("a")], 200, SCALE)
    match.fill()
    match.play(OPERATIONS["delete"])
    assert match.samples["delete"]["a"] == pytest.approx([1.0] * SCALE.rounds)
    match.play(OPERATIONS["set_new"])
    assert match.samples["set_new"]["a"] == pytest.approx([100.0] * SCALE.rounds)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_leaves_as_many_entries_as_there_were(name: str) -> None:
    contestant = Memory("a")
    match = Match([contestant], 200, SCALE)
    match.fill()
    before = set(contestant.cells)
    match.play(OPERATIONS[name])
    assert set(contestant.cells) == before


@pytest.mark.parametrize(("name", "there"), [("get_hit", True), ("get_miss", False)])
def test_hits_hit_and_misses_miss(name: str, there: bool) -> None:
    answers: list[Any] = []

    class Telling(Memory):
        def get(self, key: str) -> Any:
            answers.append(super().get(key))
            return answers[-1]

    match = Match([Telling("a")], 200, SCALE)
    match.fill()
    match.play(OPERATIONS[name])
    assert answers
    assert all((answer is not None) is there for answer in answers)


def test_who_cannot_do_it_is_not_asked() -> None:
    tasks = Tasks()
    tasks.open()
    try:
        match = Match([Memory("a"), tasks], 200, SCALE)
        match.fill()
        match.play(OPERATIONS["incr"])
        match.play(OPERATIONS["set_over"])
    finally:
        tasks.close()
    assert set(match.samples["incr"]) == {"a"}
    assert set(match.samples["set_over"]) == {"a", "tasks"}
    assert len(match.samples["set_over"]["tasks"]) == SCALE.rounds


def test_the_crowd_reads_nine_times_for_each_write() -> None:
    log: list[tuple[str, str]] = []
    match = Match([Memory("a", log=log)], 200, SCALE)
    match.fill()
    log.clear()
    match.crowd()
    calls = [call for _, call in log]
    assert len(match.samples[CROWDED]["a"]) == SCALE.rounds
    assert calls.count("get") == 9 * calls.count("set")
    assert len(calls) >= 10 * CROWD


def test_bulk_loads_into_an_empty_store_and_walks_over_all_of_it() -> None:
    walked: list[int] = []

    class Walked(Memory):
        def walk(self) -> int:
            walked.append(len(self.cells))
            return len(self.cells)

    match = Match([Walked("a")], 200, replace(SCALE, patience=1000.0))
    match.fill()
    match.bulk()
    assert walked == [SCALE.bulk] * SCALE.rounds
    for name in (LOAD, WALK, WALK_KEYS):
        assert len(match.samples[name]["a"]) == SCALE.rounds


def test_who_would_load_for_ever_is_left_out_and_named(clock: Clock) -> None:
    class Loading(Memory):
        seconds = 1.0

        def set_many(self, values: dict[str, Any]) -> None:
            clock.now += len(values) * self.seconds
            super().set_many(values)

    snail, hare = Loading("snail"), Loading("hare")
    hare.seconds = 1e-05
    match = Match([snail, hare], 200, SCALE)
    match.fill()
    match.play(OPERATIONS["set_many"])
    match.bulk()
    assert set(match.samples[LOAD]) == {"hare"}
    assert "snail" in match.notes[0]


def test_requests_are_counted_where_they_can_be() -> None:
    class Counting(Memory):
        made = 0

        def requests(self) -> int:
            return self.made

        def repeat(self, method: str, columns: Columns) -> None:
            self.made += 2 * len(columns[0])
            super().repeat(method, columns)

    match = Match([Counting("a"), Memory("b")], 200, SCALE)
    match.fill()
    match.count_requests([OPERATIONS["get_hit"]])
    assert match.samples == {"requests_get_hit": {"a": [2.0]}}
