"""Values nested up to the limit are stored, and deeper ones are refused in both directions."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from django_kvstore import CorruptValue, InvalidValue, Store, get_kvstore, records
from django_kvstore.equality import same
from django_kvstore.nesting import MAX_LEVELS
from django_kvstore.typed_json import from_json, to_json

WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "list": lambda inner: [inner],
    "dict": lambda inner: {"a": inner},
    "tuple": lambda inner: (inner,),
    "dict with int keys": lambda inner: {1: inner},
    "list among others": lambda inner: [1, "x", inner, 2.5],
    "dict among others": lambda inner: {"id": 7, "text": "x" * 20, "inner": inner, "last": b"\xc4"},
}
FROZEN: dict[str, Callable[[Any], Any]] = {
    "tuple": lambda inner: (inner, 1),
    "frozenset": lambda inner: frozenset({inner, "x"}),
}
MIXED: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "lists and tuples": (WRAPPERS["list"], WRAPPERS["tuple"]),
    "ten lists, a tuple": (*[WRAPPERS["list"]] * 10, WRAPPERS["tuple"]),
    "all": tuple(WRAPPERS.values()),
    "dicts": (WRAPPERS["dict"], WRAPPERS["dict with int keys"]),
}


def nested(levels: int, *wraps: Callable[[Any], Any], innermost: Any = None) -> Any:
    """Return a value of that many levels, made by each of `wraps` in turn."""
    value = innermost
    for level in range(levels):
        value = wraps[level % len(wraps)](value)
    return value


def deep(call: Callable[[], Any], left: int) -> Any:
    """Call it where only `left` frames are left on the stack."""

    def down(frames: int) -> Any:
        return call() if frames <= 0 else down(frames - 1)

    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1
    return down(sys.getrecursionlimit() - used - left)


def kinds() -> list[Any]:
    every = {name: (wrap,) for name, wrap in (WRAPPERS | FROZEN).items()} | MIXED
    return [pytest.param(wraps, id=name) for name, wraps in every.items()]


@pytest.mark.parametrize("wraps", kinds())
@pytest.mark.parametrize("innermost", [None, Decimal("1.5"), "\ud800", b"\xc4"], ids=ascii)
def test_a_value_at_the_limit_comes_back(store: Store, wraps: Any, innermost: Any) -> None:
    value = nested(MAX_LEVELS, *wraps, innermost=innermost)
    store.set("k", value)
    assert same(store.get("k"), value)
    assert store.compare_and_set("k", value, value)
    assert not store.compare_and_set("k", nested(MAX_LEVELS, *wraps, innermost="other"), 1)


@pytest.mark.parametrize("wraps", kinds())
@pytest.mark.parametrize("levels", [MAX_LEVELS + 1, 200, 255, 300, 900])
def test_a_value_over_the_limit_is_refused(store: Store, wraps: Any, levels: int) -> None:
    value = nested(levels, *wraps)
    store.set("k", "old")
    for write in (
        lambda: store.set("k", value),
        lambda: store.set_many({"other": 1, "k": value}),
        lambda: store.compare_and_set("k", "old", value),
        lambda: store.put("k", value),
    ):
        with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
            write()
    assert store.get_many(["k", "other"]) == {"k": "old"}


def test_lists_in_a_tuple_sixty_times_are_refused(store: Store) -> None:
    value = None
    for _ in range(60):
        value = (nested(250, WRAPPERS["list"], innermost=value),)
    with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
        store.set("k", value)


def test_a_value_within_itself_is_refused_however_wide(store: Store) -> None:
    wide: list[Any] = []
    wide += [wide, (wide, {1: wide})] * 50
    for value in (wide, (wide,), {1: wide}):
        with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
            store.set("k", value)


def forge(store: Store, payload: bytes) -> None:
    """Put a record that is whole, and that the serializer of `store` is said to have written."""
    code = store.coder.encode("k", 1, None)[2]
    store.backend.set(":k", records.pack(":k", payload, code=code, expires=None), None)


def within(levels: int, number: int) -> bytes:
    """Return an extension within one list within an extension, and so on, that many levels."""
    data = b"\x90"
    for _ in range(levels):
        data = ormsgpack.packb([ormsgpack.Ext(number, data)], _as_it_is)
    return data


def _as_it_is(value: Any) -> Any:
    return value


@pytest.mark.parametrize(
    "payload",
    [
        *(b"\x91" * levels + b"\xc0" for levels in (MAX_LEVELS + 1, 255, 256, 500, 1022, 5000)),
        *(b"\x81\xa1a" * levels + b"\xc0" for levels in (MAX_LEVELS + 1, 255, 500, 1022, 5000)),
        *(b"\x92\x91\x01" * levels + b"\xc0" for levels in (MAX_LEVELS + 1, 500)),
        *(within(levels, 1) for levels in (MAX_LEVELS, 500, 5000)),
        *(within(levels, 11) for levels in (2, 500)),
        within(3000, 3),
        within(100, 9),
        within(100, 10),
    ],
    ids=lambda payload: f"{payload[:4].hex()}-{len(payload)}",
)
def test_stored_bytes_over_the_limit_are_damage(store: Store, payload: bytes) -> None:
    forge(store, payload)
    for read in (
        lambda: store.get("k"),
        lambda: store.get_many(["k"]),
        lambda: store.compare_and_set("k", 1, 2),
        lambda: store.pop("k"),
    ):
        with pytest.raises(CorruptValue):
            read()
    assert store.delete("k")


def test_the_error_of_a_reader_names_the_limit(store: Store) -> None:
    forge(store, b"\x91" * 200 + b"\xc0")
    with pytest.raises(CorruptValue, match=f"{MAX_LEVELS} levels"):
        store.get("k")


@pytest.mark.parametrize("wraps", kinds())
def test_a_healthy_value_is_read_deep_in_the_stack(store: Store, wraps: Any) -> None:
    value = nested(MAX_LEVELS, *wraps)
    store.set("k", value)
    for left in (100, 80, 60):
        assert same(deep(lambda: store.get("k"), left), value)
        deep(lambda: store.set("k", value), left)
        assert deep(lambda: store.compare_and_set("k", value, value), left)
    # Where the stack ends, Python says so: the value is neither damaged nor refused.
    for left in range(2, 50):
        for call in (
            lambda: store.get("k"),
            lambda: store.set("k", value),
            lambda: store.compare_and_set("k", value, value),
        ):
            with suppress(RecursionError):
                deep(call, left)


@pytest.mark.parametrize("name", ["list", "dict", "list among others"])
def test_json_has_the_same_limit(name: str) -> None:
    store = get_kvstore("locmem://json-nesting").with_options(serializer="json")
    wrap = WRAPPERS[name]
    value = nested(MAX_LEVELS, wrap, innermost='["{[\\"')
    store.set("k", value)
    assert store.get("k") == value
    assert deep(lambda: store.get("k"), 300) == value
    assert store.compare_and_set("k", value, value)
    for levels in (MAX_LEVELS + 1, 300, 5000):
        with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
            store.set("k", nested(levels, wrap))
        forge(store, b'{"a":[' * (levels // 2 + 1) + b"1" + b"]}" * (levels // 2 + 1))
        with pytest.raises(CorruptValue, match=str(MAX_LEVELS)):
            store.get("k")
    for text in ("[" * 5000, '"[' * 5000, "[1,{" * 500, '["\\"' * 500):
        forge(store, text.encode())
        with pytest.raises(CorruptValue):
            store.get("k")
    wide = [[number] for number in range(1000)]
    store.set("k", wide)
    assert store.get("k") == wide


def test_a_pickle_may_be_nested_deeper_and_is_compared_all_the_same() -> None:
    store = get_kvstore("locmem://pickle-nesting").with_options(serializer="pickle")
    value = nested(150, WRAPPERS["list"], WRAPPERS["tuple"])
    store.set("k", value)
    assert same(store.get("k"), value)
    assert store.compare_and_set("k", value, value)
    with pytest.raises(InvalidValue, match="nested"):
        store.set("k", nested(50_000, WRAPPERS["list"]))


@pytest.mark.parametrize("wraps", kinds())
def test_typed_json_has_the_same_limit(wraps: Any) -> None:
    value = nested(MAX_LEVELS, *wraps)
    text = json.dumps(to_json(value))
    assert same(from_json(json.loads(text)), value)
    assert same(from_json(deep(lambda: to_json(value), 50)), value)
    data = to_json(value)
    assert same(deep(lambda: from_json(data), 50), value)
    for levels in (MAX_LEVELS + 1, 400):
        with pytest.raises(ValueError, match=str(MAX_LEVELS)):
            to_json(nested(levels, *wraps))


@pytest.mark.parametrize(
    ("before", "after"),
    [("[", "]"), ('{"a":', "}"), ('{"$tuple":[', "]}"), ('{"$dict":[[1,', "]]}")],
)
def test_typed_json_over_the_limit_is_refused(before: str, after: str) -> None:
    for levels in (MAX_LEVELS + 1, 150, 180):
        data = json.loads(before * levels + "1" + after * levels)
        with pytest.raises(ValueError, match=str(MAX_LEVELS)):
            from_json(data)


@examples(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(list(WRAPPERS.values())), min_size=1, max_size=5),
    st.integers(MAX_LEVELS - 3, MAX_LEVELS + 3),
    st.sampled_from([None, Decimal(1), OrderedDict(a=1), {2: (3,)}, "\ud800"]),
)
def test_what_is_accepted_is_what_can_be_read(wraps: Any, levels: int, innermost: Any) -> None:
    store = get_kvstore("locmem://nesting")
    value = nested(levels, *wraps, innermost=innermost)
    store.clear()
    own = {dict: 2, OrderedDict: 1}.get(type(innermost), 0)
    if levels + own > MAX_LEVELS:
        with pytest.raises(InvalidValue, match=str(MAX_LEVELS)):
            store.set("k", value)
        return
    store.set("k", value)
    assert store.get("k") == value
