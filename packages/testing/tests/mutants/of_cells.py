"""Backends that are wrong about their cells, in one way each."""

from __future__ import annotations

import socket
import time
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django_kvstore import Page, StoreURL
from django_kvstore_locmem import LocMemBackend

from .fault import breaks
from .sound import Expiring


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
    #: For how long others can come in between.
    window = 0.0005

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        if self.get(key) != old:
            return False
        time.sleep(self.window)
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
    # There is one race alone, and a busy machine lets those who run it start far apart.
    window = 0.2


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


@breaks("life-lazy", "test_making_a_store_does_no_io")
class DialsAtOnce(LocMemBackend):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9)).close()


@breaks("flags-iterable", "test_keys_is_as_declared")
class ClaimsToList(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super(LocMemBackend, self).scan(prefix, cursor, limit)


@breaks("flags-iterable", "test_scan_is_as_declared")
class HidesItsScan(LocMemBackend):
    iterable = False


@breaks("flags-atomic", "test_7_compare_and_set_is_there_as_declared")
class HidesItsCompare(LocMemBackend):
    atomic = False


@breaks("flags-atomic", "test_7_compare_and_set_is_there_as_declared")
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


@breaks("flags-transactional", "test_transactional_is_as_declared")
class ClaimsTransactions(LocMemBackend):
    transactional = True


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


@breaks("backend-compare", "test_7_compare_and_set_looks_at_every_byte")
class ComparesTheStart(LocMemBackend):
    """It compares the lengths and what is in `part`."""

    part = slice(0, 64)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        there = self.get(key)
        if old is None or there is None or len(old) != len(there):
            return super().compare_and_set(key, old, new, expires)
        alike = old[self.part] == there[self.part]
        return super().compare_and_set(key, there if alike else old, new, expires)


@breaks("backend-compare", "test_7_compare_and_set_looks_at_every_byte")
class ComparesTheEnd(ComparesTheStart):
    part = slice(-16, None)
