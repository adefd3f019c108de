from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_kvstore import records

CELLS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
EXPIRES = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(CELLS, st.binary(max_size=200), st.integers(0, 255), EXPIRES)
def test_a_record_comes_back(cell: str, payload: bytes, code: int, expires: float | None) -> None:
    raw = records.pack(cell, payload, code=code, flags=4, expires=expires)
    found = records.unpack(cell, raw)
    assert (found.code, found.expires, found.payload) == (code, expires, payload)
    assert found.flags & ~records.HAS_EXPIRY == 4
    assert records.expiry(raw) == expires
    assert len(raw) <= len(payload) + records.OVERHEAD


@given(CELLS, st.binary(max_size=200), st.integers(0, 255), EXPIRES)
def test_a_record_is_what_is_told_of_it(
    cell: str, payload: bytes, code: int, expires: float | None
) -> None:
    raw = records.pack(cell, payload, code=code, expires=expires)
    assert raw[:3] == bytes([0xD7, expires is not None, code])
    assert raw[3:-4].endswith(payload)
    assert zlib.crc32(cell.encode() + raw[:-4]) == int.from_bytes(raw[-4:], "little")
    assert raw == records.seal(cell, raw[:-4])


@given(CELLS, st.binary(max_size=60), EXPIRES, st.data())
def test_a_flipped_bit_is_found_out(
    cell: str, payload: bytes, expires: float | None, data: st.DataObject
) -> None:
    raw = bytearray(records.pack(cell, payload, code=1, expires=expires))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(records.BadRecord):
        records.unpack(cell, bytes(raw))


@given(CELLS, st.binary(max_size=60), EXPIRES, st.data())
def test_a_cut_record_is_found_out(
    cell: str, payload: bytes, expires: float | None, data: st.DataObject
) -> None:
    raw = records.pack(cell, payload, code=1, expires=expires)
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(records.BadRecord):
        records.unpack(cell, raw[:cut])


@given(CELLS, CELLS, st.binary(max_size=60))
def test_another_cells_record_is_found_out(cell: str, other: str, payload: bytes) -> None:
    raw = records.pack(cell, payload, code=1, expires=None)
    if cell == other:
        assert records.unpack(other, raw).payload == payload
    else:
        with pytest.raises(records.BadRecord):
            records.unpack(other, raw)


@given(st.binary(max_size=60))
def test_foreign_bytes_are_no_record(raw: bytes) -> None:
    with pytest.raises(records.BadRecord):
        records.unpack(":k", raw)
    records.expiry(raw)  # says something or nothing, and never fails


@given(st.floats(allow_nan=False, allow_infinity=False), EXPIRES)
def test_a_record_has_expired_from_its_expiry_on(now: float, expires: float | None) -> None:
    raw = records.pack(":k", b"", code=1, expires=expires)
    assert records.has_expired(raw, now) is (expires is not None and expires <= now)
    assert records.has_expired(raw[: records.OVERHEAD - 1], now) is False
