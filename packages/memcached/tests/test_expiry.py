"""What memcached is told of an expiry is never too early, and tells the exact time again.

``pytest packages/memcached/tests/test_expiry.py``
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import records
from django_kvstore_memcached import expiry

DAY = 24 * 60 * 60
#: From now on until memcached's times run out.
LATER = st.floats(min_value=1_800_000_000, max_value=2_140_000_000)


@given(LATER)
def test_memcached_is_told_a_whole_second_that_is_late_enough(expires: float) -> None:
    exptime, stamp = expiry.tell(expires)
    assert isinstance(exptime, int)
    # A second for the rounding, and one for a clock that ticks ahead of ours.
    assert expires + 1 <= exptime < expires + 2
    assert 0 < stamp < 2**32


def test_an_entry_for_ever_is_one() -> None:
    assert expiry.tell(None) == (0, 0)
    assert not expiry.is_over(-1, 0)


@pytest.mark.parametrize("expires", [-5.0, 0.0, 0.5, 30 * DAY - 2.0])
def test_a_time_that_memcached_would_count_from_now_is_over(expires: float) -> None:
    assert expiry.tell(expires)[0] == expiry.OVER


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
