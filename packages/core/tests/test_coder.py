"""What is done with many entries at once is what is done with each alone."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import CorruptValue, InvalidKey, InvalidValue, Store, get_kvstore, records
from django_kvstore.coder import Coder

STORE = get_kvstore(f"locmem://{uuid.uuid4().hex}")
#: Also keys that are none: empty, too long, with half a character, and no text at all.
KEYS = st.text(max_size=12) | st.sampled_from(
    ["", "k" * 1024, "k" * 1025, "é" * 512, "é" * 513, "\ud800", "a\0b", 7, None, b"bytes"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


class Text(str):
    __slots__ = ()


def one_by_one(coder: Coder, keys: list[Any]) -> list[str] | str:
    """Return the cells' names, each once, or what is said of the first bad key."""
    try:
        return list(dict.fromkeys(coder.cell(key) for key in keys))
    except InvalidKey as error:
        return str(error)


@given(st.lists(KEYS, max_size=5), st.sampled_from(["", "shop/old"]))
def test_keys_are_named_alike(keys: list[Any], namespace: str) -> None:
    coder = STORE.with_options(namespace=namespace).coder
    try:
        found: list[str] | str = coder.cells(iter(keys))
    except InvalidKey as error:
        found = str(error)
    assert found == one_by_one(coder, keys)


def test_a_subclass_of_str_is_named_as_its_text() -> None:
    assert STORE.coder.cells([Text("a"), "a"]) == [STORE.coder.cell("a")]
    assert type(STORE.coder.cells([Text("a")])[0]) is str


@given(
    st.dictionaries(st.text(min_size=1, max_size=8).map(ascii), VALUES, max_size=5),
    st.none() | st.just(time.time() + 1_000_000),  # later than the longest run of tests ends
    st.sampled_from([None, "zlib"]),
)
def test_values_are_written_and_read_alike(
    values: dict[str, Any], expires: float | None, compression: str | None
) -> None:
    coder = STORE.with_options(compression=compression).coder
    cells = {coder.cell(key): value for key, value in values.items()}
    encoded = coder.encode_many(cells, expires)
    assert encoded == {cell: coder.encode(cell, value, expires) for cell, value in cells.items()}
    assert coder.decode_many(encoded.items()) == values
    for cell, record in encoded.items():
        assert coder.decode(cell, record) == values[coder.key(cell)]


def test_what_has_expired_is_left_out() -> None:
    coder = STORE.coder
    encoded = {
        **coder.encode_many({":old": 1}, time.time() - 1),
        **coder.encode_many({":new": 2}, time.time() + 1000),
    }
    assert coder.decode_many(encoded.items()) == {"new": 2}


def test_one_that_cannot_be_written_is_told_as_alone(store: Store) -> None:
    with pytest.raises(InvalidValue) as alone:
        store.set("bad", object())
    with pytest.raises(InvalidValue) as among:
        store.set_many({"good": 1, "bad": object()})
    assert str(among.value) == str(alone.value)
    assert not store.exists("good")


@pytest.mark.parametrize("payload", [b"\xc1", b"", b"\xc7\x01\x63x"])
def test_one_that_cannot_be_loaded_is_told_as_alone(store: Store, payload: bytes) -> None:
    # Whole by its checksum, and yet nothing that this serializer writes.
    bad = records.pack(":bad", payload, code=ord("t"), expires=None)
    store.set("good", 1)
    store.backend.set(":bad", bad, None)
    with pytest.raises(CorruptValue) as alone:
        store.get("bad")
    for read in (lambda: store.get_many(["good", "bad"]), lambda: list(store.items())):
        with pytest.raises(CorruptValue) as among:
            read()
        assert str(among.value) == str(alone.value)
        assert among.value.__cause__ is not None
