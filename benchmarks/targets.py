"""The ratios to reach: how close to the floor, how far ahead of the peers.

``[target for target in TARGETS if target.group == "locmem"]``

All are of medians of one run. Where a ratio to a floor names several, the quickest of them counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .operations import REQUESTS
from .result import GroupResult

#: A ratio to the floor, at most; a peer's ratio to us, at least; so much more than the floor, at
#: most; so much at most.
Kind = Literal["floor", "peer", "more", "most"]


@dataclass(frozen=True)
class Target:
    """One bound, in the operation's unit where it is no ratio."""

    group: str
    operation: str
    kind: Kind
    against: tuple[str, ...]
    bound: float

    def found(self, result: GroupResult, *, least: bool = False) -> float | None:
        """Return what was found, by the medians or by the minima; None if it was not measured."""
        number = result.minimum if least else result.median
        if not result.has(self.operation, result.ours):
            return None
        ours = number(self.operation, result.ours)
        if self.kind == "most":
            return ours
        there = [name for name in self.against if result.has(self.operation, name)]
        if not there:
            return None
        theirs = min(number(self.operation, name) for name in there)
        if self.kind == "more":
            return ours - theirs
        return ours / theirs if self.kind == "floor" else theirs / ours

    @property
    def is_ratio(self) -> bool:
        return self.kind in ("floor", "peer")

    def is_met(self, found: float) -> bool:
        return found >= self.bound if self.kind == "peer" else found <= self.bound

    def is_near(self, found: float, generosity: float) -> bool:
        """Say whether it is within so many times its bound, or what was reached of it."""
        if self.kind == "peer":
            return found >= self.bound / generosity
        reached = SHORTFALLS.get((self.group, self.operation), self.bound)
        return found <= reached * generosity


def _floor(group: str, against: str | tuple[str, ...], **bounds: float) -> Iterator[Target]:
    names = (against,) if isinstance(against, str) else against
    for operation, bound in bounds.items():
        yield Target(group, operation, "floor", names, bound)


def _peer(group: str, against: str, **bounds: float) -> Iterator[Target]:
    for operation, bound in bounds.items():
        yield Target(group, operation, "peer", (against,), bound)


def _most(group: str, **bounds: float) -> Iterator[Target]:
    for operation, bound in bounds.items():
        yield Target(group, operation, "most", (), bound)


def _more(group: str, against: str, **bounds: float) -> Iterator[Target]:
    for operation, bound in bounds.items():
        yield Target(group, operation, "more", (against,), bound)


#: The names of what takes one request, in `_most`.
_SIMPLE = ("get_hit", "get_miss", "set_new", "set_over", "delete", "add")
_ONE_REQUEST = {f"{REQUESTS}{name}": 1.0 for name in _SIMPLE}
_SAME_CALL = dict.fromkeys(_SIMPLE, 1.15)

TARGETS: tuple[Target, ...] = (
    *_floor("locmem", "dict", get_hit=1.5, set_over=1.5, set_new=1.5, get_miss=4),
    *_peer("locmem", "LocMemCache", get_hit=2.5, set_over=3, set_new=3, get_miss=6, crowd=3),
    *_floor("sqlite", "sqlite3", get_hit=1.5, get_miss=1.5),
    *_floor("sqlite", "sqlite3", set_new=1.25, set_over=1.25, delete=1.25, add=1.25, incr=1.25),
    *_floor("sqlite", "sqlite3", get_many=1.2, set_many=1.2),
    *_peer("sqlite", "DatabaseCache", get_hit=4, set_new=5, set_over=5, set_many=15),
    *_peer("sqlite", "the ORM", get_hit=12),
    *_peer("sqlite", "diskcache", set_new=2, set_over=2, get_hit=1),
    *_floor("sqlite-10k", "sqlite3", get_hit=1.6),
    *_peer("sqlite-10k", "DatabaseCache", get_hit=1.8),
    *_floor("postgresql", "psycopg", get_hit=1.4, get_miss=1.4, set_new=1.4, set_over=1.4),
    *_peer("postgresql", "DatabaseCache", get_hit=1.7, set_new=6, set_over=6, set_many=50),
    *_floor("postgresql-prepared", "psycopg", get_hit=1.7, get_miss=1.7),
    *_peer("postgresql-prepared", "the ORM", get_hit=3.5),
    *_floor("mariadb", "PyMySQL", get_hit=1.5, get_miss=1.5, set_new=1.2, set_over=1.2),
    *_peer("mariadb", "DatabaseCache", set_new=6, set_over=6, set_many=60),
    *_floor("memcached", "pymemcache", get_hit=1.15, get_miss=1.15, set_new=1.15, set_over=1.15),
    *_floor("memcached", "pymemcache", get_many=1.2, set_many=1.2),
    *_peer("memcached", "PyMemcacheCache", get_hit=1.6, get_many=2.5, set_many=2),
    *_peer("memcached", "py-key-value", get_hit=3, set_new=3, set_over=3),
    *_floor("tyrant", "socket", get_hit=1.4, get_miss=1.4, set_new=1.4, set_over=1.4),
    *_floor("tyrant", "socket", set_many=1.5),
    *_peer("tyrant", "as in 2010", get_hit=1.3, set_new=1.3, set_over=1.3),
    *_more("tyrant", "socket", walk_keys=2e-6),
    *_most("sdb", **_ONE_REQUEST),
    *_floor("sdb", "boto3", **_SAME_CALL),
    *_most("gae", **_ONE_REQUEST),
    *_floor("gae", "google-cloud-datastore", **_SAME_CALL),
    *_more("importing", "without it", **{"import": 0.015}),
    *(
        target
        for engine in ("sqlite", "postgresql")
        for each in ("get_hit", "set_new", "set_over", "delete", "page")
        for target in _floor("scaling", "few keys", **{f"{engine}_{each}": 1.3})
    ),
    *_most("memory", memory_walk=64, memory_dump=64, memory_copy=64),
    *_floor("serializer", ("ormsgpack", "msgspec", "orjson"), both=1.5),
    *_peer("serializer", "json", both=3),
)

#: Floors that were not reached, and how far above them a profile ended: docs/benchmarks.md says
#: why. The guard starts from here, so that it finds what is lost and not what was never there.
SHORTFALLS: dict[tuple[str, str], float] = {
    ("locmem", "set_new"): 4.0,
    ("locmem", "set_over"): 4.0,
}


def targets_of(group: str) -> list[Target]:
    return [target for target in TARGETS if target.group == group]
