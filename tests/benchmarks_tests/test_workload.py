"""The keys and values of the benchmarks: as long as was asked, and another at every write."""

from __future__ import annotations

import ormsgpack
import pytest

from benchmarks.workload import VALUES, Workload, document
from django_kvstore.serializers import load_serializer


@pytest.mark.parametrize("size", [200, 10_000])
def test_a_document_is_as_long_as_was_asked(size: int) -> None:
    made = [document(size, number) for number in range(50)]
    assert {len(ormsgpack.packb(each)) for each in made} == {size}
    assert len({str(each) for each in made}) == 50


def test_our_serializer_writes_the_floors_bytes() -> None:
    serializer = load_serializer("typed")("test")
    for size in (200, 10_000):
        value = document(size, 3)
        assert serializer.dumps(value, ":key") == ormsgpack.packb(value)


def test_a_key_is_never_given_the_value_that_it_has() -> None:
    keys = 1000
    work = Workload(200, keys)
    held = work.entries()
    for _ in range(3 * VALUES // 100):
        for key, value in work.some_items(100).items():
            assert held[key] != value
            held[key] = value


def test_each_key_has_its_turn_and_none_is_a_miss() -> None:
    work = Workload(200, 50)
    assert sorted(work.some_keys(50)) == sorted(work.keys)
    assert work.some_keys(50) != work.keys
    assert not set(work.some_misses(50)) & set(work.keys)


def test_fresh_keys_are_fresh() -> None:
    work = Workload(200, 10)
    fresh = [key for _ in range(20) for key in work.fresh_keys(500)]
    assert len(set(fresh)) == 10_000
    assert not set(fresh) & {*work.keys, *work.counters, *work.some_misses(10)}


def test_all_are_asked_the_same() -> None:
    one, other = Workload(200, 30), Workload(200, 30)
    assert one.some_items(100) == other.some_items(100)
    assert one.fresh_items(10) == other.fresh_items(10)
    assert one.entries(70) == other.entries(70)
    assert len(one.entries(70)) == 70
