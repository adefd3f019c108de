"""What memcached is told of an expiry is never too early, and tells the exact time again.

``pytest packages/memcached/tests/test_expiry.py``
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import records
from django_kvstore_memcached import expiry

DAY = 24 * 60 * 60
#: From now on until memcached's times run out.
LATER = st.floats(min_value=1_800_000_000, max_value=2_140_000_000)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give ``at(now)``: from then on our clock stands at that time."""
    return lambda now: monkeypatch.setattr(expiry.time, "time", lambda: now)


@given(st.floats(min_value=0.0001, max_value=30 * DAY - 1))
def test_memcached_is_told_seconds_that_are_enough(left: float) -> None:
    now = 1_900_000_000.25
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expiry.time, "time", lambda: now)
        exptime, stamp = expiry.tell(now + left)
        left = now + left - now
    assert isinstance(exptime, int)
    # A second for the rounding, and one for a clock that ticked up to a second ago.
    assert left + 1 <= exptime < left + 2
    assert exptime <= 30 * DAY
    assert 0 < stamp < 2**32


@given(LATER)
def test_memcached_is_told_a_time_beyond_30_days(expires: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expiry.time, "time", lambda: expires - 30 * DAY)
        exptime, stamp = expiry.tell(expires)
    assert isinstance(exptime, int)
    assert expires + 1 <= exptime < expires + 2
    assert 0 < stamp < 2**32


@pytest.mark.parametrize(
    ("left", "exptime"),
    [
        (0.001, 2),
        (1.0, 2),
        (1.5, 3),
        (60.0, 61),
        (30 * DAY - 1.0, 30 * DAY),
        (30 * DAY - 0.5, 1_900_000_000 + 30 * DAY + 1),
        (30 * DAY + 0.0, 1_900_000_000 + 30 * DAY + 1),
        (31 * DAY + 0.0, 1_900_000_000 + 31 * DAY + 1),
    ],
)
def test_up_to_30_days_it_is_seconds_and_then_a_time(
    at: Callable[[float], None], left: float, exptime: int
) -> None:
    at(1_900_000_000.0)
    assert expiry.tell(1_900_000_000.0 + left)[0] == exptime


def test_an_entry_for_ever_is_one() -> None:
    assert expiry.tell(None) == (0, 0)
    assert not expiry.is_over(-1, 0)


@pytest.mark.parametrize("left", [-40 * DAY, -5.0, -0.001, 0.0])
def test_a_time_that_is_over_is_over_for_memcached(
    at: Callable[[float], None], left: float
) -> None:
    at(1_900_000_000.0)
    assert expiry.tell(1_900_000_000.0 + left)[0] == expiry.OVER


@pytest.mark.parametrize("expires", [2**31 - 1.5, 2.0**31, 2.0**32 + 5, 2.0**40])
def test_a_time_that_memcached_would_cut_off_is_for_ever(expires: float) -> None:
    exptime, stamp = expiry.tell(expires)
    assert exptime == 0
    assert stamp > 0
    assert not expiry.is_over(-1, stamp)


@pytest.mark.parametrize(
    ("ahead", "over"),
    [(-3.0, True), (-0.001, True), (0.01, False), (1.5, False), (DAY, False)],
)
def test_a_stamp_tells_the_exact_time(
    monkeypatch: pytest.MonkeyPatch, ahead: float, over: bool
) -> None:
    # Around the moments at which the stamps begin again, too.
    for now in (1_900_000_000.0, 429496.7296 * 4500, 429496.7296 * 4500 - 1):
        monkeypatch.setattr(expiry.time, "time", lambda now=now: now)
        _, stamp = expiry.tell(now + ahead)
        assert expiry.is_over(max(int(ahead) + 2, 0), stamp) is over


def test_an_entry_with_days_left_is_not_over_whatever_its_stamp() -> None:
    _, stamp = expiry.tell(time.time() - 1)
    assert not expiry.is_over(5 * DAY, stamp)


def test_a_record_is_gone_from_its_expiry_on() -> None:
    now = time.time()
    for expires, gone in ((None, False), (now + 10, False), (now - 0.001, True), (5.0, True)):
        record = records.pack("shop:a", b"payload", code=1, expires=expires)
        assert expiry.is_gone("shop:a", record) is gone
    assert expiry.is_gone("shop:a", None)


def test_a_damaged_record_is_not_gone() -> None:
    record = records.pack("shop:a", b"payload", code=1, expires=5.0)
    assert expiry.is_gone("shop:a", record)
    for damaged in (record[:-1], record[:-1] + b"?", b"", b"\xd7"):
        assert not expiry.is_gone("shop:a", damaged)
    assert not expiry.is_gone("shop:b", record)
