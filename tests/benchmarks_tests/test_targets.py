"""The targets: what counts as met, and that no group is without one."""

from __future__ import annotations

import pytest

from benchmarks.groups import NAMES
from benchmarks.operations import TITLES
from benchmarks.targets import SHORTFALLS, TARGETS, Target, targets_of

from .players import result


def test_every_group_has_targets_and_every_target_a_group() -> None:
    assert {target.group for target in TARGETS} == set(NAMES)
    assert {target.operation for target in TARGETS} <= set(TITLES)
    assert len(set(TARGETS)) == len(TARGETS)


def test_a_ratio_to_the_floor_may_be_no_larger() -> None:
    target = Target("locmem", "get_hit", "floor", ("dict",), 1.5)
    found = target.found(result(ours=("ours", [3.0]), dict=("floor", [2.0])))
    assert found == 1.5
    assert target.is_met(1.5)
    assert not target.is_met(1.51)
    assert target.is_near(2.9, 2)
    assert not target.is_near(3.1, 2)


def test_near_is_seen_from_what_was_reached() -> None:
    (target,) = (
        each for each in targets_of("locmem") if (each.operation, each.kind) == ("set_new", "floor")
    )
    reached = SHORTFALLS["locmem", "set_new"]
    assert target.bound < reached
    assert not target.is_met(reached)
    assert target.is_near(reached * 1.9, 2)
    assert not target.is_near(reached * 2.1, 2)


def test_of_several_floors_the_quickest_counts() -> None:
    target = Target("serializer", "get_hit", "floor", ("one", "two", "absent"), 1.5)
    found = target.found(result(ours=("ours", [3.0]), one=("floor", [2.0]), two=("floor", [1.0])))
    assert found == 3.0


def test_a_peer_may_be_no_closer() -> None:
    target = Target("locmem", "get_hit", "peer", ("peer",), 3.0)
    assert target.found(result(ours=("ours", [2.0]), peer=("peer", [6.0]))) == 3.0
    assert target.is_met(3.0)
    assert not target.is_met(2.99)
    assert target.is_near(1.6, 2)
    assert not target.is_near(1.4, 2)


def test_a_difference_and_a_number_are_no_ratios() -> None:
    more = Target("importing", "get_hit", "more", ("floor",), 0.015)
    found = more.found(result(ours=("ours", [0.1]), floor=("floor", [0.09])))
    assert found == pytest.approx(0.01)
    assert not more.is_ratio
    most = Target("memory", "get_hit", "most", (), 64)
    assert most.found(result(ours=("ours", [63.0]))) == 63.0
    assert not most.is_met(65.0)


def test_minima_are_asked_for() -> None:
    target = Target("locmem", "get_hit", "floor", ("dict",), 1.5)
    found = result(ours=("ours", [2.0, 8.0, 9.0]), dict=("floor", [1.0, 1.0, 1.0]))
    assert target.found(found) == 8.0
    assert target.found(found, least=True) == 2.0


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    target = Target("locmem", "get_hit", "floor", ("dict",), 1.5)
    assert target.found(result(ours=("ours", [1.0]))) is None
    assert target.found(result(operation="set_new", ours=("ours", [1.0]))) is None


def test_the_tables_bounds_are_those_that_were_set() -> None:
    bounds = {
        (each.operation, each.against): each.bound
        for each in targets_of("locmem")
        if each.operation in ("get_hit", "get_miss")
    }
    assert bounds == {
        ("get_hit", ("dict",)): 1.5,
        ("get_miss", ("dict",)): 4,
        ("get_hit", ("LocMemCache",)): 2.5,
        ("get_miss", ("LocMemCache",)): 6,
    }
