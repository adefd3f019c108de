"""Backends that are wrong in one way each, and the check that must find it out.

``BROKEN["FoldsCase"].check == "test_case_makes_another_key"``
"""

from __future__ import annotations

import itertools
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from django_kvstore import Page, StoreURL, Unavailable
from django_kvstore_locmem import LocMemBackend

from .sound import Expiring


class Fault(NamedTuple):
    """A wrong backend, the clause that it breaks, and a check that is to find it out."""

    kind: type[LocMemBackend] | type[Expiring]
    clause: str
    check: str


BROKEN: dict[str, Fault] = {}

B = TypeVar("B", bound="type[LocMemBackend] | type[Expiring]")


def breaks(clause: str, check: str) -> Callable[[B], B]:
    """Note what the backend below does wrong."""

    def note(kind: B) -> B:
        BROKEN[kind.__name__] = Fault(kind, clause, check)
        return kind

    return note


class Mangled(LocMemBackend):
    """Changes the name of each cell on its way in."""

    def mangle(self, key: str) -> str:
        raise NotImplementedError

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        read = self.get
        self.get = lambda key: read(self.mangle(key))  # type: ignore[method-assign]

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        super().set(self.mangle(key), record, expires)

    def delete(self, key: str) -> bool:
        return super().delete(self.mangle(key))

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return super().compare_and_set(self.mangle(key), old, new, expires)

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        super().set_many({self.mangle(key): record for key, record in cells.items()}, expires)


@breaks("keys-exact", "test_case_makes_another_key")
class FoldsCase(Mangled):
    def mangle(self, key: str) -> str:
        return key.lower()


@breaks("keys-exact", "test_trailing_spaces_make_another_key")
class TrimsSpaces(Mangled):
    def mangle(self, key: str) -> str:
        return key.rstrip(" ")


@breaks("keys-exact", "test_combining_characters_are_not_composed")
class Composes(Mangled):
    def mangle(self, key: str) -> str:
        return unicodedata.normalize("NFC", key)


@breaks("keys-any", "test_a_nul_ends_no_key")
class EndsAtNul(Mangled):
    def mangle(self, key: str) -> str:
        return key.partition("\0")[0]


@breaks("keys-any", "test_percent_and_slash_are_ordinary")
class DecodesPercent(Mangled):
    def mangle(self, key: str) -> str:
        return key.replace("%2F", "/")


@breaks("keys-length", "test_long_keys_that_differ_at_their_end_are_two")
class TruncatesKeys(Mangled):
    def mangle(self, key: str) -> str:
        return key[:255]


@breaks("namespaces-apart", "test_a_namespace_and_a_key_are_not_joined")
class DropsTheMark(Mangled):
    def mangle(self, key: str) -> str:
        return key.replace(":", "/", 1)


@breaks("missing-delete", "test_delete_says_whether_there_was_an_entry")
class DeniesDeleting(LocMemBackend):
    def delete(self, key: str) -> bool:
        super().delete(key)
        return False


@breaks("values-size", "test_a_value_of_one_mebibyte_is_stored")
class IgnoresErrors(LocMemBackend):
    """Its server refuses a large value, and nobody looks at the answer."""

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        if len(record) < 500_000:
            super().set(key, record, expires)


@breaks("bulk-size", "test_more_keys_than_one_request_holds")
class AnswersAThousand(LocMemBackend):
    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        return super().get_many(list(keys)[:1000])


class Racy(LocMemBackend):
    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        if self.get(key) != old:
            return False
        time.sleep(0.0005)
        if new is None:
            self.delete(key)
        else:
            self.set(key, new, expires)
        return True


@breaks("contention-incr", "test_no_increment_is_lost")
class LosesIncrements(Racy):
    pass


@breaks("contention-add", "test_one_of_all_adds")
class AddsTwice(Racy):
    pass


@breaks("contention-pop", "test_one_of_all_pops")
class PopsTwice(Racy):
    pass


@breaks("contention-cas", "test_no_swap_is_lost")
class LosesSwaps(Racy):
    pass


@breaks("contention-get-or-set", "test_one_of_all_computes")
class ComputesTwice(Racy):
    pass


