"""Sound backends pass: a networked one, and those whose pages are short or empty."""

from __future__ import annotations

from django_kvstore import Page, Store
from django_kvstore.options import StoreOptions
from django_kvstore_locmem import LocMemBackend
from django_kvstore_testing.aio import Aio
from django_kvstore_testing.expired import Expired
from django_kvstore_testing.flags import Flags
from django_kvstore_testing.iteration import Iteration
from django_kvstore_testing.methods import Methods
from django_kvstore_testing.moving import Moving
from django_kvstore_testing.namespaces import Namespaces
from django_kvstore_testing.prefixes import Prefixes
from django_kvstore_testing.replicas import Replicas
from django_kvstore_testing.splitting import Splitting
from mutants.faults import Networked
from mutants.shelf import Shelf
from mutants.sound import open_backend


class ShortPages(LocMemBackend):
    """Its pages hold a third of what was asked for, or less."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return super().scan(prefix, cursor, max(1, min(limit // 3, 50)))


class EmptyPages(LocMemBackend):
    """Every other page of a walk is empty."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        if cursor is None or not cursor.startswith("after "):
            return Page([], f"after {cursor or ''}")
        cells, following = super().scan(prefix, cursor.removeprefix("after ") or None, limit)
        return Page(cells, following)


class Paged(
    Aio, Splitting, Replicas, Namespaces, Prefixes, Iteration, Moving, Expired, Flags, Methods
):
    """The checks that go through pages."""

    kind: type
    can_start_processes = False

    def make_store(self, url: str) -> Store:
        return Store(open_backend(self.kind, url), StoreOptions())


class TestShortPages(Paged):
    kind = ShortPages
    url = "short"


class TestEmptyPages(Paged):
    kind = EmptyPages
    url = "empty"


class TestShelf(Networked):
    kind = Shelf
