"""Results: the statistics, and the files that they are kept in."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.result import GroupResult, entrant

from .players import Memory, result


def test_ratios_are_of_medians_and_of_minima() -> None:
    found = result(ours=("ours", [3.0, 9.0, 2.0]), dict=("floor", [1.0, 50.0, 1.5]))
    assert found.median("get_hit", "ours") == 3.0
    assert found.minimum("get_hit", "ours") == 2.0
    assert found.ratio("get_hit", "ours", "dict") == 2.0
    assert found.minimum("get_hit", "dict") == 1.0


def test_what_was_not_measured_is_not_there() -> None:
    found = result(ours=("ours", [1.0]), dict=("floor", []))
    assert found.has("get_hit", "ours")
    assert not found.has("get_hit", "ours", "dict")
    assert not found.has("get_hit", "nobody")
    assert not found.has("set_new", "ours")


def test_a_kept_result_is_read_as_it_was(tmp_path: Path) -> None:
    found = result(ours=("ours", [1.25e-06, 2e-06]), dict=("floor", [3.5e-07]))
    found.notes.append("Client and server [both] are pinned to one core, 1, 2 …")
    found.machine["processor"] = "one"
    path = tmp_path / "deep" / "locmem.json"
    found.write(path)
    again = GroupResult.read(path)
    assert again == found
    assert again.digest() == found.digest()
    assert "[1.25e-06, 2e-06]" in path.read_text(encoding="utf-8")


def test_another_sample_is_another_digest() -> None:
    one, other = result(ours=("ours", [1.0])), result(ours=("ours", [1.1]))
    assert one.digest() != other.digest()


def test_a_contestants_release_is_that_of_its_distribution() -> None:
    contestant = Memory("a", "ours")
    contestant.distribution = "pytest"
    assert entrant(contestant).release == pytest.__version__
    assert entrant(Memory("b")).release == ""
