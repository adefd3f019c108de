"""Checks of contention: many threads and processes at one entry, and nothing lost."""

from __future__ import annotations

from collections import Counter

from django_kvstore.store import Store

from . import tasks
from .base import Base
from .clauses import clause, needs
from .workers import ProcessWorkers, ThreadWorkers

Workers = ProcessWorkers | ThreadWorkers


class Contention(Base):
    """Clauses ``contention-…``."""

    @clause("contention-incr")
    @needs("atomic")
    def test_no_increment_is_lost(self, store: Store, workers: Workers) -> None:
        """However many count at once, each sum is given once, and the last is the total."""
        store.incr("hits", 0)
        rounds = self.often(self.rounds)
        sums = workers.race(tasks.count_up, store, key="hits", times=rounds)
        total = workers.number * rounds
        assert store.get("hits") == total
        assert sorted(number for each in sums for number in each) == list(range(1, total + 1))

    @clause("contention-add")
    @needs("atomic")
    def test_one_of_all_adds(self, store: Store, workers: Workers) -> None:
        """Of all who add an entry at once one is told that he did, and it is his."""
        store.add("probe", 1)
        keys = [f"race {number}" for number in range(self.often(self.races))]
        answers = workers.race(tasks.add_first, store, keys=keys)
        for at, key in enumerate(keys):
            winners = [number for number, won in enumerate(answers) if won[at]]
            assert len(winners) == 1, f"{key} was added {len(winners)} times"
            assert store.get(key) == winners[0]

    @clause("contention-put")
    @needs("atomic")
    def test_one_of_all_puts_a_new_entry(self, store: Store, workers: Workers) -> None:
        """Of all who put an entry at once one is told that it was new."""
        store.put("probe", 1)
        keys = [f"race {number}" for number in range(max(1, self.often(self.races) // 4))]
        answers = workers.race(tasks.put_first, store, keys=keys)
        assert [sum(answer[at] for answer in answers) for at in range(len(keys))] == [1] * len(keys)
        assert set(store.get_many(keys)) == set(keys)

    @clause("contention-pop")
    @needs("atomic")
    def test_one_of_all_pops(self, store: Store, workers: Workers) -> None:
        """Of all who pop an entry at once one gets the value."""
        store.pop("probe")
        keys = [f"race {number}" for number in range(self.often(self.races))]
        store.set_many({key: key for key in keys})
        answers = workers.race(tasks.pop_first, store, keys=keys)
        for at, key in enumerate(keys):
            got = Counter(answer[at] for answer in answers)
            assert got == {key: 1, None: workers.number - 1}
        assert store.get_many(keys) == {}

    @clause("contention-cas")
    @needs("atomic")
    def test_no_swap_is_lost(self, store: Store, workers: Workers) -> None:
        """Every compare-and-set that answered True has happened, and no other."""
        store.compare_and_set("probe", 0, 1)
        store.set("number", 0)
        each = max(1, self.often(self.swaps) // workers.number)
        done = workers.race(tasks.swap_up, store, key="number", times=each)
        assert done == [each] * workers.number
        assert store.get("number") == each * workers.number

    @clause("contention-get-or-set")
    @needs("atomic")
    def test_one_of_all_computes(self, store: Store, workers: Workers) -> None:
        """Of all who want a missing value at once one computes it, and all get that one."""
        store.get_or_set("probe", 1)
        keys = [f"race {number}" for number in range(max(1, self.often(self.races) // 20))]
        answers = workers.race(tasks.compute, store, keys=keys)
        for at, key in enumerate(keys):
            values = {answer[at][0] for answer in answers}
            computed = [number for number, answer in enumerate(answers) if answer[at][1]]
            assert values == set(computed) == {store.get(key)}

    @clause("contention-whole")
    def test_a_reader_sees_whole_values(self, store: Store, workers: Workers) -> None:
        """Who reads while others overwrite gets one value or another, and never a mixture."""
        size = 20_000
        store.set("text", "a" * size)
        mixed = workers.race(
            tasks.overwrite_and_read, store, key="text", letters="abc", size=size, times=20
        )
        assert [seen for each in mixed for seen in each] == []
        assert store.get("text") in {letter * size for letter in "abc"}
