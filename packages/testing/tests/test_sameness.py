"""What the checks take for the same value, and what not."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from django_kvstore_testing.sameness import difference
from django_kvstore_testing.strategies import exact_values

NOON = datetime(2024, 10, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (math.nan, 0.0),
        ("1", 1),
        (b"a", "a"),
        ("e\u0301", "\u00e9"),
        ([1], (1,)),
        ([1, 2], [1]),
        ([1, True], [1, 1]),
        ({1}, frozenset({1})),
        ({1, 2}, {1}),
        ({1}, {True}),
        ({"a": [1]}, {"a": (1,)}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "a"}, {True: "a"}),
        ({}, {"a": None}),
        (Decimal("1.0"), Decimal("1.00")),
        (Decimal("NaN"), Decimal("sNaN")),
        (NOON, NOON.replace(tzinfo=None)),
        (NOON, NOON.replace(tzinfo=ZoneInfo("UTC"))),
        (NOON, NOON.astimezone(timezone(timedelta(hours=1)))),
        (NOON, NOON.replace(fold=1)),
        (NOON, NOON.replace(microsecond=1)),
        (time(1), time(1, fold=1)),
        (None, False),
    ],
)
def test_a_difference_is_told(read: Any, written: Any) -> None:
    assert difference(read, written)
    assert difference(written, read)
    assert difference([{"a": (read,)}], [{"a": (written,)}])


@given(exact_values)
def test_what_is_the_same_differs_in_nothing(value: Any) -> None:
    assert difference(value, value) is None


def test_where_a_difference_is_told() -> None:
    assert difference({"a": [1, 2]}, {"a": [1, 3]}) == "the value['a'][1] is 2, not 3"
