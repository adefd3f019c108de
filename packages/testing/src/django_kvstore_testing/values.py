"""Checks of values: what is read is just what was written, type and all."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from http import HTTPStatus
from threading import Lock
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from django_kvstore.equality import same
from django_kvstore.errors import InvalidValue, ValueTooLarge
from django_kvstore.nesting import MAX_LEVELS
from django_kvstore.store import Store

from .base import Base
from .clauses import clause
from .probe import Probe
from .sameness import difference
from .strategies import exact_values, json_values

_BATCH: Final = 10
#: The ways in which a value can be within another; JSON has the first two.
_WRAPS: Final[tuple[Callable[[Any], Any], ...]] = (
    lambda inner: [inner],
    lambda inner: {"a": inner, "b": 1},
    lambda inner: (inner,),
    lambda inner: {1: inner},
)


def _nested(levels: int, wraps: tuple[Callable[[Any], Any], ...]) -> Any:
    value = None
    for level in range(levels):
        value = wraps[level % len(wraps)](value)
    return value


class Values(Base):
    """Clauses ``values-…``."""

    def _come_back(self, store: Store, *values: Any) -> None:
        """Write each value; it must come back with its type, alone and in bulk."""
        written = dict(zip(map(str, range(len(values))), values, strict=True))
        for key, value in written.items():
            store.set(key, value)
            assert difference(store.get(key), value) is None
        self._all_there(store, written)
        store.set_many(written)
        for key, value in written.items():
            assert difference(store.get(key), value) is None

    def _all_there(self, store: Store, written: dict[str, Any]) -> None:
        """Read all in bulk: each must be there with its type, in whatever order."""
        read = store.get_many(written)
        assert read.keys() == written.keys()
        for key, value in written.items():
            assert difference(read[key], value) is None

    def _exact(self, store: Store, *values: Any) -> None:
        """As `_come_back`; a serializer that cannot write such values must say so."""
        if self.is_exact(store):
            self._come_back(store, *values)
            return
        for value in values:
            store.set("value", "old")
            with pytest.raises(InvalidValue):
                store.set("value", value)
            assert store.get("value") == "old"

    @clause("values-none")
    def test_a_stored_none_is_a_value(self, store: Store) -> None:
        """None is stored as any value, and is not a miss."""
        store.set("key", None)
        assert store.get("key", "default") is None
        assert store.exists("key")
        assert store.get_many(["key"]) == {"key": None}

    @clause("values-exact")
    def test_booleans_are_no_integers(self, store: Store) -> None:
        """True comes back as True, and 1 as 1."""
        self._come_back(store, True, False, 1, 0, [True, 1, False, 0])

    @clause("values-exact")
    def test_integers_come_back(self, store: Store) -> None:
        """Integers of up to 64 bits come back exactly."""
        self._come_back(store, -1, 127, 128, 255, 256, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))

    @clause("values-exact")
    def test_integers_of_any_size_come_back(self, store: Store) -> None:
        """Integers have no largest one."""
        self._come_back(store, 2**64, -(2**64), 2**200 + 1, -(10**300))

    @clause("values-exact")
    def test_floats_come_back(self, store: Store) -> None:
        """Floats come back to the last bit, and as floats."""
        self._come_back(store, 0.1, 1.0, -0.0, 1e308, 5e-324, math.pi, 2.0**53)

    @clause("values-exact")
    def test_nan_and_infinities_come_back(self, store: Store) -> None:
        """What is no number, and what is beyond all, are floats too."""
        self._exact(store, math.nan, math.inf, -math.inf, [math.nan])

    @clause("values-exact")
    def test_text_comes_back(self, store: Store) -> None:
        """Text is neither stripped nor composed nor cut at a NUL."""
        self._come_back(store, "", " ", "a ", "a\0b", "\r\n", "e\u0301", "\u00e9", "\U0001f600")
        self._come_back(store, "None", "1", "true", "\ufeff", "".join(map(chr, range(256))))

    @clause("values-exact")
    def test_bytes_come_back(self, store: Store) -> None:
        """Bytes come back as bytes, every one of them."""
        self._exact(store, b"", bytes(range(256)), b"\0", "text".encode("utf-16"))

    @clause("values-exact")
    def test_lists_and_dicts_come_back(self, store: Store) -> None:
        """Containers come back with what they hold, in its order."""
        self._come_back(store, [], {}, [[], [[]]], {"b": 1, "a": {"c": [None, {"": 0.5}]}})

    @clause("values-exact")
    def test_tuples_and_sets_come_back(self, store: Store) -> None:
        """Tuples are no lists, and frozen sets no sets."""
        if self.is_exact(store):
            self._come_back(store, (), (1,), ([1], (2,)), set(), {1, "a"}, frozenset({(1, 2)}))
        else:
            store.set("tuple", (1, 2))
            assert store.get("tuple") == [1, 2]

    @clause("values-exact")
    def test_dicts_with_any_keys_come_back(self, store: Store) -> None:
        """The keys of a dict keep their types."""
        self._exact(store, {1: "a", "1": "b"}, {None: 1, (1, 2): 2, b"x": 3, 2.5: 4})

    @clause("values-exact")
    def test_dates_and_times_come_back(self, store: Store) -> None:
        """Dates and times come back with their time zones, microseconds and folds."""
        moment = datetime(2024, 10, 27, 2, 30, 0, 123456)  # noqa: DTZ001
        berlin = ZoneInfo("Europe/Berlin")
        self._exact(
            store,
            date(1, 1, 1),
            time(23, 59, 59, 999999),
            time(1, 2, tzinfo=UTC),
            timedelta(days=-1, microseconds=1),
            moment,
            *(moment.replace(tzinfo=berlin, fold=fold) for fold in (0, 1)),
            moment.replace(tzinfo=UTC),
            moment.replace(tzinfo=timezone(timedelta(hours=5, minutes=30))),
        )

    @clause("values-exact")
    def test_decimals_and_uuids_come_back(self, store: Store) -> None:
        """Decimals keep their digits, the trailing zeros too."""
        self._exact(
            store,
            *map(
                Decimal, ("1.10", "1.1", "-0", "1E+30", "NaN", "sNaN", "Infinity", "0." + "1" * 60)
            ),
            UUID("12345678123456781234567812345678"),
        )

    @clause("values-exact")
    def test_values_that_look_like_records_come_back(self, store: Store) -> None:
        """What is stored is not mistaken for the store's own marks."""
        store.set("key", "payload")
        record = Probe(store).raw(self.cell(store, "key"))
        assert record is not None
        self._come_back(store, record.decode("latin-1"), "\xd7\0t", ":", ";", "!")
        self._exact(store, record, record + record)

    @clause("values-exact")
    def test_values_of_every_size_come_back(self, store: Store) -> None:
        """No size is special: not that of a page, a packet or a cell."""
        sizes = [1, 15, 16, 31, 32, 127, 128, 255, 256, 511, 512, 1023, 1024, 1025, 4096, 65535]
        cell = Probe(store).record_limit or 0
        sizes += [size for size in range(cell - 40, cell + 5, 5) if 0 < size < 2**21]
        self._come_back(store, *("v" * self.fitting(store, size) for size in sizes))

    @clause("values-exact")
    def test_a_shorter_value_replaces_a_longer(self, store: Store) -> None:
        """Overwriting leaves nothing of the old value."""
        for value in ("long" * 5000, "short", ["long"] * 5000, None, "", {"a": "b" * 5000}, 1):
            store.set("key", value)
            assert store.get("key", "missing") == value

    @clause("values-copies")
    def test_a_value_read_is_a_copy(self, store: Store) -> None:
        """Changing what was read changes nothing stored."""
        store.set("key", {"list": [1]})
        store.get("key")["list"].append(2)
        store.get_many(["key"])["key"].clear()
        assert store.get("key") == {"list": [1]}

    @clause("values-copies")
    def test_a_value_written_is_a_copy(self, store: Store) -> None:
        """Changing what was written, later, changes nothing stored."""
        value = {"list": [1]}
        store.set("one", value)
        store.set_many({"two": value})
        value["list"].append(2)
        assert store.get_many(["one", "two"]) == {"one": {"list": [1]}, "two": {"list": [1]}}

    @clause("values-refused")
    def test_a_value_that_cannot_be_written_is_refused(self, store: Store) -> None:
        """What the serializer cannot write raises InvalidValue, and the old value stays."""
        store.set("key", "old")
        for value in (lambda: None, Lock(), [lambda: None]):
            with pytest.raises(InvalidValue) as caught:
                store.set("key", value)
            assert isinstance(caught.value, ValueError)
            with pytest.raises(InvalidValue):
                store.set("key", value, ttl=-1)
            with pytest.raises(InvalidValue):
                store.set_many({"other": 1, "key": value})
        assert store.get_many(["key", "other"]) == {"key": "old"}

    @clause("values-refused")
    def test_a_subclass_is_not_flattened(self, store: Store) -> None:
        """A value of a type that would come back as another is refused, not changed in silence."""

        class Length(int):
            pass

        class Names(dict[str, int]):
            pass

        if store.options.serializer != "typed":
            self._come_back(store, "name")
            return
        bad = Length(1)
        for value in (bad, [bad], {"a": bad}, {bad: 1}, Names(a=1), bytearray(b"x"), (bad, 1)):
            with pytest.raises(InvalidValue):
                store.set("key", value)
        assert "key" not in store

    @clause("values-equal")
    def test_what_equals_a_plain_value_is_stored_as_that(self, store: Store) -> None:
        """Text of a subclass and members of an enumeration of int are read as what they equal."""
        if store.options.serializer != "typed":
            self._come_back(store, "text")
            return
        text, number = SafeString("<b>"), HTTPStatus.NOT_FOUND
        store.set("key", {text: [text, (number, OrderedDict(a=text))]})
        stored = {"<b>": ["<b>", (404, {"a": "<b>"})]}
        assert difference(store.get("key"), stored) is None
        if store.backend.atomic:
            assert store.compare_and_set("key", {text: [text, (number, {"a": "<b>"})]}, number)
            assert difference(store.get("key"), 404) is None
            assert store.compare_and_set("key", number, text)
            assert store.compare_and_set("key", "<b>", 1)

    @clause("values-nesting")
    def test_a_value_at_the_nesting_limit_comes_back(self, store: Store) -> None:
        """A value of 128 levels is stored and read, also by a caller deep in the stack."""
        for wraps in self._wraps(store):
            value = _nested(MAX_LEVELS, wraps)
            store.set("key", value)
            assert same(store.get("key"), value)
            if store.backend.atomic:
                assert store.compare_and_set("key", value, value)

    @clause("values-nesting")
    def test_a_value_over_the_nesting_limit_is_refused(self, store: Store) -> None:
        """A value of more than 128 levels raises InvalidValue, and the old value stays."""
        store.set("key", "old")
        for wraps in self._wraps(store):
            for levels in (MAX_LEVELS + 1, 400):
                value = _nested(levels, wraps)
                with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
                    store.set("key", value)
                if store.backend.atomic:
                    with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
                        store.compare_and_set("key", "old", value)
        assert store.get("key") == "old"

    def _wraps(self, store: Store) -> list[tuple[Callable[[Any], Any], ...]]:
        """Return ways of nesting a value, of those types that the serializer promises."""
        ways = {"typed": _WRAPS, "json": _WRAPS[:2]}
        chosen = ways.get(store.options.serializer, ())
        return [(wrap,) for wrap in chosen] + [chosen] * (len(chosen) > 1)

    @clause("values-refused")
    def test_a_value_within_itself_is_refused(self, store: Store) -> None:
        """Nesting without end is refused, unless the serializer can write it."""
        endless: list[Any] = []
        endless.append(endless)
        try:
            store.set("key", endless)
        except InvalidValue:
            assert "key" not in store
            return
        assert store.options.serializer != "typed"
        read = store.get("key")
        assert read[0] is read

    @clause("values-size")
    def test_a_value_of_one_mebibyte_is_stored(self, store: Store) -> None:
        """A value of 1 MiB comes back whole, or the longest that the engine declares to take."""
        text = ("0123456789abcdef" * 65536)[: self.fitting(store, 2**20)]
        self._come_back(store, text[:-64])
        store.set("key", text)
        assert store.get("key") == text

    @clause("values-size")
    def test_the_largest_value_is_stored(self, store: Store) -> None:
        """A value as long as the knob `largest_value` says comes back whole."""
        size = self.fitting(store, self.largest_value)
        text = ("0123456789abcdef" * (size // 16 + 1))[:size]
        store.set("key", text)
        assert store.get("key") == text

    @clause("values-size")
    def test_a_value_over_the_limit_is_refused(self, modest: Store) -> None:
        """Over the declared limit a value raises ValueTooLarge, and the old value stays."""
        modest.set("key", "old")
        text = "x" * (modest.backend.max_value_bytes + 1)
        with pytest.raises(ValueTooLarge) as caught:
            modest.set("key", text)
        assert str(modest.backend.max_value_bytes) in str(caught.value)
        with pytest.raises(ValueTooLarge):
            modest.set_many({"other": 1, "key": text})
        assert modest.get_many(["key", "other"]) == {"key": "old"}

    @clause("values-exact")
    def test_any_nested_value_comes_back(self, store: Store) -> None:
        """Whatever values are chosen, each comes back, exact in type to the innermost."""
        tried, wanted = 0, self.examples_wanted
        values = exact_values if self.is_exact(store) else json_values

        @examples(max_examples=math.ceil(wanted / _BATCH), deadline=None)
        @given(st.lists(values, min_size=_BATCH, max_size=_BATCH))
        def check(batch: list[Any]) -> None:
            nonlocal tried
            tried += len(batch)
            written = {str(number): value for number, value in enumerate(batch)}
            store.set_many(written)
            for key, value in written.items():
                assert difference(store.get(key), value) is None
            self._all_there(store, written)

        check()
        assert tried >= wanted
