"""The proof: whoever does the work passes, and whoever cheats is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.contestant import Codec
from benchmarks.contestants.mapping import Mapping
from benchmarks.contestants.sqlite_driver import SQLiteDriver
from benchmarks.proof import prove

from .players import Memory, Tasks


def test_the_sound_pass() -> None:
    prove(Memory(), 200)
    tasks = Tasks()
    tasks.open()
    try:
        prove(tasks, 200)
    finally:
        tasks.close()


@pytest.mark.parametrize("size", [200, 10_000])
def test_the_floors_that_need_no_server_pass(tmp_path: Path, size: int) -> None:
    driver = SQLiteDriver(tmp_path)
    for contestant in (Mapping(), driver):
        contestant.open()
        prove(contestant, size)
        contestant.close()


class Forgetful(Memory):
    """Keeps the first value for ever."""

    def set(self, key: str, value: Any) -> None:
        self.cells.setdefault(key, value)


class Alike(Memory):
    """Returns what equals it, and is another type."""

    def get(self, key: str) -> Any:
        found = super().get(key)
        return list(found.items()) if found else found


class Undying(Memory):
    def delete(self, key: str) -> bool:
        return True


class Overwriting(Memory):
    def add(self, key: str, value: Any) -> bool:
        self.cells[key] = value
        return True


class Miscounting(Memory):
    def incr(self, key: str) -> int:
        super().incr(key)
        return 1


class Dropping(Memory):
    def set_many(self, values: dict[str, Any]) -> None:
        for key in list(values)[1:]:
            self.cells[key] = values[key]


class Inventing(Memory):
    def get_many(self, keys: list[str]) -> dict[str, Any]:
        return {key: self.cells.get(key) for key in keys}


class Sparing(Memory):
    def delete_many(self, keys: list[str]) -> None:
        self.cells.pop(keys[0], None)


class Sweeping(Memory):
    def delete_many(self, keys: list[str]) -> None:
        self.cells.clear()


class Strolling(Memory):
    def walk(self) -> int:
        return len(self.cells) - 1


class Hoarding(Memory):
    def clear(self) -> None:
        pass


@pytest.mark.parametrize(
    "kind",
    [
        Forgetful,
        Alike,
        Undying,
        Overwriting,
        Miscounting,
        Dropping,
        Inventing,
        Sparing,
        Sweeping,
        Strolling,
        Hoarding,
    ],
)
def test_whoever_does_less_is_named(kind: type[Memory]) -> None:
    with pytest.raises(AssertionError, match=kind.__name__):
        prove(kind(kind.__name__), 200)


def test_a_codec_that_loses_something_is_named() -> None:
    class Lossy(Codec):
        name = "lossy"

        def dumps(self, value: Any) -> bytes:
            return str(value["id"]).encode()

        def loads(self, data: bytes) -> Any:
            return {"id": int(data)}

    with pytest.raises(AssertionError, match="lossy: loads"):
        prove(Lossy(), 200)
