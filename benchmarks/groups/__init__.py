"""The groups: a module for each, found by its name.

``load("locmem").contestants(stage)``
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from ..contestant import Contestant
from ..operations import MANY_AT_ONCE, SINGLE, Operation
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
    "serializer",
)


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


def load(name: str) -> Group:
    """Return the group of that name; nobody else's libraries are imported."""
    group = import_module(f".{name.replace('-', '_')}", __name__).GROUP
    assert isinstance(group, Group)
    return group
