from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from django_kvstore.typed_json import from_json, to_json
from django_kvstore_testing.sameness import difference
from django_kvstore_testing.values import exact_values


@given(exact_values)
def test_every_plain_type_comes_back_through_json(value: Any) -> None:
    text = json.dumps(to_json(value), allow_nan=False)
    assert difference(from_json(json.loads(text)), value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, "x", None]}, '{"a": [1, "x", null]}'),
        ((1,), '{"$tuple": [1]}'),
        ({"$tuple": 1}, '{"$dict": [["$tuple", 1]]}'),
        ({1: 2}, '{"$dict": [[1, 2]]}'),
        (2**60, '{"$int": "1152921504606846976"}'),
        (Decimal("1.20"), '{"$Decimal": "1.20"}'),
        ("\ud800", '{"$str": "d800"}'),
        (b"a", '{"$bytes": "YQ=="}'),
    ],
)
def test_how_it_looks(value: Any, text: str) -> None:
    assert json.dumps(to_json(value)) == text
    assert difference(from_json(json.loads(text)), value) is None


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_of_more_digits_than_python_writes(sign: str) -> None:
    text = f'{{"$int": "{sign}0x1{5000 * "0"}"}}'
    value = int(f"{sign}1") * 16**5000
    assert json.dumps(to_json(value)) == text
    assert from_json(json.loads(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"$nope": 1}',
        '{"$int": "x"}',
        '{"$date": 5}',
        '{"$bytes": "é"}',
        '{"$dict": [1]}',
        "1e999",
        "[-1e999]",
        '{"a": NaN}',
        '{"$dict": [[1, Infinity]]}',
        '{"$tuple": [1e400]}',
    ],
)
def test_what_is_never_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(json.loads(text))


def test_an_object_has_no_form() -> None:
    with pytest.raises(TypeError, match=r"builtins\.object has no form"):
        to_json([object()])
