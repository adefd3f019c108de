"""Checks of async forms: each method again, with an ``a`` before its name."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from asgiref.sync import async_to_sync

from django_kvstore import records
from django_kvstore.errors import InvalidKey
from django_kvstore.options import MISSING
from django_kvstore.store import Store

from .base import Base, OpenStore
from .clauses import clause, needs
from .probe import Probe

T = TypeVar("T")

#: Public methods that neither wait nor read: there is nothing to await.
_WITHOUT_TWIN = {"namespace", "with_options"}


def run(function: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function; sync code that is bound to a thread runs on this one."""

    async def main() -> T:
        return await function()

    return async_to_sync(main)()


def _public(store: type) -> dict[str, Any]:
    found = inspect.getmembers(store, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_")}


class Aio(Base):
    """Clauses ``async-…``."""

    def _sync_names(self, store: Store) -> set[str]:
        methods = _public(type(store))
        twins = {f"a{name}" for name in methods} & set(methods)
        return set(methods) - twins - _WITHOUT_TWIN

    @clause("async-twins")
    def test_every_method_has_a_twin(self, store: Store) -> None:
        """Whatever can be called can be awaited."""
        methods = _public(type(store))
        names = self._sync_names(store)
        assert {"get", "set", "incr", "keys", "clear", "ping"} <= names
        assert {name for name in names if f"a{name}" not in methods} == set()

    @clause("async-twins")
    def test_twins_take_the_same_arguments(self, store: Store) -> None:
        """Names, order and defaults of the arguments are the same."""
        methods = _public(type(store))
        for name in self._sync_names(store):
            sync, twin = inspect.signature(methods[name]), inspect.signature(methods[f"a{name}"])
            assert twin.parameters == sync.parameters, name

    @clause("async-same")
    def test_entries_are_read_and_written(self, store: Store) -> None:
        """aget(), aset(), adelete(), aexists(), ahas_key() and attl() answer as their twins."""

        async def use() -> None:
            assert await store.aget("key", "default") == "default"
            await store.aset("key", {"a": None}, ttl=1000)
            assert await store.aget("key") == {"a": None}
            assert await store.aexists("key") is True
            assert await store.ahas_key("key") is True
            left = await store.attl("key")
            assert left is not None
            assert 900 < left <= 1000
            assert await store.adelete("key") is True
            assert await store.adelete("key") is False

        run(use)
        assert not store.exists("key")

    @clause("async-same")
    def test_entries_are_read_and_written_in_bulk(self, store: Store) -> None:
        """aget_many(), aset_many() and adelete_many() answer as their twins."""

        async def use() -> None:
            await store.aset_many({"a": 1, "b": None, "c": 3}, ttl=1000)
            assert await store.aget_many(["a", "b", "z"]) == {"a": 1, "b": None}
            assert await store.adelete_many(["a", "z"]) == 1

        run(use)
        assert store.get_many([*"abc"]) == {"b": None, "c": 3}

    @clause("async-same")
    def test_whole_entries_are_moved(self, store: Store) -> None:
        """aget_entries() and arestore() answer as their twins."""
        store.set("key", {"a": 1}, ttl=1000)

        async def use() -> None:
            entry = (await store.aget_entries(["key"]))["key"]
            await store.adelete("key")
            await store.arestore([entry])

        run(use)
        assert store.get("key") == {"a": 1}
        self.has_left(store, "key", 1000)

    @clause("async-same")
    @needs("iterable")
    def test_exports_are_awaited(self, store: Store) -> None:
        """aexport() answers as its twin."""
        store.set_many({"a1": 1, "a2": 2, "b": 3})

        async def use() -> list[str]:
            keys: list[str] = []
            cursor = None
            while True:
                page = await store.aexport("a", cursor, 5)
                keys += [entry.key for entry in page.entries]
                cursor = page.cursor
                if cursor is None:
                    return keys

        assert sorted(run(use)) == ["a1", "a2"]

    @clause("async-same")
    @needs("atomic")
    def test_atomic_calls_are_awaited(self, store: Store) -> None:
        """The atomic calls answer as their twins."""

        async def use() -> None:
            assert await store.aadd("key", 1) is True
            assert await store.aadd("key", 1) is False
            assert await store.aput("key", 1) is False
            assert await store.aincr("key", 4) == 5
            assert await store.adecr("key", 2) == 3
            assert await store.aincr("new", default=10, ttl=1000) == 11
            assert await store.acompare_and_set("key", 3, 4) is True
            assert await store.acompare_and_set("key", 3, MISSING) is False
            assert await store.aget_or_set("key", lambda: 9) == 4
            assert await store.aget_or_set("computed", lambda: 9, ttl=1000, lease=5) == 9
            assert await store.apop("key") == 4
            assert await store.apop("key", "default") == "default"

        run(use)
        assert store.get_many(["key", "new", "computed"]) == {"new": 11, "computed": 9}

    @clause("async-same")
    @needs("atomic")
    def test_expiry_is_awaited(self, store: Store) -> None:
        """atouch() and apersist() answer as their twins."""

        async def use() -> None:
            await store.aset("key", 1)
            assert await store.atouch("key", 1000) is True
            assert await store.attl("key") is not None
            assert await store.apersist("key") is True
            assert await store.attl("key") is None
            assert await store.atouch("nothing") is False

        run(use)

    @clause("async-same")
    @needs("iterable")
    def test_walks_are_awaited(self, store: Store) -> None:
        """akeys(), aitems(), ascan() and acount() answer as their twins."""
        values = {f"key {number}": number for number in range(40)}
        store.set_many({**values, "other": -1})

        async def use() -> None:
            assert sorted([key async for key in store.akeys("key")]) == sorted(values)
            assert dict([item async for item in store.aitems("key")]) == values
            page = await store.ascan("key", limit=15)
            assert len(page.entries) <= 15
            assert page.cursor is not None
            following = await store.ascan("key", page.cursor, 15)
            assert not {*dict(following.entries)} & {*dict(page.entries)}
            assert await store.acount("key") == 40
            assert await store.acount() == 41

        run(use)

    @clause("async-same")
    @needs("clearable")
    def test_clear_is_awaited(self, store: Store) -> None:
        """aclear() answers as its twin."""
        store.set_many({"a": 1, "b": 2})
        assert run(lambda: store.aclear()) in (2, None)
        assert store.get_many([*"ab"]) == {}

    @clause("async-same")
    @needs("iterable")
    def test_purge_is_awaited(self, store: Store) -> None:
        """apurge() answers as its twin."""
        assert run(lambda: store.apurge()) == 0

    @clause("async-same")
    def test_ping_and_close_are_awaited(self, store: Store, open_store: OpenStore) -> None:
        """aping() and aclose() answer as their twins."""
        other = open_store(backend=Probe(store).another())

        async def use() -> float:
            took = await other.aping()
            await other.aclose()
            return took

        assert run(use) >= 0
        assert other.get("key") is None

    @clause("async-same")
    def test_errors_are_raised_where_they_are_awaited(self, store: Store) -> None:
        """An async form raises what its twin raises."""

        async def use() -> None:
            with pytest.raises(InvalidKey):
                await store.aget("")
            with pytest.raises(InvalidKey):
                await store.aset_many({"a": 1, "": 2})

        run(use)
        assert "a" not in store

    @clause("async-same")
    def test_many_are_awaited_at_once(self, store: Store) -> None:
        """Calls gathered in one loop each get their own answer."""

        async def use() -> list[Any]:
            await asyncio.gather(*(store.aset(f"key {n}", [n]) for n in range(30)))
            return await asyncio.gather(*(store.aget(f"key {n}") for n in range(30)))

        assert run(use) == [[number] for number in range(30)]

    @clause("async-same")
    @needs("atomic")
    def test_aget_or_set_awaits_a_coroutine_function(self, store: Store) -> None:
        """Its value is stored, and it is called only where there is none."""
        calls: list[int] = []

        async def compute() -> str:
            await asyncio.sleep(0)
            calls.append(1)
            return "computed"

        async def use() -> list[Any]:
            return [await store.aget_or_set("key", compute, ttl=1000) for _ in range(2)]

        assert run(use) == ["computed"] * 2
        assert calls == [1]
        assert store.get("key") == "computed"
        self.has_left(store, "key", 1000)

    @clause("async-loop")
    @needs("atomic")
    def test_who_waits_for_a_value_holds_no_thread(self, store: Store) -> None:
        """While another process computes a value, the threads here are free for other work."""
        probe, expires = Probe(store), time.time() + 60
        lock = probe.lock("key")
        record = records.pack(lock, b"another's", code=ord("!"), expires=expires)
        probe.put_raw(lock, record, expires)

        async def compute() -> str:
            return "ours"

        async def use() -> list[Any]:
            waiting = [
                asyncio.create_task(store.aget_or_set("key", compute, lease=60)) for _ in range(40)
            ]
            await asyncio.sleep(0.1)
            try:
                assert await asyncio.wait_for(asyncio.to_thread(int), 30) == 0
                assert await asyncio.wait_for(store.aget("other"), 30) is None
            finally:
                await store.aset("key", "theirs")
            return await asyncio.gather(*waiting)

        assert run(use) == ["theirs"] * 40
        probe.remove_raw(lock)

    @clause("async-loop")
    def test_the_loop_is_not_blocked(self, store: Store, open_store: OpenStore) -> None:
        """While the engine is waited for, other tasks go on."""
        store.set("key", "value")
        store = open_store(backend=Probe(store).watched(before=lambda request: time.sleep(0.2)))

        async def use() -> tuple[Any, int]:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await asyncio.sleep(0.005)
                    ticks += 1

            ticking = asyncio.create_task(tick())
            value = await store.aget("key")
            ticking.cancel()
            return value, ticks

        value, ticks = run(use)
        assert value == "value"
        assert ticks >= 3
