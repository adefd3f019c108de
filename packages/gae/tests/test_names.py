"""Names and ranges: no two cells share a key name, and a prefix's range misses none of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore_gae.names import end_of_range, to_cell, to_key_name

# What is near the edges: the marks, Datastore's own "_", the escape, and the ends of the planes.
TEXT = st.text(
    st.sampled_from("a:_~\0 \ud7ff\ue000\ufffe\uffff\U00010000\U0001f600\U0010ffff"), max_size=6
)

ORDERS = [
    pytest.param(lambda text: text.encode(), id="utf-8"),
    pytest.param(lambda text: text.encode("utf-16-be"), id="utf-16"),
]


@given(TEXT)
def test_a_key_name_is_that_of_one_cell(cell):
    assert to_cell(to_key_name(cell)) == cell


@given(TEXT)
def test_no_key_name_is_one_that_datastore_keeps_to_itself(cell):
    assert not to_key_name(cell).startswith("__")


def test_a_reserved_name_is_escaped_and_others_stay_readable():
    assert to_key_name("__a:b__") == "~__a:b__"
    assert to_key_name("~a:b") == "~~a:b"
    assert to_key_name("shop:greeting") == "shop:greeting"


@given(TEXT.filter(bool), TEXT)
def test_a_prefix_stays_one_and_nothing_else_becomes_one(prefix, cell):
    assert to_key_name(cell).startswith(to_key_name(prefix)) == cell.startswith(prefix)


@pytest.mark.parametrize("order", ORDERS)
@given(TEXT, TEXT)
def test_a_range_holds_all_that_start_with_the_prefix(order, prefix, rest):
    end = end_of_range(prefix)
    assert order(prefix) <= order(prefix + rest)
    assert end is None or order(prefix + rest) < order(end)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("shop:", "shop;"),
        ("a:z", "a:{"),
        ("a\ud7ff", "a\ue000"),
        ("a\uffff", "b"),
        ("a\U0010ffff\uffff", "b"),
        ("\uffff", None),
        ("", None),
    ],
)
def test_the_end_of_a_range(prefix, end):
    assert end_of_range(prefix) == end


@pytest.mark.parametrize("order", ORDERS)
def test_a_range_is_no_wider_than_its_prefix_where_it_can_be(order):
    assert order("shop:\U0010ffff") < order(end_of_range("shop:")) <= order("shop;")
