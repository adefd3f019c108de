"""Records as attributes: all bytes come back from sets without order, and damage is told."""

from __future__ import annotations

import math
import os
import random
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore_sdb.items import (
    RECORD_BYTES,
    Found,
    Item,
    batches,
    expiry_text,
    read_attributes,
)

LONGEST = "\0" * 1025


def scattered(item: Item) -> list[dict[str, str]]:
    pairs = {(pair["Name"], pair["Value"]) for pair in item.attributes}
    assert len(pairs) == len(item.attributes), "an item has a set of pairs"
    found = [{"Name": name, "Value": value} for name, value in pairs]
    random.Random(7).shuffle(found)
    return found


@pytest.mark.parametrize("size", [0, 1, 2, 3, 758, 759, 760, 1517, 1518, 1519, RECORD_BYTES])
def test_a_record_comes_back(size: int) -> None:
    record = os.urandom(size)
    item = Item.of(LONGEST, record, 1.5)
    assert read_attributes(scattered(item)) == Found(record, item.version)
    assert len(item.attributes) <= 256
    assert max(len(pair["Value"]) for pair in item.attributes) <= 1024
    assert all(pair["Replace"] for pair in item.attributes)


@given(st.binary(max_size=4000))
def test_any_record_comes_back(record: bytes) -> None:
    item = Item.of("a", record, None)
    assert read_attributes(scattered(item)) == Found(record, item.version)


def test_a_longer_record_would_not_fit() -> None:
    assert len(Item.of(LONGEST, b"x" * RECORD_BYTES, None).attributes) == 256
    assert len(Item.of(LONGEST, b"x" * (RECORD_BYTES + 1), None).attributes) == 257


def test_the_size_is_not_underestimated() -> None:
    for cell, size in (("a:=" * 341, 0), (LONGEST, 700), ("a", RECORD_BYTES)):
        item = Item.of(cell, b"\xff" * size, None)
        form = {"Item.25.ItemName": item.name}
        for number, pair in enumerate(item.attributes, 1):
            for name, value in pair.items():
                form[f"Item.25.Attribute.{number}.{name}"] = str(value)
        assert len(urlencode(form)) + 1 <= item.size


def test_every_write_has_a_version_of_its_own() -> None:
    assert len({Item.of("a", b"the same", None).version for _ in range(1000)}) == 1000


def test_values_of_another_write_are_left_out() -> None:
    old, new = Item.of("a", os.urandom(5000), None), Item.of("a", b"new", None)
    left = [pair for pair in scattered(old) if pair["Name"] == "d"]
    assert read_attributes(scattered(new) + left) == Found(b"new", new.version)


def test_damage_is_no_record_and_no_miss() -> None:
    item = Item.of("a", os.urandom(5000), None)
    whole = scattered(item)
    for pair in whole:
        if pair["Name"] == "d":
            assert read_attributes([p for p in whole if p is not pair]) == Found(b"", item.version)
    assert read_attributes([p for p in whole if p["Name"] != "v"]) == Found(b"", None)
    assert read_attributes([*whole, {"Name": "v", "Value": "001x"}]) == Found(b"", None)
    assert read_attributes([{"Name": "title", "Value": "Mort"}]) == Found(b"", None)
    assert read_attributes([]) is None


@pytest.mark.parametrize("text", ["é", "a", "====", "!"])
def test_what_is_no_base64_is_damage(text: str) -> None:
    item = Item.of("a", b"record", None)
    broken = [
        {**pair, "Value": pair["Value"][:11] + text} if pair["Name"] == "d" else pair
        for pair in item.attributes
    ]
    found = read_attributes(broken)
    assert found is not None
    assert found.record == b""


NOW = st.floats(1_500_000_000, 5_000_000_000)


@given(NOW, NOW)
def test_expiries_compare_as_times(one: float, other: float) -> None:
    assert (expiry_text(one) < expiry_text(other)) == (one < other)
    assert expiry_text(one) < expiry_text(None)


def test_expiries_of_neighbors_differ() -> None:
    now = 1_800_000_000.123456
    assert expiry_text(now) < expiry_text(math.nextafter(now, math.inf))


def test_expiries_out_of_range() -> None:
    assert expiry_text(-1.0) == expiry_text(0.0) < expiry_text(1.0)
    assert expiry_text(1e300) < expiry_text(None)
    assert len(expiry_text(1e300)) == len(expiry_text(0.0))


def test_batches_keep_to_the_limits() -> None:
    items = [Item.of(f"{number}", os.urandom(900), None) for number in range(60)]
    assert [len(batch) for batch in batches(items)] == [25, 25, 10]
    large = [Item.of(f"{number}", os.urandom(RECORD_BYTES), None) for number in range(7)]
    made = list(batches(large))
    assert [len(batch) for batch in made] == [3, 3, 1]
    assert [item["Name"] for batch in made for item in batch] == [item.name for item in large]
    assert list(batches([])) == []
