"""Calls of a store, plain and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, assert_type

from asgiref.sync import sync_to_async
from django.db import transaction

from django_kvstore import (
    DEFAULT_TTL,
    MISSING,
    Conflict,
    CorruptValue,
    InvalidKey,
    InvalidValue,
    KVStoreError,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Store,
    StoreURL,
    Timeout,
    Unavailable,
    ValueTooLarge,
    get_kvstore,
    kvstore,
    kvstores,
)
from django_kvstore.entries import Entry
from django_kvstore.iteration import Entries, Export

ERRORS: list[type[KVStoreError]] = [
    *(Conflict, CorruptValue, InvalidKey, InvalidValue, NotSupported, OutcomeUnknown),
    *(Refused, Timeout, Unavailable, ValueTooLarge),
]


def greeting(visitor: str) -> str:
    kvstore.set("greeting", "hello", ttl=60)
    try:
        return str(kvstore.get(f"greeting:{visitor}", "hello"))
    except Unavailable as error:
        return f"{error.alias} ({error.scheme}): {error.reason} {error.hint}"


def one_entry(store: Store) -> bool:
    store.set("answer", {"number": 2**70, "codes": ("A1", None)})
    store.set("answer", None, ttl=None)
    store.set("answer", None, ttl=DEFAULT_TTL)
    store.set("answer", None, ttl=timedelta(hours=1))
    assert_type(store.get("answer"), Any)
    if store.get("question", MISSING) is MISSING:
        assert_type(store.delete("answer"), bool)
    assert_type(store.exists("answer"), bool)
    assert_type(store.has_key("answer"), bool)
    return "answer" in store


def several(store: Store) -> int:
    store.set_many({"a": 1, "b": 2}, ttl=1.5)
    assert_type(store.get_many(["a", "b"]), dict[str, Any])
    return store.delete_many(key for key in ("a", "b"))


def in_one_step(store: Store) -> int:
    assert_type(store.add("owner", "me", ttl=60), bool)
    assert_type(store.put("seen", "today"), bool)
    assert_type(store.incr("hits", 10), int)
    assert_type(store.compare_and_set("door", "closed", "open"), bool)
    assert_type(store.compare_and_set("door", MISSING, "ajar"), bool)
    assert_type(store.pop("task", "nothing to do"), Any)
    assert_type(store.get_or_set("report", lambda: [1, 2, 3], ttl=600, lease=30), Any)
    assert_type(store.get_or_set("report", 5), Any)
    return store.decr("stock", 1, default=100, ttl=60)


def lifetimes(store: Store) -> float | None:
    assert_type(store.touch("name", 60), bool)
    assert_type(store.persist("name"), bool)
    return store.ttl("name")


def walked(store: Store) -> Iterator[str]:
    for key, value in store.items("page:"):
        assert_type(key, str)
        assert_type(value, Any)
    page = store.scan("user:", limit=1)
    assert_type(page, Entries)
    while page.cursor is not None:
        page = store.scan("user:", page.cursor, limit=1)
        assert_type(page.entries, list[tuple[str, Any]])
    assert_type(store.count("user:"), int)
    assert_type(store.clear("user:"), int | None)
    assert_type(store.purge(), int)
    yield from store.keys("user:")


def copied(source: Store, target: Store) -> None:
    export = source.export("user:", limit=100)
    assert_type(export, Export)
    entries = source.get_entries(["a", "b"])
    assert_type(entries, dict[str, Entry])
    target.restore(entries.values())


def of_the_settings() -> list[Store]:
    assert_type(kvstores["counters"], Store)
    assert_type(list(kvstores), list[str])
    assert_type(get_kvstore("locmem://scratch"), Store)
    shop = kvstore.namespace("shop").with_options(ttl=60)
    assert_type(shop, Store)
    assert_type(shop.ping(), float)
    url = StoreURL.parse("db://user:p%40ss@kvstore?ttl=60")
    assert_type(url.password, str | None)
    print(shop, url, shop.backend.address, shop.options.ttl)
    shop.close()
    return kvstores.all()


def repeated(tries: int = 5) -> int:
    while True:
        try:
            with transaction.atomic():
                transaction.on_commit(lambda: print(kvstore.incr("orders")), robust=True)
                return kvstore.incr("invoice")
        except Conflict:
            tries -= 1
            if not tries:
                raise


async def awaited(store: Store) -> AsyncIterator[str]:
    await store.aset("page", "index")
    assert_type(await store.aget("page"), Any)
    assert_type(await store.adelete("page"), bool)
    assert_type(await store.aexists("page"), bool)
    assert_type(await store.ahas_key("page"), bool)
    await store.aset_many({"a": 1})
    assert_type(await store.aget_many(["a"]), dict[str, Any])
    assert_type(await store.adelete_many(["a"]), int)
    assert_type(await store.aadd("owner", "me"), bool)
    assert_type(await store.aput("seen", "today"), bool)
    assert_type(await store.apop("task"), Any)
    assert_type(await store.aincr("hits"), int)
    assert_type(await store.adecr("stock"), int)
    assert_type(await store.acompare_and_set("door", "closed", "open"), bool)
    assert_type(await store.aget_or_set("report", lambda: [1]), Any)
    assert_type(await store.attl("name"), float | None)
    assert_type(await store.atouch("name", 60), bool)
    assert_type(await store.apersist("name"), bool)
    assert_type(await store.ascan("user:"), Entries)
    assert_type(await store.aexport("user:"), Export)
    assert_type(await store.acount("user:"), int)
    assert_type(await store.aclear("user:"), int | None)
    assert_type(await store.apurge(), int)
    assert_type(await store.aping(), float)
    await store.arestore((await store.aget_entries(["a"])).values())
    async for _, value in store.aitems():
        assert_type(value, Any)
    async for key in store.akeys("user:"):
        yield key
    await store.aclose()


@sync_to_async
def moved(source: str, target: str) -> None:
    with transaction.atomic():
        kvstore.set(target, kvstore.pop(source))
