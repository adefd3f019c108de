"""Cells' names as item names: every one its own, in the order of prefixes, within the limits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore_sdb.names import (
    KEPT,
    is_cut,
    is_exact,
    name_values,
    range_of,
    to_cell,
    to_item_name,
)
from servers.simpledb.limits import RESTRICTED

#: Texts of the characters that are likely to be trouble, and any others, of up to 1,025 bytes.
CELLS = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=256),
    st.text(
        st.sampled_from("a=~%'\"`\\ \r\n\0\x7f\x85é\ufffe\uffff😀:!"), min_size=1, max_size=256
    ),
    st.text(st.sampled_from("aé"), min_size=300, max_size=512),
)


def back(cell: str) -> str | None:
    return to_cell(to_item_name(cell), name_values(cell))


@given(CELLS)
def test_every_cell_comes_back(cell: str) -> None:
    name = to_item_name(cell)
    assert back(cell) == cell
    assert 1 <= len(name) <= 1024
    assert name.isascii()
    assert not RESTRICTED.search(name)
    assert not re.search("[\\s'\"`%<>&\\\\]", name)


@given(CELLS, CELLS)
def test_two_cells_are_two_items(one: str, other: str) -> None:
    assert (to_item_name(one) == to_item_name(other)) == (one == other)


@given(CELLS, st.integers(0, 1025), CELLS)
def test_the_range_of_a_prefix_holds_its_cells(cell: str, length: int, other: str) -> None:
    prefix = cell[:length]
    start, end = range_of(prefix)
    assert start <= to_item_name(cell) < end
    if is_exact(prefix) and not other.startswith(prefix):
        assert not start <= to_item_name(other) < end


@pytest.mark.parametrize("size", range(KEPT - 3, KEPT + 70))
def test_at_the_edges(size: int) -> None:
    for cell in ("a" * size, "=" * (size // 3) + "a" * (size % 3)):
        start, end = range_of(cell)
        for name in (to_item_name(cell), to_item_name(cell + "~"), to_item_name(cell + "é" * 40)):
            assert start <= name < end
        assert back(cell + "é" * 40) == cell + "é" * 40


def test_a_name_is_kept_readable() -> None:
    assert to_item_name("shop:user/7;a.b-c_d@e") == "shop:user/7;a.b-c_d@e"
    assert to_item_name("é b") == "=C3=A9=20b"


def test_only_a_name_that_is_too_long_is_cut() -> None:
    assert to_item_name("a" * 1024) == "a" * 1024
    assert is_cut(to_item_name("a" * 1025))
    assert to_item_name("a" * 1024 + "b") != to_item_name("a" * 1024 + "c")
    assert not is_cut(to_item_name("~"))


@pytest.mark.parametrize(
    "name",
    ["a=41", "=", "=C3", "=c3=a9", "a b", "é", "~", "a=zz", "a~" + "0" * 64, "a~b", "=C3=28"],
)
def test_what_is_not_ours_is_no_cell(name: str) -> None:
    assert to_cell(name, []) is None
    assert to_cell(name, ["0YQ", "x"]) is None


def test_the_longest_name_has_two_values() -> None:
    for cell in ("\0" * 1025, "é" * 512 + "a"):
        values = name_values(cell)
        assert len(values) <= 2
        assert max(map(len, values)) <= 1024
        assert to_cell(to_item_name(cell), reversed(values)) == cell
