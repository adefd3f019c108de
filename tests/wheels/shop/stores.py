"""What an application does with stores. Each ``ignore`` is a mistake that is to be found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, assert_type

from django_keyval.models import KeyVal
from django_kvstore import (
    MISSING,
    Conflict,
    KVStoreError,
    Store,
    Unavailable,
    get_kvstore,
    kvstore,
    kvstores,
)


def greeting(visitor: str) -> str:
    try:
        return str(kvstore.get(f"greeting:{visitor}", "hello"))
    except Unavailable as error:
        return f"{error.alias} is away"


def counted() -> int:
    counters = kvstores["counters"]
    assert_type(counters, Store)
    assert_type(counters.incr("hits", 2), int)
    assert_type(counters.add("first", object(), ttl=1.5), bool)
    assert_type(counters.ttl("first"), float | None)
    assert_type(counters.get_many(["a", "b"]), dict[str, Any])
    assert_type(counters.compare_and_set("a", MISSING, {"b": 1}), bool)
    assert_type(counters.namespace("shop").count("user:"), int)
    assert_type("a" in counters, bool)
    assert_type(get_kvstore("locmem://").delete_many(counters.keys()), int)
    return counters.decr("hits")


def mistaken() -> None:
    kvstore.set(1, "value")  # type: ignore[arg-type]
    kvstore.set("key", "value", ttl="60")  # type: ignore[arg-type]
    kvstore.incr("key", 0.5)  # type: ignore[arg-type]
    kvstore.sett("key", "value")  # type: ignore[attr-defined]
    kvstores[1].get("key")  # type: ignore[index]


async def listed(prefix: str) -> AsyncIterator[str]:
    assert_type(await kvstore.aincr("lists"), int)
    async for key in kvstore.akeys(prefix):
        assert_type(key, str)
        yield key
    async for _, value in kvstore.aitems():
        assert_type(value, Any)


def message() -> str:
    site = KeyVal("site")
    assert_type(site.set("motd", "hello"), bool)
    return str(site.get_default("motd", ""))


def caught() -> type[KVStoreError]:
    return Conflict
