"""A backend, a serializer and tests of an application's own."""

from __future__ import annotations

from typing import Any

from django_kvstore import Backend, Page, Param, Serializer, Unavailable
from django_kvstore.plugins import hookimpl
from django_kvstore.test import IsolatedStoresMixin
from django_kvstore_db import DBBackend
from django_kvstore_gae import DatastoreBackend
from django_kvstore_locmem import LocMemBackend
from django_kvstore_memcached import MemcachedBackend
from django_kvstore_sdb import SimpleDBBackend
from django_kvstore_testing import Contract
from django_kvstore_tyrant import TyrantBackend

from .stores import mistaken

KINDS: list[type[Backend]] = [
    DBBackend,
    DatastoreBackend,
    LocMemBackend,
    MemcachedBackend,
    SimpleDBBackend,
    TyrantBackend,
]


class Shelf(Backend):
    scheme = "shelf"
    params = (Param("width", float, 1.0, "In meters."),)
    iterable = True

    def get(self, key: str) -> bytes | None:
        raise self.error(Unavailable, "it fell down.", hint="Put it up again.")

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self.options["width"] -= len(record)

    def delete(self, key: bytes) -> bool:  # type: ignore[override]
        return False

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return Page([(prefix, b"")], None)


@hookimpl
def kvstore_backend() -> type[Backend]:
    return Shelf


class Shouting(Serializer):
    name, code = "shouting", 200

    def dumps(self, value: Any, key: str) -> bytes:
        return str(value).upper().encode()


class TestShelf(Contract):
    url = "shelf://"
    rounds = 100

    def stop_server(self) -> None: ...

    def start_server(self) -> int:  # type: ignore[override]
        return 0


class TestShop(IsolatedStoresMixin):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(mistaken)
