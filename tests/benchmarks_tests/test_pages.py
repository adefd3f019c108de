"""The documentation's pages of results say what the kept results say."""

from __future__ import annotations

import pytest

from benchmarks.groups import NAMES
from benchmarks.page import (
    BENCHMARKS,
    RESULTS_PAGE,
    chart_path,
    kept_results,
    results_page,
    with_targets,
)
from benchmarks.result import GroupResult
from benchmarks.targets import targets_of

from .players import result

KEPT = kept_results()
WRITE = "run `hatch run bench:docs`"


def test_the_page_of_results_is_that_of_the_kept_results() -> None:
    assert RESULTS_PAGE.read_text(encoding="utf-8") == results_page(KEPT), WRITE


def test_the_table_of_targets_is_that_of_the_kept_results() -> None:
    text = BENCHMARKS.read_text(encoding="utf-8")
    assert text.count("<!-- targets -->") == 1
    assert text == with_targets(text, KEPT), WRITE


def test_every_group_has_kept_results() -> None:
    assert {kept.name for kept in KEPT} == set(NAMES)


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_a_chart_is_drawn_from_the_kept_result(kept: GroupResult) -> None:
    assert kept.digest() in chart_path(kept.name).read_text(encoding="utf-8"), WRITE


def test_the_results_are_full_runs_on_one_machine() -> None:
    assert {kept.scale for kept in KEPT} <= {"full"}
    assert len({(kept.machine["processor"], kept.machine["Python"]) for kept in KEPT}) <= 1


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_every_target_of_a_group_was_measured(kept: GroupResult) -> None:
    missing = [target for target in targets_of(kept.name) if target.found(kept) is None]
    assert not missing


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_there_were_seven_rounds_at_least(kept: GroupResult) -> None:
    for operation, found in kept.samples.items():
        if not operation.startswith(("requests_", "memory_", "load", "walk")):
            assert all(len(samples) >= 7 for samples in found.values()), operation


def test_another_result_would_be_seen() -> None:
    told = ("processor", "cores", "memory", "system", "Python", "Django", "day")
    machine = dict.fromkeys(told, "x")
    one, other = (result(ours=("ours", [time]), dict=("floor", [1e-06])) for time in (1e-06, 2e-06))
    one.machine = other.machine = machine
    assert results_page([one]) != results_page([other])
    page = "before\n<!-- targets -->\nold\n<!-- end -->\nafter\n"
    assert "old" not in with_targets(page, [one])
    assert with_targets(page, [one]).startswith("before\n")
    assert with_targets(page, [one]) != with_targets(page, [other])
