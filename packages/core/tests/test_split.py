"""What is left behind by split values, and what collects it; the kit tests what readers see."""

from __future__ import annotations

import time
from typing import ClassVar
from uuid import uuid4

import pytest

from django_kvstore import Store, StoreURL, split
from django_kvstore.options import StoreOptions
from django_kvstore_locmem import LocMemBackend


class SmallCells(LocMemBackend):
    cell_bytes: ClassVar[int] = 1500


@pytest.fixture
def small() -> Store:
    url = StoreURL.parse(f"locmem://{uuid4().hex}")
    return Store(SmallCells("small", url, {}), StoreOptions(namespace="n"))


def parts(store: Store) -> int:
    return store.backend.count("n;")


LARGE = "x" * 10_000


def test_parts_are_seen_by_nobody(small: Store) -> None:
    small.set("a", LARGE)
    assert parts(small) > 5
    assert list(small.keys()) == ["a"]
    assert small.count() == 1
    assert small.get("a") == LARGE


@pytest.mark.parametrize("replace", ["set", "delete", "pop", "compare_and_set", "touch"])
def test_parts_go_when_their_value_is_replaced_knowingly(small: Store, replace: str) -> None:
    small.set("a", LARGE)
    before = parts(small)
    if replace == "set":
        small.set("a", LARGE + "y")
        assert parts(small) == before
    elif replace == "compare_and_set":
        assert small.compare_and_set("a", LARGE, "small")
        assert parts(small) == 0
    elif replace == "touch":
        assert small.touch("a", 100)
        assert small.get("a") == LARGE
        assert parts(small) == before
    else:
        assert getattr(small, replace)("a") in (True, LARGE)
        assert parts(small) == 0


def test_a_refused_write_leaves_no_parts(small: Store) -> None:
    small.set("a", 1)
    assert not small.add("a", LARGE)
    assert not small.compare_and_set("a", 2, LARGE)
    assert parts(small) == 0


def test_purge_collects_orphans_once_they_are_old(
    small: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.set("kept", LARGE)
    kept = parts(small)
    small.set("a", LARGE)
    small.set("a", "small")  # one request, so the parts stay
    assert parts(small) == 2 * kept
    assert small.purge() == 0
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + split.GRACE + 1)
    assert small.purge() == kept
    assert parts(small) == kept
    assert small.get("kept") == LARGE
    assert small.get("a") == "small"
