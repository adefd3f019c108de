"""What is measured: which method is called, with what, and what is tidied up afterwards.

``operation.columns(contestant, workload, 500)`` are the arguments of 500 calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .contestant import Columns, Contestant, KeyValue
from .workload import MANY, Workload


def nothing(contestant: Contestant, columns: Columns) -> None:
    """Do nothing before or after."""


@dataclass(frozen=True)
class Operation:
    """One row of a group's table."""

    name: str
    title: str
    #: The contestant's method.
    method: str
    columns: Callable[[Contestant, Workload, int], Columns]
    #: What is done before and after a turn, untimed.
    before: Callable[[Contestant, Columns], None] = nothing
    after: Callable[[Contestant, Columns], None] = nothing


def _store(contestant: Contestant, columns: Columns) -> None:
    for number, key in enumerate(columns[0]):
        contestant.do("set", key, {"n": number})


def _store_many(contestant: Contestant, columns: Columns) -> None:
    for keys in columns[0]:
        contestant.do("set_many", {key: {"n": 1} for key in keys})


def _dumped(who: Contestant, work: Workload, number: int) -> Columns:
    return ([who.do("dumps", value) for value in work.some_values(number)],)


def _drop(contestant: Contestant, columns: Columns) -> None:
    assert isinstance(contestant, KeyValue)
    contestant.forget(columns[0])


def _keys(who: Contestant, work: Workload, number: int) -> Columns:
    return (work.some_keys(number),)


def _misses(who: Contestant, work: Workload, number: int) -> Columns:
    return (work.some_misses(number),)


def _over(who: Contestant, work: Workload, number: int) -> Columns:
    keys = work.some_keys(number)
    return keys, work.new_values(keys)


def _fresh_keys(who: Contestant, work: Workload, number: int) -> Columns:
    return (work.fresh_keys(number),)


def _fresh(who: Contestant, work: Workload, number: int) -> Columns:
    return work.fresh_keys(number), work.some_values(number)


def _counters(who: Contestant, work: Workload, number: int) -> Columns:
    return (work.some_counters(number),)


def _many_keys(who: Contestant, work: Workload, number: int) -> Columns:
    return ([work.some_keys(MANY) for _ in range(number)],)


def _many_items(who: Contestant, work: Workload, number: int) -> Columns:
    return ([work.some_items(MANY) for _ in range(number)],)


def _many_fresh_keys(who: Contestant, work: Workload, number: int) -> Columns:
    return ([work.fresh_keys(MANY) for _ in range(number)],)


def _values(who: Contestant, work: Workload, number: int) -> Columns:
    return (work.some_values(number),)


SINGLE = (
    Operation("get_hit", "get, hit", "get", _keys),
    Operation("get_miss", "get, miss", "get", _misses),
    Operation("set_new", "set, new", "set", _fresh, after=_drop),
    Operation("set_over", "set, over", "set", _over),
    Operation("delete", "delete", "delete", _fresh_keys, before=_store),
    Operation("add", "add", "add", _fresh, after=_drop),
    Operation("incr", "incr", "incr", _counters),
)
MANY_AT_ONCE = (
    Operation("get_many", f"get_many of {MANY}", "get_many", _many_keys),
    Operation("set_many", f"set_many of {MANY}", "set_many", _many_items),
    Operation(
        "delete_many", f"delete_many of {MANY}", "delete_many", _many_fresh_keys, _store_many
    ),
)
CODING = (
    Operation("dumps", "dumps", "dumps", _values),
    Operation("loads", "loads", "loads", _dumped),
    Operation("both", "both ways", "both", _values),
)
#: Those that are no plain turns of calls; see `rounds`.
CROWDED = "crowd"
LOAD, WALK, WALK_KEYS = "load", "walk", "walk_keys"
#: What the operations in which requests are counted begin with.
REQUESTS = "requests_"

MEMORY = "memory_"

_SCHEMES = ("locmem", "db", "memcached", "tyrant", "sdb", "gae")
_PLAIN = {each.name: each.title for each in (*SINGLE, *MANY_AT_ONCE, *CODING)}
TITLES = {
    **_PLAIN,
    **{f"{REQUESTS}{name}": f"requests of one {title}" for name, title in _PLAIN.items()},
    CROWDED: "eight threads, nine reads to one write",
    LOAD: "bulk load, per entry",
    WALK: "full walk, per entry",
    WALK_KEYS: "walk of the keys, per key",
    "import": "import",
    **{f"first_{scheme}": f"first use of {scheme}" for scheme in _SCHEMES},
    **{
        f"{engine}_{name}": f"{shown}: {title}"
        for engine, shown in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
        for name, title in {**_PLAIN, "page": "one page"}.items()
    },
    **{f"{MEMORY}{what}": what for what in ("walk", "dump", "copy")},
}


def unit(operation: str) -> str:
    """Return what a sample of the operation is a number of: "s", "requests" or "MiB"."""
    if operation.startswith(REQUESTS):
        return "requests"
    return "MiB" if operation.startswith(MEMORY) else "s"


def is_added(operation: str) -> bool:
    """Say whether what counts is by how much it takes longer than the floor, and no ratio."""
    return operation == "import" or operation.startswith("first_")
