"""Checks of corruption: damaged bytes are told, and never a value."""

from __future__ import annotations

import math
import pickle
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from django_kvstore import records
from django_kvstore.compression import load_codec
from django_kvstore.errors import CorruptValue
from django_kvstore.store import Store

from .base import NIGHTLY, Base, OpenStore
from .clauses import clause, needs
from .probe import Probe

#: How many damages of a larger record are tried at the most.
_SAMPLE = 200
#: How many bytes a small record would become that is made to exhaust memory.
_PAST = 80 * 2**20


_sprung: list[str] = []


def spring(text: str) -> None:
    """Be called by the unpickler."""
    _sprung.append(text)


class Trap:
    """An object whose unpickling is noticed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (spring, ("an object was unpickled",))


def damage(record: bytes) -> bytes:
    """Return the record with another last byte, whichever that was."""
    return record[:-1] + bytes((record[-1] ^ 1,))


@cache
def _bomb() -> bytes:
    """Return a few kilobytes that zlib would unpack to more than `_PAST` bytes."""
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(2**20)) for _ in range(_PAST // 2**20 + 1)]
    return b"".join(packed) + packer.flush()


class Corruption(Base):
    """Clauses ``corruption-…``."""

    @property
    def _samples(self) -> int:
        """How many damages of a record are tried: what finds them is the core, not the engine.

        So where each is a request of its own, a few show that the engine returns what it has, and
        all are tried in a nightly run.
        """
        return 40 if self.networked and not NIGHTLY else _SAMPLE

    def _record(self, store: Store, key: str) -> bytes:
        record = Probe(store).raw(self.cell(store, key))
        assert record is not None
        return record

    def _put(self, store: Store, key: str, record: bytes) -> None:
        Probe(store).put_raw(self.cell(store, key), record)

    def _damaged(self, store: Store, key: str, record: bytes, what: str) -> None:
        """With `record` in its cell the entry must raise CorruptValue, whatever it read like."""
        self._put(store, key, record)
        try:
            read = store.get(key)
        except CorruptValue:
            return
        pytest.fail(f"with {what} the entry read as {read!r:.80}, and no CorruptValue was raised")

    @clause("corruption-flip")
    def test_a_flipped_bit_is_told(self, store: Store) -> None:
        """Whichever bit of a small record is flipped, reading raises CorruptValue."""
        for ttl in (None, 1000):
            store.set("key", {"answer": 42}, ttl=ttl)
            record = self._record(store, "key")
            for bit in range(len(record) * 8):
                flipped = bytearray(record)
                flipped[bit // 8] ^= 1 << bit % 8
                self._damaged(store, "key", bytes(flipped), f"bit {bit} of {len(record)} bytes")
            self._put(store, "key", record)
            assert store.get("key") == {"answer": 42}

    @clause("corruption-flip")
    def test_a_flipped_bit_of_a_large_record_is_told(self, store: Store) -> None:
        """Wherever in a large record a bit is flipped, reading raises CorruptValue."""
        store.set("key", [f"line {number}" for number in range(2000)])
        record = self._record(store, "key")
        for bit in range(3, len(record) * 8, max(1, len(record) * 8 // self._samples)):
            flipped = bytearray(record)
            flipped[bit // 8] ^= 1 << bit % 8
            self._damaged(store, "key", bytes(flipped), f"bit {bit} of {len(record)} bytes")

    @clause("corruption-cut")
    def test_a_cut_record_is_told(self, store: Store) -> None:
        """At whatever length a small record was cut, reading raises CorruptValue."""
        for ttl in (None, 1000):
            store.set("key", {"answer": 42}, ttl=ttl)
            record = self._record(store, "key")
            # An engine may not hold an empty cell; all other lengths it must.
            for length in range(1, len(record)):
                self._damaged(store, "key", record[:length], f"{length} of {len(record)} bytes")

    @clause("corruption-cut")
    def test_a_cut_large_record_is_told(self, store: Store) -> None:
        """Wherever a large record was cut, reading raises CorruptValue."""
        store.set("key", [f"line {number}" for number in range(2000)])
        record = self._record(store, "key")
        for length in range(1, len(record), max(1, len(record) // self._samples)):
            self._damaged(store, "key", record[:length], f"{length} of {len(record)} bytes")

    @clause("corruption-cut")
    def test_a_lengthened_record_is_told(self, store: Store) -> None:
        """Bytes that follow a record make it no record."""
        store.set("key", "value")
        record = self._record(store, "key")
        for more in (b"\0", b" ", b"\r\n", record):
            self._damaged(store, "key", record + more, f"{more!r} after it")

    @clause("corruption-foreign")
    @pytest.mark.parametrize(
        "foreign", [b"x", b"hello", b"\x80\x04N.", b"null", b"\0" * 50, b"\xff" * 50, b"\xd7"]
    )
    def test_foreign_bytes_are_told(self, store: Store, foreign: bytes) -> None:
        """What another program left in the cell raises CorruptValue."""
        self._damaged(store, "key", foreign, f"the foreign bytes {foreign[:10]!r}")

    @clause("corruption-moved")
    def test_a_record_of_another_key_is_told(self, store: Store) -> None:
        """A record in another key's cell raises CorruptValue."""
        store.set("mine", "my value")
        for key in ("yours", "Mine", "mine ", "min"):
            self._damaged(store, key, self._record(store, "mine"), "another key's record")
        assert store.get("mine") == "my value"

    @clause("corruption-moved")
    def test_a_record_of_another_namespace_is_told(self, open_store: OpenStore) -> None:
        """A record in the same key's cell of another namespace raises CorruptValue."""
        one, two = open_store(namespace="one"), open_store(namespace="two")
        one.set("key", "one's value")
        self._damaged(two, "key", self._record(one, "key"), "another namespace's record")

    @clause("corruption-serializer")
    def test_a_record_of_another_serializer_is_told(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """Bytes are never read by a serializer that did not write them."""
        other = "json" if store.options.serializer != "json" else "typed"
        open_store(serializer=other).set("key", [1, 2])
        with pytest.raises(CorruptValue, match="serializer"):
            store.get("key")

    @clause("corruption-serializer")
    def test_a_payload_that_is_none_is_told(self, store: Store) -> None:
        """A record that is whole, of a payload that no serializer wrote, raises CorruptValue."""
        store.set("key", "value")
        written = records.unpack(self.cell(store, "key"), self._record(store, "key"))
        for payload in (b"", b"\xc1", b"\xd9", b"\xdd\xff\xff\xff\xff", b"\xc7\x01\x63\x00"):
            forged = records.pack(self.cell(store, "key"), payload, code=written.code, expires=None)
            self._damaged(store, "key", forged, f"the payload {payload!r}")

    @clause("corruption-serializer")
    def test_damaged_compression_is_told(self, store: Store) -> None:
        """A record that is whole, of a payload that does not decompress, raises CorruptValue."""
        store.set("key", "value")
        written = records.unpack(self.cell(store, "key"), self._record(store, "key"))
        for number in (1, 3):
            forged = records.pack(
                self.cell(store, "key"),
                b"not compressed at all",
                code=written.code,
                flags=number << records.COMPRESSION_SHIFT,
                expires=None,
            )
            self._damaged(store, "key", forged, f"the compression {number}")

    @clause("corruption-limits")
    def test_what_would_unpack_over_the_limit_is_told(self, store: Store) -> None:
        """A small record that would become longer than any value raises CorruptValue."""
        store.set("key", "value")
        code = records.unpack(self.cell(store, "key"), self._record(store, "key")).code
        bomb = _bomb()
        forged = records.pack(
            self.cell(store, "key"),
            bomb,
            code=code,
            flags=load_codec("zlib").number << records.COMPRESSION_SHIFT,
            expires=None,
        )
        if store.backend.max_value_bytes < _PAST and len(forged) <= self._room(store):
            self._damaged(store, "key", forged, f"{len(bomb)} bytes that would become {_PAST}")
            self._mend(store, "key", forged)

    @clause("corruption-limits")
    @pytest.mark.parametrize("size", [2**20, 2**26, 2**63])
    def test_a_head_that_claims_millions_of_parts_is_told(self, store: Store, size: int) -> None:
        """A small record that names more parts than there are raises CorruptValue, in no time."""
        store.set("key", "value")
        cell = self.cell(store, "key")
        code = records.unpack(cell, self._record(store, "key")).code
        for parts in (2**32 - 1, 10**6, size // 300 % 2**32, 0):
            payload = struct.pack(">16sIQ", b"g" * 16, parts, size)
            forged = records.pack(cell, payload, code=code, flags=records.IS_SPLIT, expires=None)
            self._put(store, "key", forged)
            try:
                # What an engine that drops cells by itself has lost is a miss, as far as it can be.
                assert store.get("key", "missing") == "missing"
                assert store.backend.evicts
            except CorruptValue:
                pass
            self._mend(store, "key", forged)

    def _mend(self, store: Store, key: str, damaged: bytes) -> None:
        """Every call that writes whatever is there must write over such a record, or delete it."""
        calls: list[Callable[[], object]] = [
            lambda: store.set(key, "new"),
            lambda: store.set_many({key: "new"}),
            lambda: store.set(key, "new", ttl=0),
            lambda: store.delete(key),
            lambda: store.delete_many([key]),
        ]
        if store.backend.atomic:
            calls.append(lambda: store.put(key, "new"))
        for call in calls:
            self._put(store, key, damaged)
            call()
            assert store.get(key, "gone") in ("new", "gone")

    def _room(self, store: Store) -> int:
        return Probe(store).record_limit or store.backend.max_value_bytes

    @clause("corruption-expiry")
    @pytest.mark.parametrize("expires", [math.nan, math.inf, -math.inf])
    def test_an_expiry_that_is_not_a_time_is_told(self, store: Store, expires: float) -> None:
        """A record whose expiry is not a number, or infinite, raises CorruptValue."""
        store.set("key", "value")
        cell = self.cell(store, "key")
        written = records.unpack(cell, self._record(store, "key"))
        forged = records.pack(cell, written.payload, code=written.code, expires=expires)
        self._damaged(store, "key", forged, f"the expiry {expires}")
        for call in self._askers(store, "key"):
            self._put(store, "key", forged)
            with pytest.raises(CorruptValue):
                call()
        assert store.delete("key") is True

    @clause("corruption-everywhere")
    def test_asking_for_the_expiry_tells_of_a_damaged_entry(self, store: Store) -> None:
        """ttl(), touch() and persist() raise, whichever bit was flipped; the entry is there."""
        for ttl in (None, 1000):
            store.set("key", {"answer": 42}, ttl=ttl)
            record = self._record(store, "key")
            for bit in range(0, len(record) * 8, 5 * _SAMPLE // self._samples):
                flipped = bytearray(record)
                flipped[bit // 8] ^= 1 << bit % 8
                self._put(store, "key", bytes(flipped))
                for call in self._askers(store, "key"):
                    with pytest.raises(CorruptValue):
                        call()
                assert store.exists("key") is True
                if store.backend.atomic:
                    assert store.add("key", "new") is False
                assert self._record(store, "key") == bytes(flipped)

    def _askers(self, store: Store, key: str) -> list[Callable[[], object]]:
        calls: list[Callable[[], object]] = [lambda: store.ttl(key)]
        if store.backend.atomic:
            calls += [
                lambda: store.touch(key, 100),
                lambda: store.touch(key, 0),
                lambda: store.persist(key),
            ]
        return calls

    @clause("corruption-pickle")
    def test_a_pickle_is_verified_before_it_is_loaded(self, open_store: OpenStore) -> None:
        """A record that is whole, of a pickle that was not signed here, is never unpickled."""
        store = open_store(serializer="pickle")
        store.set("key", ["signed"])
        record = records.unpack(self.cell(store, "key"), self._record(store, "key"))
        trap = pickle.dumps(Trap())
        del _sprung[:]
        for payload in (b"\0" * 32 + trap, record.payload[:32] + trap, trap, trap[:40]):
            forged = records.pack(self.cell(store, "key"), payload, code=record.code, expires=None)
            self._damaged(store, "key", forged, "an unsigned pickle")
        assert _sprung == []

    @clause("corruption-pickle")
    def test_a_damaged_pickle_is_never_loaded(self, open_store: OpenStore) -> None:
        """Not one flipped bit of a signed pickle reaches the unpickler."""
        store = open_store(serializer="pickle")
        store.set("key", Trap())
        record = self._record(store, "key")
        cell = self.cell(store, "key")
        payload = records.unpack(cell, record).payload
        del _sprung[:]
        for bit in range(len(payload) * 8):
            flipped = bytearray(payload)
            flipped[bit // 8] ^= 1 << bit % 8
            # With its checksum made good, so that the signature alone stands guard.
            forged = records.pack(cell, bytes(flipped), code=ord("p"), expires=None)
            self._damaged(store, "key", forged, f"bit {bit} of the pickle")
        assert _sprung == []
        self._put(store, "key", record)
        store.get("key")
        assert _sprung == ["an object was unpickled"]

    @clause("corruption-pickle")
    def test_a_signature_belongs_to_its_key(self, open_store: OpenStore) -> None:
        """A signed pickle copied to another key, its checksum made good, is refused."""
        store = open_store(serializer="pickle")
        store.set("mine", ["signed"])
        mine = records.unpack(self.cell(store, "mine"), self._record(store, "mine"))
        forged = records.pack(self.cell(store, "yours"), mine.payload, code=mine.code, expires=None)
        self._damaged(store, "yours", forged, "another key's signed pickle")

    @clause("corruption-everywhere")
    def test_get_many_tells_of_a_damaged_entry(self, store: Store) -> None:
        """get_many() raises; it does not leave the damaged entry out as a miss."""
        store.set_many({"fine": 1, "key": 2})
        self._put(store, "key", self._record(store, "key")[:-1])
        with pytest.raises(CorruptValue):
            store.get_many(["fine", "key"])
        assert store.get_many(["fine"]) == {"fine": 1}

    @clause("corruption-everywhere")
    @needs("iterable")
    def test_items_tells_of_a_damaged_entry(self, store: Store) -> None:
        """items() raises; keys() still lists the key, so that it can be deleted."""
        store.set("key", 2)
        self._put(store, "key", damage(self._record(store, "key")))
        with pytest.raises(CorruptValue):
            list(store.items())
        assert list(store.keys()) == ["key"]

    @clause("corruption-everywhere")
    @needs("atomic")
    def test_atomic_calls_tell_of_a_damaged_entry(self, store: Store) -> None:
        """Counting with a damaged entry, comparing or popping raises and leaves its bytes."""
        store.set("key", 2)
        damaged = damage(self._record(store, "key"))
        self._put(store, "key", damaged)
        for call in (
            lambda: store.incr("key"),
            lambda: store.compare_and_set("key", 2, 3),
            lambda: store.touch("key", 100),
            lambda: store.pop("key"),
            lambda: store.get_or_set("key", lambda: 1),
        ):
            with pytest.raises(CorruptValue):
                call()
            assert self._record(store, "key") == damaged
        assert store.add("key", 1) is False

    @clause("corruption-mend")
    def test_a_damaged_entry_can_be_overwritten_and_deleted(self, store: Store) -> None:
        """Whatever a cell holds, set() and delete() mend it."""
        for mend in (lambda: store.set("key", "new"), lambda: store.delete("key")):
            for damaged in (b"x", b"\xd7\x02t", b"\xd7\x0ft" + b"\0" * 30, b"\xff" * 30):
                self._put(store, "key", damaged)
                mend()
                assert store.get("key", "gone") in ("new", "gone")

    @clause("corruption-flip")
    def test_an_error_shows_no_stored_bytes(self, store: Store) -> None:
        """The message of CorruptValue names the store, and shows nothing of the value."""
        store.set("key", "a secret of the stored value")
        record = self._record(store, "key")
        self._put(store, "key", damage(record))
        with pytest.raises(CorruptValue) as caught:
            store.get("key")
        assert store.alias in str(caught.value)
        assert "secret" not in str(caught.value)
