from __future__ import annotations

import collections
import datetime
import enum
import math
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

PLAIN_MODULES = {"builtins", "datetime", "decimal", "uuid"}
ZONES = st.none() | st.sampled_from(
    [
        datetime.timezone.utc,
        datetime.timezone(datetime.timedelta(hours=-3, minutes=-30)),
        datetime.timezone(datetime.timedelta(hours=1), "CET"),
        ZoneInfo("Europe/Paris"),
        ZoneInfo("UTC"),
    ]
)
HASHABLE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.text()
    | st.characters()
    | st.binary()
    | st.decimals(allow_nan=True)
    | st.uuids()
    | st.dates()
    | st.times(timezones=ZONES)
    | st.datetimes(timezones=ZONES, allow_imaginary=True)
    | st.timedeltas()
)
# Signalling NaN has no hash; it is tested by name below.
KEYS = HASHABLE.filter(lambda value: not (isinstance(value, Decimal) and value.is_snan()))
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
        | st.dictionaries(st.tuples(KEYS, KEYS), inner, max_size=2)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal, of exactly the same types all the way down, NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, (set, frozenset)):
        return len(one) == len(other) and all(any(same(a, b) for b in other) for a in one)
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    if isinstance(one, Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, (datetime.datetime, datetime.time)):
        return repr(one) == repr(other)
    return bool(one == other)


@given(VALUES)
def test_the_default_serializer_returns_exactly_what_it_was_given(value: Any) -> None:
    serializer = TypedSerializer("default")
    assert same(value, serializer.loads(serializer.dumps(value, "k"), "k"))


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
        datetime.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Paris")),
    ],
)
def test_corner_cases_of_the_default_serializer(value: Any) -> None:
    serializer = TypedSerializer("default")
    assert same(value, serializer.loads(serializer.dumps(value, "k"), "k"))


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
    with pytest.raises(CorruptValue, match=r"\('j'\), and this store uses 'typed'"):
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
