"""A backend, a serializer, and what else joins in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, assert_type

from django.contrib.admin import AdminSite

from django_keyval.models import KeyVal
from django_kvstore import Backend, KeyPage, Page, Param, Serializer, StoreURL, Unavailable, Write
from django_kvstore.admin import KeyValueStore, StoreAdmin
from django_kvstore.params import boolean, optional_positive, positive, whole
from django_kvstore.plugins import hookimpl
from django_kvstore.records import expiry
from django_kvstore.typed_json import to_json
from django_kvstore.url import host_and_port


class ShelfBackend(Backend):
    scheme = "shelf"
    params = (
        Param("width", positive, 1.0, "In meters."),
        Param("sync", boolean, False, "Waits for the disk."),
        Param("tries", whole, 3, "How often it is tried."),
        Param("timeout", optional_positive, None, "In seconds."),
        Param("password", str, "", "What the server asks for.", secret=True),
    )
    iterable = True

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self.places = [host_and_port(host, 4711) for host in url.hosts]

    def get(self, key: str) -> bytes | None:
        raise self.error(Unavailable, "the shelf fell down.", hint="Put it up again.")

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        assert_type(expiry(record), float | None)

    def delete(self, key: str) -> bool:
        return False

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return self.get(key) == old

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        write = change(self.get(key))
        if write is not None and write.record is not None:
            self.set(key, write.record, write.expires)

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        return Page([(prefix, b"")], None)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        return KeyPage([prefix], None)


@hookimpl
def kvstore_backend() -> type[Backend]:
    return ShelfBackend


class LoudSerializer(Serializer):
    name, code = "loud", 200

    def dumps(self, value: Any, key: str) -> bytes:
        return str(value).upper().encode()

    def loads(self, data: bytes, key: str) -> Any:
        return data.decode().lower()


site = AdminSite("mine")
site.register(KeyValueStore, StoreAdmin)


def shown() -> Any:
    return to_json({"days": {date(2026, 1, 31)}, "price": (1, 2.5)})


def settings_of_the_site() -> list[str]:
    site = KeyVal("site settings")
    assert_type(site.set("motd", "hello", ttl=86400), bool)
    assert_type(site.get("motd"), Any)
    assert_type(site.get_default("color", "red"), Any)
    assert_type(site.pop("motd"), Any)
    assert_type(site.exists("motd"), bool)
    site["motd"] = "hello"
    if "motd" in site and len(site):
        del site["motd"]
    assert_type(site.get_many(["motd"]), dict[str, Any])
    assert_type(list(site), list[str])
    site.delete("motd", ignore_keyerror=True)
    site.flush()
    KeyVal.flush_all()
    return KeyVal.names()


async def motd() -> str:
    site = KeyVal("site settings")
    await site.aset("motd", "hello")
    async for key in site.akeys():
        print(key)
    return str(await site.aget("motd"))
