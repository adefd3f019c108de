from __future__ import annotations

import collections
import datetime
import enum
import json
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db.models import IntegerChoices, TextChoices
from django.test import override_settings
from django.utils.functional import lazy
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import CorruptValue, InvalidValue, Store, get_kvstore, records
from django_kvstore.serializers import Serializer, load_serializer
from django_kvstore.serializers.typed import TypedSerializer
from django_kvstore.typed_json import from_json, to_json
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


class Caseless(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


class Number(enum.IntEnum):
    ONE = 1


class Color(TextChoices):
    RED = "red", "Red"


class Size(IntegerChoices):
    SMALL = 3, "Small"


class Permission(enum.IntFlag):
    READ = 4


class Length(int):
    pass


class Day(datetime.date):
    pass


class Later(datetime.datetime):
    """A subclass that compares as another time, as one with nanoseconds does."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = datetime.datetime.__hash__


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "builtins.object"),
        ([{"deep": (object(),)}], "builtins.object"),
        (Caseless("a"), "Caseless, which would be read as a str"),
        ({Caseless("a"): 1}, r"value\.keys\(\)\[0\] is a .*Caseless"),
        (Length(1), "Length, which would be read as a int"),
        (Point(1, 2), "Point, which would be read as a tuple"),
        (collections.Counter("a"), "collections.Counter, which would be read as a dict"),
        (Later(2020, 1, 1), "Later"),
        (lazy(lambda: 5, int)(), "__proxy__"),
        ({"a": [1, 2, {3: object()}]}, r"value\[\'a\'\]\[2\]\[3\] is a builtins\.object\."),
        ([0, (1, Number)], r"value\[1\]\[1\] is a enum\.EnumType"),
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


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (mark_safe("<b>"), "<b>"),
        (Text("a"), "a"),
        (Color.RED, "red"),
        (gettext_lazy("Yes"), "Yes"),
        (lazy(lambda: mark_safe("<i>"), str)(), "<i>"),
        (Number.ONE, 1),
        (Size.SMALL, 3),
        (HTTPStatus.NOT_FOUND, 404),
        (Permission.READ, 4),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.defaultdict(list, {1: [2]}), {1: [2]}),
        (Day(2020, 1, 31), datetime.date(2020, 1, 31)),
        (Text("\ud800"), "\ud800"),
    ],
)
def test_what_equals_a_plain_value_is_stored_as_that(store: Store, value: Any, stored: Any) -> None:
    for wrap in (
        lambda inner: inner,
        lambda inner: [1, (inner, {"a": inner})],
        lambda inner: {1: {2: inner}},
        lambda inner: {"long": "x" * 600, "in": [inner]},
    ):
        store.set("k", wrap(value))
        assert difference(store.get("k"), wrap(stored)) is None
        assert store.get("k") == wrap(value)
        assert store.compare_and_set("k", wrap(value), wrap(value)) is True
        assert store.compare_and_set("k", wrap(stored), wrap(stored)) is True
        assert store.compare_and_set("k", wrap(stored), "other") is True
        assert store.compare_and_set("k", wrap(value), 1) is False
    if isinstance(value, (str, int)):
        store.set("k", {value: 1, (value,): frozenset({value})})
        read = store.get("k")
        assert difference(read, {stored: 1, (stored,): frozenset({stored})}) is None


def test_frozen_dates_are_stored_as_dates(store: Store) -> None:
    with freeze_time("2020-01-31 12:30:15", tz_offset=0):
        naive, aware = datetime.datetime.now(), datetime.datetime.now(tz=datetime.UTC)  # noqa: DTZ005
        day = datetime.date.today()  # noqa: DTZ011
        assert type(naive) is not type(day)
        assert type(naive).__module__.startswith("freezegun")
        value = {"at": naive, "aware": [aware], "day": (day,)}
        store.set("k", value)
        frozen = store.get("k")
        assert frozen == value
        assert store.compare_and_set("k", value, value) is True
        text = json.dumps(to_json(frozen))
        assert difference(from_json(json.loads(text)), frozen) is None
    assert difference(store.get("k"), frozen) is None
    assert type(frozen["at"]) is datetime.datetime
    assert type(frozen["aware"][0]) is datetime.datetime
    assert frozen["aware"][0].tzinfo is datetime.UTC
    assert type(frozen["day"][0]) is datetime.date


def test_json_stores_what_is_text_or_a_number(store: Store) -> None:
    plain = store.with_options(serializer="json")
    value = {"a": mark_safe("<b>"), "c": Color.RED, "l": gettext_lazy("Yes"), "n": [Number.ONE]}
    plain.set("k", value)
    read = {"a": "<b>", "c": "red", "l": "Yes", "n": [1]}
    assert difference(plain.get("k"), read) is None
    assert plain.compare_and_set("k", value, {"t": (1, 2)}) is True
    assert plain.compare_and_set("k", {"t": (1, 2)}, 1) is True


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": [0, 1, 2, {1, 2}]}, r"value\['a'\]\[3\] is a builtins\.set"),
        (
            {"a": [{"b": float("nan")}]},
            r"value\['a'\]\[0\]\['b'\] is nan, which JSON does not have",
        ),
        ([{"a": {None: 1}}], r"value\[0\]\['a'\] is a dict with a key of type NoneType"),
        (["\ud800"], r"value\[0\] is a text with a lone surrogate"),
        ({"n": 10**5000}, r"value\['n'\] is an int of more digits"),
    ],
)
def test_json_says_where_a_value_cannot_be_written(store: Store, value: Any, told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        store.with_options(serializer="json").set("k", value)


def test_an_int_of_any_size_is_stored_counted_with_and_compared(store: Store) -> None:
    huge = 10**5000 + 1
    value = [huge, {huge: -huge}, {huge, "x"}]
    store.set("k", value)
    assert difference(store.get("k") == value, True) is None
    assert store.compare_and_set("k", value, value) is True
    assert store.compare_and_set("k", [huge, {huge: huge}, {huge, "x"}], 1) is False
    text = json.dumps(to_json(value))
    assert from_json(json.loads(text)) == value
    store.set("n", huge)
    for count in (
        lambda: store.incr("n"),
        lambda: store.incr("m", huge),
        lambda: store.incr("m", 1, default=huge),
        lambda: store.decr("m", huge),
    ):
        with pytest.raises(InvalidValue, match="64 bits"):
            count()


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
