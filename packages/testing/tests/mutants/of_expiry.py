"""Embedded backends that are wrong about expiry, and about walks, in one way each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django_kvstore import Page, StoreURL
from django_kvstore_locmem import LocMemBackend

from .fault import breaks
from .sound import Expiring


@breaks("flags-expires", "test_every_way_of_writing_gives_the_expiry")
class SwapsWithoutExpiry(Expiring):
    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return super().compare_and_set(key, old, new, None)


@breaks("flags-expires", "test_every_cell_of_a_bulk_write_expires")
class ExpiresAHundred(Expiring):
    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        for number, (key, record) in enumerate(cells.items()):
            self.set(key, record, expires if number < 100 else None)


@breaks("expiry-purge", "test_purge_leaves_what_expires_soon")
class PurgesTooMuch(LocMemBackend):
    """It deletes what expires within a minute."""

    def purge(self, prefix: str, now: float) -> int:
        return super().purge(prefix, now + 60)


@breaks("iteration-once", "test_walks_of_many_pages_list_every_key_once")
class DropsTheLastOfAPage(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells, following = super().scan(prefix, cursor, limit)
        return Page(cells[:-1] if following else cells, following)


@breaks("iteration-changes", "test_a_walk_over_what_shrinks_and_grows_lists_a_key_once")
class BeginsAgainWhenItShrinks(LocMemBackend):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        before = vars(self).get("there", 0)
        self.there = self.count_all(prefix)
        if cursor and self.there < before / 4:
            cursor = None
        return super().scan(prefix, cursor, limit)

    def count_all(self, prefix: str) -> int:
        return sum(1 for name in list(self._cells.records) if name.startswith(prefix))


@breaks("life-provision", "test_provisioning_again_changes_nothing")
class EmptiesItsFile(LocMemBackend):
    def provision(self) -> bool:
        self._cells.records.clear()
        return False


@breaks("life-check", "test_check_returns_messages")
class ChecksBadly(LocMemBackend):
    def check(self, **kwargs: Any) -> list[Any]:
        raise OSError("no such folder")


@breaks("life-lazy", "test_making_a_store_does_no_io")
class LooksIntoItsFolder(LocMemBackend):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        list(Path(__file__).parent.iterdir())


@breaks("life-secrets", "test_no_secret_is_in_an_error_or_a_log")
class RefusesWithItsPassword(LocMemBackend):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        if url.password:
            raise ValueError(f"{url.password!r} is not a password of this engine")
        super().__init__(alias, url, params)
