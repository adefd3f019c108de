"""The tables: what they say is what was found."""

from __future__ import annotations

import pytest

from benchmarks.report import digits, duration, quantity, targets_table, times_table

from .players import result


def cells(table: str) -> list[list[str]]:
    rows = [row.removeprefix("| ").removesuffix(" |") for row in table.splitlines()]
    return [[cell.strip() for cell in row.split(" | ")] for row in rows]


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4.567e-07, "457 ns"),
        (1e-06, "1 µs"),
        (9.994e-06, "9.99 µs"),
        (9.996e-06, "10 µs"),
        (0.0012345, "1.23 ms"),
        (12.345, "12.3 s"),
        (1234.5, "1,234 s"),
        (-0.0005, "-500 µs"),
    ],
)
def test_a_duration_has_three_digits(seconds: float, text: str) -> None:
    assert plain(duration(seconds)) == text


def test_numbers_have_their_units() -> None:
    assert digits(1.5) == "1.5"
    assert digits(150) == "150"
    assert plain(quantity(1, "requests")) == "1 request"
    assert plain(quantity(2, "requests")) == "2 requests"
    assert plain(quantity(3.14159, "MiB")) == "3.14 MiB"


def test_the_table_of_times_has_medians_and_ratios_to_the_floor() -> None:
    found = result(
        ours=("ours", [2e-06, 3e-06, 9e-06]), dict=("floor", [1e-06]), peer=("peer", [4e-06])
    )
    head, _, row = cells(plain(times_table(found)))
    assert head == ["**ours**", "dict", "peer"] or head[-3:] == ["**ours**", "dict", "peer"]
    assert row == ["get, hit", "3 µs (3×)", "1 µs", "4 µs (4×)"]  # noqa: RUF001


def test_who_was_not_measured_has_a_dash() -> None:
    found = result(ours=("ours", [2e-06]), dict=("floor", [1e-06]), peer=("peer", []))
    assert cells(times_table(found))[-1][-1] == "-"


def test_the_table_of_targets_says_which_are_met() -> None:
    near = result(ours=("ours", [1.4]), dict=("floor", [1.0]), LocMemCache=("peer", [2.0]))
    rows = {(row[1], row[2]): row[3:] for row in cells(targets_table([near]))}
    assert rows["get, hit", "at most 1.5× dict"] == ["1.4×, met", ""]  # noqa: RUF001
    said = rows["get, hit", "LocMemCache: at least 2.5×"]  # noqa: RUF001
    assert said == ["1.43×, **not met**", "2×"]  # noqa: RUF001
    assert rows["get, miss", "at most 4× dict"] == ["not measured", ""]  # noqa: RUF001


def test_beside_a_peer_stands_how_far_ahead_the_quickest_floor_is() -> None:
    found = result(
        ours=("ours", [1.4]),
        slow=("floor", [4.0]),
        quick=("floor", [0.5]),
        unmeasured=("floor", []),
        LocMemCache=("peer", [2.0]),
    )
    rows = {(row[1], row[2]): row[4] for row in cells(targets_table([found]))}
    assert rows["get, hit", "LocMemCache: at least 2.5×"] == "4×"  # noqa: RUF001
