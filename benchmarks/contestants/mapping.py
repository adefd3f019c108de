"""The floor of memory: a dict of MessagePack."""

from __future__ import annotations

from typing import Any

from ormsgpack import packb, unpackb

from ..contestant import KeyValue, Role


class Mapping(KeyValue):
    """What one would write oneself, with the serializer that the store uses."""

    name = "dict"
    role: Role = "floor"
    note = "with ormsgpack"

    def __init__(self) -> None:
        self._cells: dict[str, bytes] = {}

    def clear(self) -> None:
        self._cells.clear()

    def get(self, key: str) -> Any:
        data = self._cells.get(key)
        return None if data is None else unpackb(data)

    def set(self, key: str, value: Any) -> None:
        self._cells[key] = packb(value)

    def delete(self, key: str) -> bool:
        return self._cells.pop(key, None) is not None

    def add(self, key: str, value: Any) -> bool:
        if key in self._cells:
            return False
        self._cells[key] = packb(value)
        return True

    def incr(self, key: str) -> int:
        data = self._cells.get(key)
        total: int = 1 if data is None else unpackb(data) + 1
        self._cells[key] = packb(total)
        return total

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        cells = self._cells
        return {key: unpackb(cells[key]) for key in keys if key in cells}

    def set_many(self, values: dict[str, Any]) -> None:
        self._cells.update({key: packb(value) for key, value in values.items()})

    def delete_many(self, keys: list[str]) -> int:
        pop = self._cells.pop
        return sum(pop(key, None) is not None for key in keys)

    def walk(self) -> int:
        return sum(1 for _ in ((key, unpackb(data)) for key, data in self._cells.items()))

    def walk_keys(self) -> int:
        return sum(1 for _ in self._cells)
