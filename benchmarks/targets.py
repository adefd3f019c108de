"""The ratios to reach: how close to the floor, how far ahead of the peers.

``[target for target in TARGETS if target.group == "locmem"]``

All are of medians of one run. Where a ratio to a floor names several, the quickest of them counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .result import GroupResult

Kind = Literal["floor", "peer"]


@dataclass(frozen=True)
class Target:
    """At most so many times the floor's time, or a peer's time at least so many times ours."""

    group: str
    operation: str
    kind: Kind
    against: tuple[str, ...]
    bound: float

    def found(self, result: GroupResult, *, least: bool = False) -> float | None:
        """Return the ratio, of the medians or of the minima; None where it was not measured."""
        there = [name for name in self.against if result.has(self.operation, result.ours, name)]
        if not there:
            return None
        time = result.minimum if least else result.median
        ours = time(self.operation, result.ours)
        theirs = min(time(self.operation, name) for name in there)
        return ours / theirs if self.kind == "floor" else theirs / ours

    def is_met(self, ratio: float, *, generosity: float = 1.0) -> bool:
        if self.kind == "floor":
            return ratio <= self.bound * generosity
        return ratio >= self.bound / generosity


def _floor(group: str, against: str | tuple[str, ...], **bounds: float) -> Iterator[Target]:
    names = (against,) if isinstance(against, str) else against
    for operation, bound in bounds.items():
        yield Target(group, operation, "floor", names, bound)


def _peer(group: str, against: str, **bounds: float) -> Iterator[Target]:
    for operation, bound in bounds.items():
        yield Target(group, operation, "peer", (against,), bound)


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
    *_floor("serializer", ("ormsgpack", "msgspec", "orjson"), both=1.5),
    *_peer("serializer", "json", both=3),
)


def targets_of(group: str) -> list[Target]:
    return [target for target in TARGETS if target.group == group]
