"""Rows that Python 2.7 wrote, read back whole: see ``legacy/generate.py2``."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from django_kvstore.equality import same
from django_kvstore.transfer.legacy_tables import read_keyval, read_kvstore
from django_kvstore.typed_json import from_json

ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("legacy").joinpath("rows.jsonl").read_text().splitlines()
]


def damaged(read: Callable[[Any], Any], column: Callable[[list[Any]], Any]) -> list[str]:
    """Return the rows that are read as anything but what was written."""
    wrong = []
    for row in ROWS:
        try:
            found = read(column(row))
        except Exception as error:  # noqa: BLE001, each row is reported
            wrong.append(f"{row[0]}: {error!r}")
            continue
        if not same(found, from_json(row[3])):
            wrong.append(f"{row[0]}: {found!r} for {row[3]!r}")
    return wrong


def test_every_value_of_django_kvstore_1_0_is_read_as_it_was_written() -> None:
    assert len(ROWS) == 404
    assert damaged(read_kvstore, lambda row: row[1]) == []


def test_every_value_of_django_keyval_is_read_as_it_was_written() -> None:
    assert damaged(read_keyval, lambda row: base64.b64decode(row[2]).decode("latin-1")) == []
    assert damaged(read_keyval, lambda row: base64.b64decode(row[2])) == []


def test_a_value_within_itself_is_read_once() -> None:
    # l = ["\xe9"]; l.append(l)
    found = read_keyval("(lp1\nS'\\xe9'\np2\nag1\na.")
    assert found[0] == b"\xe9"
    assert found[1] is found


def test_an_objects_attributes_are_read_too() -> None:
    class_name = f"{Thing.__module__}\n{Thing.__qualname__}\n"
    data = f"ccopy_reg\n_reconstructor\n(c{class_name}c__builtin__\nobject\nNtR"
    found = read_keyval(data + "(dS'raw'\nS'\\xe9'\nsS'text'\nS'caf\\xc3\\xa9'\nsb.")
    assert isinstance(found, Thing)
    assert vars(found) == {"raw": b"\xe9", "text": "caf\xe9"}


class Thing:
    pass


@pytest.mark.parametrize("data", [b"", b"\x80\x02", b"garbage", b"\x80\x02U\x05he"])
def test_what_is_no_pickle_is_an_error(data: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, EOFError, ValueError)):
        read_kvstore(base64.b64encode(data))
