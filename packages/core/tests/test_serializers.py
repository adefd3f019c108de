from __future__ import annotations

import collections
import datetime
import enum
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import CorruptValue, InvalidValue, Store, get_kvstore, records
from django_kvstore.serializers import Serializer, load_serializer
from django_kvstore.serializers.typed import TypedSerializer
from django_kvstore_testing.sameness import difference
from django_kvstore_testing.values import exact_values

PLAIN_MODULES = {"builtins", "datetime", "decimal", "uuid"}


@given(exact_values)
def test_the_default_serializer_returns_exactly_what_it_was_given(value: Any) -> None:
    serializer = TypedSerializer("default")
    assert difference(serializer.loads(serializer.dumps(value, "k"), "k"), value) is None


@pytest.mark.parametrize(
    "value",
    [
        Decimal("sNaN"),
        Decimal("-0"),
        Decimal("1.20"),
        -0.0,
        2**64,
        -(2**63) - 1,
        "\ud800",
        {"\udfff": {1: "\ud800"}},
        {1: "a", "1": "b", None: "c", (1, 2): "d"},
        [({1: {2: (3,)}},)],
        [b"", bytes(300), {"a": bytes(70_000)}],
        datetime.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris")),
        datetime.datetime(2020, 10, 25, 2, 30, fold=1),  # noqa: DTZ001 - naive
        datetime.datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=datetime.UTC),
        datetime.datetime(9999, 12, 31, tzinfo=datetime.timezone(datetime.timedelta(0), "GMT")),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(-datetime.timedelta(seconds=1))),
        datetime.time(2, 30, fold=1, tzinfo=datetime.UTC),
        datetime.time(0, 0, 0, 1, tzinfo=datetime.UTC),
    ],
)
def test_corner_cases_of_the_default_serializer(value: Any) -> None:
    serializer = TypedSerializer("default")
    assert difference(serializer.loads(serializer.dumps(value, "k"), "k"), value) is None


class Text(str):
    __slots__ = ()


class Number(enum.IntEnum):
    ONE = 1


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "builtins.object"),
        ([{"deep": (object(),)}], "builtins.object"),
        (Text("a"), "Text"),
        (Number.ONE, "Number"),
        (Point(1, 2), "Point"),
        (collections.OrderedDict(a=1), "collections.OrderedDict"),
        (bytearray(b"a"), "bytearray"),
        ([(memoryview(b"a"),)], "memoryview"),
        ({1: bytearray(b"a")}, "bytearray"),
        ([{"a": b"fine"}, {"b": [b"fine", bytearray(b"a")]}], "bytearray"),
        ({"a": {"b": memoryview(bytes(300))}}, "memoryview"),
        ([[bytearray(70_000)]], "bytearray"),
        (datetime.datetime(2020, 1, 1, tzinfo=type("Z", (datetime.tzinfo,), {})()), "time zone"),
    ],
)
def test_what_would_come_back_otherwise_is_refused_by_name(
    store: Store, value: object, name: str
) -> None:
    store.set("k", "old")
    with pytest.raises(InvalidValue, match=name) as caught:
        store.set("k", value)
    assert "SERIALIZER" in str(caught.value)
    assert store.get("k") == "old"


def test_a_value_nested_without_end_is_refused(store: Store) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidValue):
        store.set("k", endless)


@given(st.binary(max_size=40))
def test_any_payload_is_a_value_or_corrupt(payload: bytes) -> None:
    store = get_kvstore("locmem://payloads")
    record = records.pack(":k", payload, code=TypedSerializer.code, expires=None)
    store.backend.set(":k", record, None)
    try:
        value = store.get("k")
    except CorruptValue:
        return
    # What the bytes mean is one of the promised types, never an object of a class.
    assert type(value).__module__ in PLAIN_MODULES


def test_json_keeps_what_json_has(store: Store) -> None:
    plain = store.with_options(serializer="json")
    plain.set("k", {"a": [1, 2.5, None, True, "é"]})
    assert plain.get("k") == {"a": [1, 2.5, None, True, "é"]}


@pytest.mark.parametrize("value", [{1: "a"}, [{"a": {None: 1}}], {1, 2}, float("nan"), b"a"])
def test_json_refuses_what_json_has_not(store: Store, value: object) -> None:
    with pytest.raises(InvalidValue, match="'json'"):
        store.with_options(serializer="json").set("k", value)


def test_bytes_of_another_serializer_are_told_and_not_read(store: Store) -> None:
    store.with_options(serializer="json").set("k", 1)
    with pytest.raises(CorruptValue, match="serializer 'json', and this store uses 'typed'"):
        store.get("k")


LOADED: list[str] = []


def leave_trace(text: str) -> None:
    LOADED.append(text)


class Trap:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (leave_trace, ("loaded",))


def test_pickle_takes_anything_python_pickles(store: Store) -> None:
    pickling = store.with_options(serializer="pickle")
    pickling.set("k", Point(1, Number.ONE))
    assert pickling.get("k") == Point(1, Number.ONE)
    with pytest.raises(InvalidValue, match="pickle"):
        pickling.set("k", lambda: None)


def test_a_pickle_is_loaded_only_under_its_own_key_and_alias(store: Store) -> None:
    serializer = load_serializer("pickle")
    data = serializer("one").dumps(Trap(), "k")
    LOADED.clear()
    for alias, key, forged in (
        ("one", "other", data),
        ("two", "k", data),
        ("one", "k", data[:40] + bytes([data[40] ^ 1]) + data[41:]),
        ("one", "k", data[32:]),
        ("one", "k", b""),
    ):
        with pytest.raises(ValueError, match="signature"):
            serializer(alias).loads(forged, key)
    assert LOADED == []
    serializer("one").loads(data, "k")
    assert LOADED == ["loaded"]


def test_a_rotated_secret_key_still_reads(store: Store) -> None:
    serializer = load_serializer("pickle")("one")
    data = serializer.dumps([1], "k")
    old = settings.SECRET_KEY
    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["other", old]):
        assert serializer.loads(data, "k") == [1]
    forgetful = override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["other"])
    with forgetful, pytest.raises(ValueError, match="SECRET_KEY"):
        serializer.loads(data, "k")


def test_codes_are_distinct_and_first_partys_are_below_128() -> None:
    classes: list[type[Serializer]] = [load_serializer(n) for n in ("typed", "json", "pickle")]
    assert len({kind.code for kind in classes}) == 3
    assert all(kind.code < 128 for kind in classes)
