"""Turns, one after the other: A B C, A B C, …, at each operation.

``play(contestants, workload_of, OPERATIONS, scale)`` returns the samples: seconds a call, by
operation and contestant, one for each round.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .contestant import CROWD, Columns, Contestant, KeyValue, pages
from .operations import CROWDED, LOAD, REQUESTS, WALK, WALK_KEYS, Operation
from .scale import Scale
from .workload import MANY, Workload

#: Seconds a call, one for each round, by operation and contestant.
Samples = dict[str, dict[str, list[float]]]
#: The most calls in one turn.
MOST = 20_000


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the collector of garbage from falling into somebody's turn."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Match:
    """The contestants of one group, each with its workload, at one operation after the other."""

    def __init__(self, contestants: Sequence[Contestant], size: int, scale: Scale) -> None:
        self.contestants = contestants
        self.scale = scale
        self.works = {each.name: Workload(size, scale.keys) for each in contestants}
        self.samples: Samples = {}
        self.notes: list[str] = []

    def play(self, operation: Operation) -> None:
        """Let those who can do it take turns."""
        able = [each for each in self.contestants if each.offers(operation.method)]
        calls = {each.name: self._calibrate(each, operation) for each in able}
        found = self.samples[operation.name] = {each.name: [] for each in able}
        for _ in range(self.scale.rounds):
            gc.collect()
            for each in able:
                number = calls[each.name]
                found[each.name].append(self._turn(each, operation, number) / number)

    def _turn(self, contestant: Contestant, operation: Operation, number: int) -> float:
        # A call that is a turn by itself needs no warming.
        warm = number // 10 + 1 if number > 1 else 0
        columns = operation.columns(contestant, self.works[contestant.name], warm + number)
        operation.before(contestant, columns)
        # The others' turns have left the processor's caches full of theirs.
        contestant.repeat(operation.method, tuple(column[:warm] for column in columns))
        counted = tuple(column[warm:] for column in columns)
        with undisturbed():
            seconds = timed(lambda: contestant.repeat(operation.method, counted))
        operation.after(contestant, columns)
        return seconds

    def _calibrate(self, contestant: Contestant, operation: Operation) -> int:
        """Return how many calls make a turn; it warms up what there is to warm up."""
        number = 1
        while True:
            seconds = self._turn(contestant, operation, number)
            if seconds > self.scale.turn / 4 or number >= MOST:
                return max(1, min(MOST, int(number * self.scale.turn / max(seconds, 1e-9))))
            number *= 4

    def count_requests(self, operations: Sequence[Operation]) -> None:
        """Note how many requests one call makes, where a contestant can tell."""
        for operation in operations:
            for each in self.contestants:
                if each.offers("requests") and each.offers(operation.method):
                    columns = operation.columns(each, self.works[each.name], 1)
                    operation.before(each, columns)
                    before = each.requests()
                    each.repeat(operation.method, columns)
                    made = float(each.requests() - before)
                    operation.after(each, columns)
                    found = self.samples.setdefault(f"{REQUESTS}{operation.name}", {})
                    found[each.name] = [made]

    def fill(self) -> None:
        """Give every contestant the entries and the counters."""
        for each in self.contestants:
            if not isinstance(each, KeyValue):
                continue
            work = self.works[each.name]
            each.do("clear")
            store_all(each, work.entries())
            if each.offers("incr"):
                each.repeat("incr", (work.counters,))
        # What is there now stays to the end, and need not be looked through at every collection.
        gc.collect()
        gc.freeze()

    def crowd(self) -> None:
        """Let eight threads, or tasks, be at each contestant at once."""
        able = [each for each in self.contestants if isinstance(each, KeyValue)]
        found = self.samples[CROWDED] = {each.name: [] for each in able}
        calls = {each.name: 10 for each in able}
        for each in able:
            # The first turn makes the threads and their connections.
            self._crowded(each, 10)
            seconds = self._crowded(each, 20)
            # Ten times as long as others' turns, so that starting the threads is little of it.
            fitting = int(20 * 10 * self.scale.turn / max(seconds, 1e-9))
            # In tens, of which one is a write.
            calls[each.name] = max(1, min(MOST, fitting) // 10) * 10
        for _ in range(self.scale.rounds):
            gc.collect()
            for each in able:
                number = calls[each.name]
                found[each.name].append(self._crowded(each, number) / (number * CROWD))
        for each in able:
            each.close_crowd()

    def _crowded(self, contestant: KeyValue, number: int) -> float:
        work = self.works[contestant.name]
        keys = [work.some_keys(number) for _ in range(CROWD)]
        jobs: list[Columns] = [(each, work.new_values(each)) for each in keys]
        with undisturbed():
            return timed(lambda: contestant.crowd(jobs))

    def bulk(self) -> None:
        """Load very many entries into an empty store, and walk over them."""
        number = self.scale.bulk
        able = [each for each in self.contestants if isinstance(each, KeyValue)]
        slow = [each for each in able if self._load_estimate(each) * number > self.scale.limit]
        if slow:
            self.notes.append(
                f"Not loaded, since {number:,} entries would take over {self.scale.limit:g} s: "
                f"{', '.join(each.name for each in slow)}."
            )
        for name in (LOAD, WALK, WALK_KEYS):
            self.samples[name] = {}
        for _ in range(self.scale.rounds):
            gc.collect()
            for each in able:
                spent = sum(self.samples[LOAD].get(each.name, ())) * number
                if each not in slow and spent < self.scale.patience:
                    self._bulk(each, number)

    def _load_estimate(self, contestant: Contestant) -> float:
        """Return about how many seconds it takes to load an entry."""
        for operation, entries in (("set_many", MANY), ("set_over", 1)):
            found = self.samples.get(operation, {}).get(contestant.name)
            if found:
                return min(found) / entries
        return 0.0

    def _bulk(self, contestant: KeyValue, number: int) -> None:
        contestant.do("clear")
        entries = self.works[contestant.name].entries(number)
        with undisturbed():
            self._note(LOAD, contestant, timed(lambda: store_all(contestant, entries)), number)
        for name in (WALK, WALK_KEYS):
            if contestant.offers(name):
                with undisturbed():
                    seconds = timed(lambda name=name: contestant.do(name))  # type: ignore[misc]
                self._note(name, contestant, seconds, number)

    def _note(self, name: str, contestant: Contestant, seconds: float, number: int) -> None:
        self.samples[name].setdefault(contestant.name, []).append(seconds / number)


def store_all(contestant: Contestant, entries: dict[str, Any]) -> None:
    """Write very many entries in the best way that the contestant has."""
    if contestant.offers("load"):
        contestant.do("load", entries)
    elif contestant.offers("set_many"):
        for page in pages(entries):
            contestant.do("set_many", page)
    else:
        contestant.repeat("set", (list(entries), list(entries.values())))


def tell(text: str) -> None:
    """Say what goes on, apart from the results."""
    print(text, file=sys.stderr, flush=True)
