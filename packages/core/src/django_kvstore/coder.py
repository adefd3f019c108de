"""Between the user's terms and the engine's: keys and cells, values and records, ttls and times.

``coder.encode("shop:greeting", "hello", None)`` are the bytes that the engine's cell gets.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from isal.isal_zlib import crc32

from . import records, split
from .backend import Backend
from .compression import MIN_BYTES, decompress, load_codec
from .errors import (
    Conflict,
    CorruptValue,
    InvalidValue,
    KVStoreError,
    OutcomeUnknown,
    Refused,
    Unavailable,
    ValueTooLarge,
)
from .naming import Naming
from .nesting import TOO_DEEP, is_too_deep
from .options import DEFAULT_TTL, MISSING, StoreOptions, read_seconds
from .records import EXPIRY, EXPIRY_AT, HEAD, OVERHEAD, PAYLOAD, PAYLOAD_AFTER_EXPIRY, WHOLE, seal
from .serializers import load_serializer, serializer_name

#: What serializers raise for a value that they cannot write.
_UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError)
#: What a serializer may raise over a record that is not damaged. The stack of the caller is at its
#: end where the serializer itself keeps to `MAX_LEVELS`.
_NOT_DAMAGE = (KVStoreError, ImproperlyConfigured, RecursionError, MemoryError)


class Coder(Naming):
    """What one store needs to speak to its backend; thread-safe, and without state of its own."""

    def __init__(self, backend: Backend, options: StoreOptions) -> None:
        super().__init__(backend, options.namespace)
        self._default_ttl = options.ttl
        try:
            self._serializer = load_serializer(options.serializer)(backend.alias)
            self._codec = load_codec(options.compression) if options.compression else None
        except ImproperlyConfigured as error:
            raise ImproperlyConfigured(
                f"The store '{backend.alias}' ({backend.scheme}): {error}"
            ) from error.__cause__
        self._dumps, self._loads = self._serializer.dumps, self._serializer.loads
        # What nearly all records begin with.
        self._plain_head = records.head(self._serializer.code)
        self._expiring_head = records.head(self._serializer.code, records.HAS_EXPIRY)
        # Up to here a payload is neither refused, nor compressed, nor split.
        self._simple_bytes = min(
            backend.max_value_bytes,
            MIN_BYTES - 1 if self._codec else backend.max_value_bytes,
            (backend.cell_bytes or backend.max_value_bytes) - records.OVERHEAD,
        )

    # Expiry.

    def expires(self, ttl: Any) -> float | None:
        """Return the time, in seconds since 1970, at which `ttl` seconds from now will be over."""
        if ttl is DEFAULT_TTL:
            ttl = self._default_ttl
        if ttl is None:
            return None
        try:
            seconds = read_seconds(ttl)
        except ValueError as error:
            raise self._backend.error(
                InvalidValue,
                f"the ttl must be {error}.",
                hint="Give seconds, as in ttl=60, or None for an entry that does not expire.",
            ) from None
        return time.time() + max(seconds, -1.0)

    # Values.

    def payload(self, cell: str, value: Any) -> tuple[bytes, int]:
        """Return the serialized value and the record's flags."""
        try:
            payload = self._dumps(value, cell)
        except _UNWRITABLE as error:
            raise self._unwritable(value, error) from error
        return (payload, 0) if len(payload) <= self._simple_bytes else self._fit(payload)

    def encode(self, cell: str, value: Any, expires: float | None) -> bytes:
        """Return the record of a value; parts of a large one are written already."""
        try:
            payload = self._dumps(value, cell)
        except _UNWRITABLE as error:
            raise self._unwritable(value, error) from error
        if len(payload) > self._simple_bytes:
            return self.pack(cell, *self._fit(payload), expires)
        if expires is None:
            body = self._plain_head + payload
        else:
            body = self._expiring_head + EXPIRY.pack(expires) + payload
        # `records.seal`, without a call of our own: every write comes through here.
        return body + crc32(body, crc32(cell.encode())).to_bytes(4, "little")

    def encode_many(self, values: Mapping[str, Any], expires: float | None) -> dict[str, bytes]:
        """Return the records of cells' values, all serialized before any part is written."""
        head = self._plain_head
        if expires is not None:
            head = self._expiring_head + EXPIRY.pack(expires)
        dumps, most = self._dumps, self._simple_bytes
        encoded: dict[str, bytes] = {}
        large: dict[str, tuple[bytes, int]] = {}
        for cell, value in values.items():
            try:
                payload = dumps(value, cell)
            except _UNWRITABLE as error:
                raise self._unwritable(value, error) from error
            if len(payload) <= most:
                body = head + payload
                encoded[cell] = body + crc32(body, crc32(cell.encode())).to_bytes(4, "little")
            else:
                large[cell] = self._fit(payload)
        for cell, made in large.items():
            try:
                encoded[cell] = self.pack(cell, *made, expires)
            except KVStoreError as error:
                for other in large.keys() & encoded.keys():
                    self.abandon(other, encoded[other], error)
                raise
        return encoded

    def as_stored(self, cell: str, value: Any) -> Any:
        """Return what would be read of the value if it were written; raises `InvalidValue`."""
        try:
            payload = self._dumps(value, cell)
        except _UNWRITABLE as error:
            raise self._unwritable(value, error) from error
        return self._loads(payload, cell)

    def pack(self, cell: str, payload: bytes, flags: int, expires: float | None) -> bytes:
        """Return the record of what `payload` returned; otherwise as `encode`."""
        if not flags and len(payload) <= self._simple_bytes:
            if expires is None:
                return seal(cell, self._plain_head + payload)
            return seal(cell, self._expiring_head + EXPIRY.pack(expires) + payload)
        limit = self._backend.cell_bytes
        if limit is not None and len(payload) + OVERHEAD > limit:
            payload = split.write_parts(self._backend, self._namespace, cell, payload, expires)
            flags |= records.IS_SPLIT
        return records.pack(cell, payload, code=self._serializer.code, flags=flags, expires=expires)

    def _unwritable(self, value: object, error: Exception) -> Exception:
        if not isinstance(error, RecursionError):
            reason = str(error)
        elif is_too_deep(value):
            reason = TOO_DEEP
        else:
            return error  # the stack of the caller is at its end; the value can be written
        kind = type(value)
        if hasattr(kind, "__await__"):
            hint = "Await it first, and store what it returns."
        elif hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
            hint = "Store what it yields, in a list."
        elif self._serializer.safe:
            hint = (
                "Store plain types, or set the store's option SERIALIZER to 'pickle', which signs "
                "whatever Python can pickle."
            )
        else:
            hint = "Store what the object is made of, as plain types."
        return self._backend.error(
            InvalidValue,
            f"the serializer '{self._serializer.name}' cannot write the "
            f"{type(value).__name__}: {reason}.",
            hint=hint,
        )

    def _fit(self, payload: bytes) -> tuple[bytes, int]:
        """Return the payload, compressed where that is asked for and helps, and its flags."""
        if len(payload) > self._backend.max_value_bytes:
            raise self._backend.error(
                ValueTooLarge,
                f"the value is {len(payload)} bytes serialized; the limit is "
                f"{self._backend.max_value_bytes}.",
                hint="The old value stays. Store a file's name rather than the file.",
            )
        if self._codec is not None and len(payload) >= MIN_BYTES:
            smaller = self._codec.compress(payload)
            if len(smaller) < len(payload):
                return smaller, self._codec.number << records.COMPRESSION_SHIFT
        return payload, 0

    def unpack(self, cell: str, record: bytes) -> records.Record:
        """Take a record apart; raises `CorruptValue`."""
        try:
            return records.unpack(cell, record)
        except records.BadRecord as error:
            raise self._corrupt(error) from error

    def decode(
        self,
        cell: str,
        record: bytes,
        *,
        safely: bool = False,
        reader: Backend | None = None,
    ) -> Any:
        """Return the value of a record, or `MISSING` when it has expired or was deleted.

        With `safely`, a value that only running code could load raises `CorruptValue` instead.
        `reader` is the backend that gave the record, where it may be behind: `Backend.reader`.
        """
        is_whole = crc32(record, crc32(cell.encode())) == WHOLE
        head = record[HEAD]
        if is_whole and head == self._plain_head:
            payload = record[PAYLOAD]
        elif is_whole and head == self._expiring_head and len(record) >= OVERHEAD:
            (expires,) = EXPIRY.unpack_from(record, EXPIRY_AT)
            if not math.isfinite(expires):
                raise self._corrupt("its expiry is not a time")
            if expires <= time.time():
                return MISSING
            payload = record[PAYLOAD_AFTER_EXPIRY]
        else:
            payload = self._open(cell, record, reader or self._backend)
            if payload is MISSING:
                return MISSING
        try:
            loads = self._serializer.loads_safely if safely else self._loads
            return loads(payload, cell)
        except _NOT_DAMAGE:
            raise
        except Exception as error:  # a serializer or library may raise anything over bad bytes
            raise self._corrupt(error) from error

    def decode_many(
        self, cells: Iterable[tuple[str, bytes]], *, reader: Backend | None = None
    ) -> dict[str, Any]:
        """Return the values of entries' cells by their keys, without what has expired or is gone.

        Otherwise as `decode`.
        """
        head, start, loads = self._plain_head, len(self._prefix), self._loads
        values: dict[str, Any] = {}
        for cell, record in cells:
            # As `decode` does with nearly every record, without a call for each.
            if record[HEAD] == head and crc32(record, crc32(cell.encode())) == WHOLE:
                try:
                    value = loads(record[PAYLOAD], cell)
                except Exception:  # noqa: BLE001 # `decode` says what it means
                    value = self.decode(cell, record)
            else:
                value = self.decode(cell, record, reader=reader)
            if value is not MISSING:
                values[cell[start:]] = value
        return values

    def _open(self, cell: str, record: bytes, reader: Backend) -> Any:
        """Return the payload, joined and unpacked, of a record of whatever form, or `MISSING`."""
        while True:
            flags, code, expires, payload = self.unpack(cell, record)
            if is_past(expires):
                return MISSING
            if code != self._serializer.code:
                raise self._corrupt(
                    f"it was written by {serializer_name(code)}, and this store uses "
                    f"'{self._serializer.name}'"
                )
            if not flags & records.IS_SPLIT:
                break
            joined = self._join(payload, reader)
            if joined is not None:
                payload = joined
                break
            # Somebody replaced the value between our reading of its head and of its parts, or a
            # replica is behind, or else the engine has lost a part.
            current = self._backend.get(cell)
            lost = current == record and reader is self._backend
            reader = self._backend
            if current is None or (lost and reader.evicts):
                return MISSING
            if lost:
                raise self._corrupt("a part of it is missing")
            record = current
        number = flags >> records.COMPRESSION_SHIFT & 3
        if not number:
            return payload
        try:
            return decompress(number, payload, self._backend.max_value_bytes)
        except ValueError as error:
            raise self._corrupt(error) from error

    def _join(self, payload: bytes, reader: Backend) -> bytes | None:
        """Return the payload of the parts that a head's names; None when one is gone meanwhile."""
        try:
            head = split.read_head(payload)
            return split.read_parts(reader, self._namespace, head)
        except records.BadRecord as error:
            raise self._corrupt(error) from error

    def _corrupt(self, detail: object) -> CorruptValue:
        return self._backend.error(
            CorruptValue,
            f"the stored bytes cannot be read: {detail}.",
            hint="No part of it was loaded. Restore or delete the entry, or correct the store's "
            "SERIALIZER, if that was changed.",
        )

    def is_absent(self, cell: str, record: bytes | None) -> bool:
        """Say whether a reader who was given this record would find no entry."""
        while not is_gone(cell, record) and self.has_lost_part(cell, record):
            # Unless somebody replaced the value between our reading of its head and of its parts.
            current = self._backend.get(cell)
            if current == record:
                return True
            record = current
        return is_gone(cell, record)

    def has_lost_part(self, cell: str, record: bytes | None) -> bool:
        """Say whether the record is the head of a value of which the engine dropped a part."""
        if not self._backend.evicts or not split.is_head(record):
            return False
        assert record is not None
        try:
            head = split.read_head(records.unpack(cell, record).payload)
            return split.read_parts(self._backend, self._namespace, head) is None
        except records.BadRecord:
            return False  # it is there, and damaged: reading it raises

    def abandon(self, cell: str, record: bytes, error: KVStoreError | None = None) -> None:
        """Delete the parts of a record that was not written, perhaps because of `error`.

        Only where nobody could find them later, and not if it may have been written after all.
        """
        if not self._backend.iterable and not isinstance(error, OutcomeUnknown):
            self.delete_parts(cell, record)

    def delete_parts(self, cell: str, record: bytes | None) -> None:
        """Delete the parts that a replaced or refused record of `cell` names, if any.

        What the caller wanted is done by then, so a failure must not say that it is not: what
        stays behind is an orphan, and is collected.
        """
        if not split.is_head(record):
            return
        try:
            split.delete_parts(self._backend, self._namespace, record, cell)
        except (Unavailable, Refused, OutcomeUnknown, Conflict) as error:
            if self._backend.transactional:
                # A transaction may be lost with it, write and all.
                raise self._backend.error(
                    OutcomeUnknown,
                    f"the entry was written, and what it replaced could not be deleted: "
                    f"{error.reason}",
                    hint="In a transaction, undo and repeat it; elsewhere it is done.",
                ) from error


def is_past(expires: float | None) -> bool:
    """Say whether that time is over; None never is."""
    return expires is not None and expires <= time.time()


def is_gone(cell: str, record: bytes | None) -> bool:
    """Say whether the cell has no record, or one that has expired; a damaged one is there."""
    return record is None or records.is_over(cell, record, time.time())
