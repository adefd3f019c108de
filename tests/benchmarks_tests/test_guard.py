"""The guard: it fails on ratios that are far off twice, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.guard import beyond, guard
from benchmarks.result import GroupResult

from .players import result


def locmem(*ours: float, floor: float = 1.0) -> GroupResult:
    return result(ours=("ours", list(ours)), dict=("floor", [floor]))


def runs(*results: GroupResult | None) -> Callable[[str], GroupResult | None]:
    remaining = iter(results)
    return lambda name: next(remaining)


def test_there_is_thrice_the_room_of_the_target() -> None:
    # The target is 1.5 times a dict.
    assert not beyond(locmem(4.4))
    assert [target.operation for target in beyond(locmem(4.6))] == ["get_hit"]


def test_only_the_ratio_counts() -> None:
    assert not beyond(locmem(2900.0, floor=1000.0))
    assert beyond(locmem(4.6e-9, floor=1e-9))


def test_minima_that_are_well_excuse_medians_that_are_not() -> None:
    assert not beyond(locmem(1.4, 9.0, 9.0))


def test_a_peer_that_comes_close_fails_too() -> None:
    found = result(ours=("ours", [1.0]), LocMemCache=("peer", [0.8]))
    assert [target.kind for target in beyond(found)] == ["peer"]


def test_a_group_that_fails_once_is_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard("locmem", runs(locmem(9.0), locmem(1.4))) == set()
    assert "once more" in capsys.readouterr().out


def test_what_fails_twice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    failing = guard("locmem", runs(locmem(9.0), locmem(8.0)))
    assert failing is not None
    assert len(failing) == 1
    assert "get, hit: at most 1.5× dict, found 8×" in capsys.readouterr().out  # noqa: RUF001


def test_two_that_fail_once_each_are_well() -> None:
    other = result(operation="set_over", ours=("ours", [13.0]), dict=("floor", [1.0]))
    assert guard("locmem", runs(locmem(9.0), other)) == set()


def test_a_group_that_passes_is_played_once() -> None:
    assert guard("locmem", runs(locmem(1.4))) == set()


def test_a_group_without_its_engine_is_left_out() -> None:
    assert guard("memcached", runs(None)) is None


def test_what_is_no_ratio_is_not_guarded() -> None:
    found = result("importing", "import", ours=("ours", [9.0]), **{"without it": ("floor", [1.0])})
    assert not beyond(found)
