"""The groups: a module for each, found by its name.

``load("locmem").contestants(stage)``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from ..contestant import Contestant
from ..operations import MANY_AT_ONCE, SINGLE, Operation
from ..proof import prove
from ..result import Entrant, entrant
from ..rounds import Match, Samples
from ..scale import Scale
from ..stage import Stage

#: In the order in which they are run and told.
NAMES = (
    "locmem",
    "sqlite",
    "sqlite-10k",
    "postgresql",
    "postgresql-prepared",
    "mariadb",
    "memcached",
    "tyrant",
    "sdb",
    "gae",
    "serializer",
    "importing",
    "scaling",
    "memory",
)


class Playable(Protocol):
    """A group of whatever kind."""

    @property
    def title(self) -> str:
        """What its table is headed by."""

    def play(self, stage: Stage, scale: Scale) -> tuple[list[Entrant], Samples]:
        """Return who took part and what was found; raises `Missing`."""


@dataclass(frozen=True)
class Measurement:
    """A group that is no match of contestants: it measures in a way of its own."""

    title: str
    measure: Callable[[Stage, Scale], tuple[list[Entrant], Samples]]

    def play(self, stage: Stage, scale: Scale) -> tuple[list[Entrant], Samples]:
        return self.measure(stage, scale)


@dataclass(frozen=True)
class Group:
    """One engine's contestants, and what is asked of them."""

    title: str
    #: Configures Django, starts the servers and returns the contestants; raises `Missing`.
    contestants: Callable[[Stage], list[Contestant]]
    #: Bytes of a serialized value.
    size: int = 200
    operations: tuple[Operation, ...] = (*SINGLE, *MANY_AT_ONCE)
    crowd: bool = True
    bulk: bool = True

    def play(self, stage: Stage, scale: Scale) -> tuple[list[Entrant], Samples]:
        contestants = self.contestants(stage)
        for each in contestants:
            each.open()
            stage.later(each.close)
            prove(each, self.size)
        match = Match(contestants, self.size, scale)
        match.fill()
        for operation in self.operations:
            match.play(operation)
        match.count_requests(self.operations)
        if self.crowd:
            match.crowd()
        if self.bulk:
            match.bulk()
        for note in match.notes:
            stage.note(note)
        return [entrant(each) for each in contestants], match.samples


def load(name: str) -> Playable:
    """Return the group of that name; nobody else's libraries are imported."""
    group: Playable = import_module(f".{name.replace('-', '_')}", __name__).GROUP
    return group
