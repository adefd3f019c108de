"""Contestants that say what they were asked, and results made by hand.

``Memory("a", log=log)``, ``result(ours=("ours", [1.0]), dict=("floor", [2.0]))``
"""

from __future__ import annotations

from typing import Any

from benchmarks.contestant import AsyncKeyValue, KeyValue, Role
from benchmarks.result import Entrant, GroupResult


class Memory(KeyValue):
    """A sound one, on a dict of its own; each call goes into the log, if there is one."""

    def __init__(self, name: str = "memory", role: Role = "peer", log: Any = None) -> None:
        self.name = name
        self.role = role
        self.log: list[tuple[str, str]] = [] if log is None else log
        self.cells: dict[str, Any] = {}

    def clear(self) -> None:
        self.cells.clear()

    def get(self, key: str) -> Any:
        self.log.append((self.name, "get"))
        return self.cells.get(key)

    def set(self, key: str, value: Any) -> None:
        self.log.append((self.name, "set"))
        self.cells[key] = value

    def delete(self, key: str) -> bool:
        self.log.append((self.name, "delete"))
        return self.cells.pop(key, None) is not None

    def add(self, key: str, value: Any) -> bool:
        return self.cells.setdefault(key, value) is value

    def incr(self, key: str) -> int:
        self.cells[key] = self.cells.get(key, 0) + 1
        return int(self.cells[key])

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        return {key: self.cells[key] for key in keys if key in self.cells}

    def set_many(self, values: dict[str, Any]) -> None:
        self.cells.update(values)

    def delete_many(self, keys: list[str]) -> None:
        for key in keys:
            self.cells.pop(key, None)

    def walk(self) -> int:
        return len(self.cells)

    def walk_keys(self) -> int:
        return len(self.cells)


class Tasks(AsyncKeyValue):
    """One of coroutines, that has the least there is."""

    name = "tasks"

    def __init__(self) -> None:
        self.cells: dict[str, Any] = {}

    async def clear(self) -> None:
        self.cells.clear()

    async def get(self, key: str) -> Any:
        return self.cells.get(key)

    async def set(self, key: str, value: Any) -> None:
        self.cells[key] = value

    async def delete(self, key: str) -> None:
        self.cells.pop(key, None)


def result(
    name: str = "locmem", operation: str = "get_hit", **samples: tuple[Role, list[float]]
) -> GroupResult:
    """Return a result of one operation: ``result(ours=("ours", [1.0]), dict=("floor", [2.0]))``."""
    return GroupResult(
        name,
        name,
        "quick",
        [Entrant(each, role) for each, (role, _) in samples.items()],
        {operation: {each: found for each, (_, found) in samples.items()}},
    )