@breaks("iteration-once", "test_keys_lists_every_key_once")
class RepeatsAKey(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells, following = super().scan(prefix, cursor, limit)
        return Page([*cells, *cells[:1]][:limit], following)


@breaks("iteration-changes", "test_what_a_walk_lists_may_be_deleted")
class CountsItsOffset(LocMemBackend):
    """Its cursor is how many were listed, so deleting one hides another."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        names = sorted(name for name in list(self._cells.records) if name.startswith(prefix))
        start = int(cursor or 0)
        found = [(name, self._cells.records[name]) for name in names[start : start + limit]]
        return Page(found, str(start + limit) if start + limit < len(names) else None)


@breaks("iteration-prefix", "test_no_character_of_a_prefix_stands_for_others")
class LikesPercent(LocMemBackend):
    """Its prefix is a pattern, as in SQL's LIKE."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super().scan(prefix.partition("%")[0], cursor, limit)


@breaks("iteration-pages", "test_scan_gives_pages")
class IgnoresTheLimit(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super().scan(prefix, cursor, 100_000)


@breaks("iteration-pages", "test_a_cursor_can_be_used_again")
class RemembersCursors(LocMemBackend):
    """Its cursors are good once, and in this object alone."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._walks: dict[str, str] = {}
        self._number = itertools.count()

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        after = None if cursor is None else self._walks.pop(cursor, "\U0010ffff")
        cells, following = super().scan(prefix, after, limit)
        if following is None:
            return Page(cells, None)
        number = str(next(self._number))
        self._walks[number] = following
        return Page(cells, number)


@breaks("iteration-memory", "test_a_walk_reads_page_by_page")
class ReadsAll(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return Page(super().scan(prefix, None, 100_000).cells, None)


@breaks("namespaces-clear", "test_clear_leaves_other_namespaces")
class ClearsAll(LocMemBackend):
    def clear(self, prefix: str) -> int | None:
        return super().clear("")


@breaks("iteration-clear", "test_clear_deletes_every_entry")
class ClearsOnePage(LocMemBackend):
    def clear(self, prefix: str) -> int | None:
        cells, _ = self.scan(prefix, None, 100)
        self.delete_many([key for key, _ in cells])
        return None


@breaks("expiry-long", "test_more_than_thirty_days")
class TakesMonthsForDates(Expiring):
    """As memcached reads a time of more than thirty days."""

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        far = expires is not None and expires - time.time() > 30 * 86400
        super().set(key, record, 1.0 if far else expires)


@breaks("expiry-overwrite", "test_overwriting_clears_the_expiry")
class KeepsTheExpiry(Expiring):
    def set(self, key: str, record: bytes, expires: float | None) -> None:
        kept = self.times.get(self.url.location + key)
        super().set(key, record, kept if expires is None else expires)


@breaks("flags-expires", "test_expires_itself_is_as_declared")
class ClaimsToExpire(LocMemBackend):
    expires_itself = True


@breaks("flags-iterable", "test_keys_is_as_declared")
class ClaimsToList(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super(LocMemBackend, self).scan(prefix, cursor, limit)


@breaks("flags-iterable", "test_scan_is_as_declared")
class HidesItsScan(LocMemBackend):
    iterable = False


@breaks("flags-atomic", "test_the_backends_compare_and_set_is_as_declared")
class HidesItsCompare(LocMemBackend):
    atomic = False


@breaks("flags-atomic", "test_the_backend_compares_exactly")
class ComparesLengths(LocMemBackend):
    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        there = self.get(key)
        if (old is None) != (there is None) or len(old or b"") != len(there or b""):
            return False
        return super().compare_and_set(key, there, new, expires)


@breaks("flags-shared", "test_shared_is_as_declared")
class ClaimsToShare(LocMemBackend):
    shared = True


@breaks("flags-limits", "test_a_cell_holds_what_is_declared")
class ClaimsLargeCells(LocMemBackend):
    cell_bytes = 4096

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        super().set(key, record[:4000], expires)


@breaks("life-threads", "test_threads_share_one_store")
class MixesAnswers(LocMemBackend):
    """One connection for all threads: who reads first gets the answer of who asked last."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        read = self.get

        def ask(key: str) -> bytes | None:
            self._answer = read(key)
            time.sleep(0.0001)
            return self._answer

        self.get = ask  # type: ignore[method-assign]


@breaks("life-close", "test_a_closed_store_opens_again")
class StaysClosed(LocMemBackend):
    def close(self) -> None:
        self.get = lambda key: None  # type: ignore[method-assign]


@breaks("life-secrets", "test_no_secret_is_shown")
class ShowsItsURL(LocMemBackend):
    def __repr__(self) -> str:
        return f"<{self.url.text}>"


@breaks("life-shared", "test_two_stores_of_one_url_share")
class KeepsACache(LocMemBackend):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        read, cached = self.get, dict[str, "bytes | None"]()
        self.get = lambda key: cached.setdefault(key, read(key))  # type: ignore[method-assign]


class Breakable(LocMemBackend):
    """A backend with a switch in place of a server."""

    running: ClassVar[bool] = True

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

    @classmethod
    def switch(cls, place: str, *, on: bool) -> None:
        """Stop the server, which forgets, or start it."""
        LocMemBackend("switch", StoreURL.parse(f"locmem://{place}"), {})._cells.records.clear()
        Breakable.running = on

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._require()
        super().set(key, record, expires)

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        self._require()
        super().set_many(cells, expires)

    def delete(self, key: str) -> bool:
        self._require()
        return super().delete(key)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        self._require()
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
