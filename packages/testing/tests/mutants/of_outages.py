"""Backends whose engine can be down, and one wrong way each of taking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django_kvstore import KVStoreError, Page, Refused, StoreURL, Unavailable
from django_kvstore_locmem import LocMemBackend

from .fault import breaks


class Breakable(LocMemBackend):
    """A backend with a switch in place of a server."""

    running: ClassVar[bool] = True
    #: Whether the engine is full.
    full: ClassVar[bool] = False
    #: What a write raises then.
    refused: ClassVar[type[KVStoreError]] = Refused

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        read = self.get

        def ask(key: str) -> bytes | None:
            self._require()
            return read(key)

        self.get = ask  # type: ignore[method-assign]

    def _require(self) -> None:
        if not Breakable.running:
            error = ConnectionRefusedError("the switch is off")
            raise self.error(Unavailable, "nobody answers.", hint="Switch it on.") from error

    def _require_room(self) -> None:
        self._require()
        if Breakable.full:
            raise self.error(self.refused, "the engine is full.", hint="Give it room.")

    @classmethod
    def switch(cls, place: str, *, on: bool) -> None:
        """Stop the server, which forgets, or start it."""
        LocMemBackend("switch", StoreURL.parse(f"locmem://{place}"), {})._cells.records.clear()
        Breakable.running = on

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._require_room()
        super().set(key, record, expires)

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        self._require_room()
        super().set_many(cells, expires)

    def delete(self, key: str) -> bool:
        self._require()
        return super().delete(key)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        self._require_room()
        return super().compare_and_set(key, old, new, expires)

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        self._require()
        return super().scan(prefix, cursor, limit)

    def ping(self) -> None:
        self._require()


@breaks("failure-outage", "test_reading_in_an_outage_is_no_miss")
class MissesInAnOutage(Breakable):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        ask = self.get
        self.get = lambda key: ask(key) if Breakable.running else None  # type: ignore[method-assign]


@breaks("failure-refused", "test_a_refused_write_is_told")
class CallsARefusalAnOutage(Breakable):
    refused = Unavailable


@breaks("failure-refused", "test_a_refused_read_is_no_miss")
class MissesWhenRefused(Breakable):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        ask = self.get
        self.get = lambda key: None if Breakable.full else ask(key)  # type: ignore[method-assign]


@breaks("failure-outage", "test_writing_in_an_outage_is_told")
class DropsInAnOutage(Breakable):
    def set(self, key: str, record: bytes, expires: float | None) -> None:
        if Breakable.running:
            super().set(key, record, expires)


@breaks("failure-outage", "test_listing_in_an_outage_is_told")
class ListsNothingInAnOutage(Breakable):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super().scan(prefix, cursor, limit) if Breakable.running else Page([], None)


@breaks("failure-recovery", "test_a_store_recovers_from_an_outage")
class FailsOnceAfterwards(Breakable):
    """A pooled connection that died with the server is tried once more."""

    _stale: ClassVar[bool] = False

    def _require(self) -> None:
        if not Breakable.running:
            type(self)._stale = True
        elif self._stale:
            type(self)._stale = False
            raise self.error(Unavailable, "a stale connection.")
        super()._require()


@breaks("life-lazy", "test_a_store_is_made_in_an_outage")
class ConnectsAtOnce(Breakable):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._require()


@breaks("flags-durable", "test_durable_is_as_declared")
class ClaimsToLast(Breakable):
    durable = True
