"""What get_or_set and aget_or_set do beside the contract: who waits, for what, and for how long."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from django_kvstore import InvalidValue, Refused, Store, Unavailable, records
from django_kvstore.config import StoreConfig

#: More than asyncio's own pool has threads.
MANY = 64


def open_store(url: str) -> Store:
    """Return a store with a backend of its own, as another process has it."""
    config = StoreConfig.read("test", url)
    return Store(config.open_backend(), config.read_options())


@pytest.fixture
def url() -> str:
    return f"locmem://{uuid.uuid4().hex}"


def plant(store: Store, key: str = "key", *, seconds: float | None = 3600.0) -> str:
    """Lock the key, as a process does that computes; return the name of the lock."""
    lock = store.coder.lock_cell(key)
    expires = None if seconds is None else time.time() + seconds
    record = records.pack(lock, uuid.uuid4().bytes, code=ord("!"), expires=expires)
    store.backend.set(lock, record, expires)
    return lock


async def fetch() -> str:
    await asyncio.sleep(0)
    return "fetched"


class Fetcher:
    """An object whose call is a coroutine."""

    async def __call__(self) -> str:
        return await fetch()


# Waiting.


def test_those_who_wait_for_another_process_hold_no_thread(url: str) -> None:
    here, there = open_store(url), open_store(url)
    lock = plant(there)

    async def use() -> list[Any]:
        waiting = [
            asyncio.create_task(here.aget_or_set(f"key{'' if n % 2 else n}", fetch))
            for n in range(MANY)
        ]
        for number in range(0, MANY, 2):
            plant(there, f"key{number}")
        await asyncio.sleep(0.05)
        try:
            assert await asyncio.wait_for(asyncio.to_thread(int), 20) == 0
            assert await asyncio.wait_for(here.aget("other"), 20) is None
            assert not any(task.done() for task in waiting)
        finally:
            there.set_many({f"key{n}": "theirs" for n in range(MANY)})
            there.set("key", "theirs")
            there.backend.delete(lock)
        return await asyncio.gather(*waiting)

    assert asyncio.run(use()) == ["theirs"] * MANY


def test_waiters_of_one_process_leave_the_engine_alone(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(url)
    reads: list[str] = []
    read = store.backend.get

    def counted(key: str) -> bytes | None:
        reads.append(key)
        return read(key)

    monkeypatch.setattr(store.backend, "get", counted)

    async def use() -> list[Any]:
        begun, over = asyncio.Event(), asyncio.Event()

        async def compute() -> int:
            begun.set()
            await over.wait()
            return len(reads)

        first = asyncio.create_task(store.aget_or_set("key", compute))
        await begun.wait()
        before = len(reads)
        waiting = [asyncio.create_task(store.aget_or_set("key", compute)) for _ in range(MANY)]
        while len(reads) < before + MANY:  # noqa: ASYNC110 # each has looked once
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert len(reads) == before + MANY
        over.set()
        return await asyncio.gather(first, *waiting)

    assert len(set(asyncio.run(use()))) == 1


def test_threads_wait_for_a_thread_of_their_process(url: str) -> None:
    store = open_store(url)
    begun, over, calls = threading.Event(), threading.Event(), []

    def compute() -> str:
        calls.append(1)
        begun.set()
        assert over.wait(60)
        return "value"

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(store.get_or_set, "key", compute)
        assert begun.wait(60)
        others = [pool.submit(store.get_or_set, "key", compute) for _ in range(8)]
        over.set()
        assert [each.result(60) for each in (first, *others)] == ["value"] * 9
    assert len(calls) == 1


def test_when_it_fails_the_next_of_this_process_computes(url: str) -> None:
    store = open_store(url)

    async def use() -> list[Any]:
        begun, over = asyncio.Event(), asyncio.Event()

        async def fail() -> None:
            begun.set()
            await over.wait()
            raise LookupError("no value")

        first = asyncio.create_task(store.aget_or_set("key", fail, lease=3600))
        await begun.wait()
        waiting = [
            asyncio.create_task(store.aget_or_set("key", fetch, lease=3600)) for _ in range(5)
        ]
        await asyncio.sleep(0.05)
        over.set()
        return await asyncio.gather(first, *waiting, return_exceptions=True)

    failed, *fetched = asyncio.run(use())
    assert isinstance(failed, LookupError)
    assert fetched == ["fetched"] * 5


def test_when_it_is_cancelled_the_next_one_computes(url: str) -> None:
    store = open_store(url)

    async def use() -> Any:
        begun = asyncio.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(store.aget_or_set("key", hang, lease=3600))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.wait_for(store.aget_or_set("key", fetch, lease=3600), 60)

    assert asyncio.run(use()) == "fetched"


@pytest.mark.parametrize("seconds", [None, 3600.0, 10.0**9], ids=["for-ever", "hour", "years"])
def test_a_lock_that_stays_is_waited_for_no_longer_than_the_lease(
    url: str, seconds: float | None
) -> None:
    store = open_store(url)
    lock = plant(store, seconds=seconds)
    assert store.get_or_set("key", lambda: "computed", lease=0.1) == "computed"
    assert store.backend.get(lock) is None
    store.delete("key")
    plant(store, seconds=seconds)
    assert asyncio.run(store.aget_or_set("key", fetch, lease=timedelta(seconds=0.1))) == "fetched"


def test_a_lock_that_is_not_one_is_waited_for_no_longer_than_the_lease(url: str) -> None:
    store = open_store(url)
    for planted in (b"", b"x", b"\xff" * 50):
        lock = plant(store)
        store.backend.set(lock, planted, None)
        assert store.get_or_set("key", lambda: "computed", lease=0.1) == "computed"
        store.delete("key")


def test_of_those_who_wait_for_a_lock_that_stays_one_computes(url: str) -> None:
    plant(open_store(url))
    calls: list[int] = []

    def compute() -> str:
        calls.append(1)
        return "computed"

    def take_part(number: int) -> object:
        return open_store(url).get_or_set("key", compute, lease=0.2)  # each as a process

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(take_part, range(8))) == ["computed"] * 8
    assert len(calls) == 1


# Awaiting.


@pytest.mark.parametrize(
    "default",
    [fetch, partial(fetch), Fetcher(), lambda: fetch()],
    ids=["function", "partial", "object", "lambda"],
)
def test_what_must_be_awaited_is_awaited(store: Store, default: Callable[[], Any]) -> None:
    assert asyncio.run(store.aget_or_set("key", default)) == "fetched"
    assert store.get("key") == "fetched"
    assert store.backend.get(store.coder.lock_cell("key")) is None


@pytest.mark.parametrize("default", [fetch, partial(fetch), Fetcher()])
def test_the_sync_form_refuses_what_must_be_awaited_before_anything_is_sent(
    default: Callable[[], Any],
) -> None:
    nobody = open_store("memcached://127.0.0.1:1")
    with pytest.raises(InvalidValue, match="aget_or_set"):
        nobody.get_or_set("key", default)


def test_the_sync_form_stores_no_coroutine(store: Store) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidValue, match="aget_or_set"):
            store.get_or_set("key", lambda: fetch())
        gc.collect()
    assert not store.exists("key")
    assert store.get_or_set("key", lambda: 1, lease=3600) == 1


def test_a_coroutine_in_place_of_its_function_is_refused() -> None:
    nobody = open_store("memcached://127.0.0.1:1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidValue, match="without calling it"):
            nobody.get_or_set("key", fetch())
        with pytest.raises(InvalidValue, match="without calling it"):
            asyncio.run(nobody.aget_or_set("key", fetch()))
        gc.collect()


def generate() -> Iterator[int]:
    yield 1


async def agenerate() -> AsyncIterator[int]:
    yield 1


class Generating:
    """An object whose call is a generator."""

    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    "default",
    [generate, agenerate, partial(generate), Generating(), Generating().__call__, generate()],
    ids=["function", "async", "partial", "object", "method", "generator"],
)
def test_a_generator_is_refused_before_anything_is_sent(default: Any) -> None:
    nobody = open_store("memcached://127.0.0.1:1")
    with pytest.raises(InvalidValue, match=r"the default is a generator.*that returns the value"):
        nobody.get_or_set("key", default)
    with pytest.raises(InvalidValue, match=r"the default is a generator.*that returns the value"):
        asyncio.run(nobody.aget_or_set("key", default))


def test_what_cannot_be_stored_is_told_what_it_is(store: Store) -> None:
    made = fetch()
    pickling = store.with_options(serializer="pickle")
    json = store.with_options(serializer="json")
    try:
        for each in (store, pickling, json):
            for write in (each.set, each.add, each.put):
                for value, way_out in ((made, "Await it"), (generate(), "Store what it yields")):
                    with pytest.raises(InvalidValue, match=way_out) as caught:
                        write("key", value)
                    assert "pickle'," not in str(caught.value)
                    assert "SERIALIZER" not in str(caught.value)
            with pytest.raises(InvalidValue, match="Store what it yields"):
                each.get_or_set("key", lambda: generate())
        for each in (store, json):
            with pytest.raises(InvalidValue, match=r"value\['a'\]\[0\] is .*coroutine \(await it"):
                each.set("key", {"a": [made]})
            with pytest.raises(InvalidValue, match=r"value\[0\] is a .*generator \(give what it"):
                each.set("key", [generate()])
    finally:
        made.close()
    assert store.count() == 0


def test_a_plain_function_runs_in_a_thread_with_the_tasks_context(store: Store) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="")
    threads: list[int] = []

    def compute() -> str:
        threads.append(threading.get_ident())
        return variable.get()

    async def use() -> Any:
        variable.set("of the task")
        return await store.aget_or_set("key", compute)

    assert asyncio.run(use()) == "of the task"
    assert threads != [threading.get_ident()]


# A call within itself.


def test_a_default_that_asks_for_its_own_key_is_refused_at_once(store: Store) -> None:
    def compute() -> Any:
        return store.namespace("n").get_or_set("key", lambda: store.get_or_set("key", lambda: 1))

    with pytest.raises(InvalidValue, match="itself"):
        store.get_or_set("key", compute, lease=3600)
    assert store.count() == 0
    assert store.get_or_set("key", lambda: 1, lease=3600) == 1


def test_an_awaited_default_that_asks_for_its_own_key_is_refused_at_once(store: Store) -> None:
    async def compute() -> Any:
        return await store.aget_or_set("key", compute, lease=3600)

    def compute_in_thread() -> Any:
        return store.get_or_set("key", compute_in_thread, lease=3600)

    for default in (compute, compute_in_thread):
        with pytest.raises(InvalidValue, match="itself"):
            asyncio.run(store.aget_or_set("key", default, lease=3600))
    assert asyncio.run(store.aget_or_set("key", fetch, lease=3600)) == "fetched"


def test_a_default_may_ask_for_other_keys(store: Store) -> None:
    inner = store.namespace("inner")

    def compute() -> Any:
        return store.get_or_set("other", lambda: inner.get_or_set("key", lambda: "value"))

    assert store.get_or_set("key", compute) == "value"


def test_what_a_default_leaves_running_may_ask_for_its_key_later(store: Store) -> None:
    async def use() -> tuple[Any, Any]:
        left: list[asyncio.Task[Any]] = []
        over = asyncio.Event()

        async def later() -> Any:
            await over.wait()
            await store.adelete("key")
            return await store.aget_or_set("key", fetch)

        async def compute() -> str:
            left.append(asyncio.create_task(later()))
            return "value"

        value = await store.aget_or_set("key", compute)
        over.set()
        return value, await left[0]

    assert asyncio.run(use()) == ("value", "fetched")


def test_a_task_of_a_running_default_is_part_of_it_unless_it_has_a_context_of_its_own(
    store: Store,
) -> None:
    async def use() -> list[Any]:
        tasks: list[asyncio.Task[Any]] = []
        asked = asyncio.Event()

        async def ask() -> Any:
            asked.set()
            return await store.aget_or_set("key", fetch, lease=3600)

        async def compute() -> str:
            # Waiting for this one would be waiting for itself, so it is refused at once.
            with pytest.raises(InvalidValue, match=r"itself.*contextvars\.Context\(\)"):
                await asyncio.gather(asyncio.create_task(ask()))
            asked.clear()
            tasks.append(asyncio.create_task(ask(), context=Context()))
            await asked.wait()
            await asyncio.sleep(0.05)
            assert not tasks[0].done()
            return "value"

        value = await store.aget_or_set("key", compute, lease=3600)
        return [value, await asyncio.wait_for(tasks[0], 60)]

    assert asyncio.run(use()) == ["value", "value"]


# The lease, and giving it back.


@pytest.mark.parametrize(
    "lease",
    [
        None,
        math.nan,
        math.inf,
        True,
        0,
        -1,
        "60",
        timedelta(0),
        timedelta.max,
        pytest.param(10**400, id="beyond-float"),
    ],
)
def test_a_bad_lease_is_refused_before_anything_is_sent(lease: Any) -> None:
    nobody = open_store("memcached://127.0.0.1:1")
    with pytest.raises(InvalidValue, match="lease"):
        nobody.get_or_set("key", lambda: 1, lease=lease)
    with pytest.raises(InvalidValue, match="lease"):
        asyncio.run(nobody.aget_or_set("key", fetch, lease=lease))


@pytest.mark.parametrize("kind", [Unavailable, Refused])
def test_a_value_that_is_stored_is_returned_though_the_lock_cannot_go(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    swap = store.backend.compare_and_set

    def refuse(key: str, old: bytes | None, new: bytes | None, expires: float | None) -> bool:
        if new is None:
            raise kind("Nothing was written.")
        return swap(key, old, new, expires)

    monkeypatch.setattr(store.backend, "compare_and_set", refuse)
    assert store.get_or_set("key", lambda: "value") == "value"
    assert store.get("key") == "value"
    assert asyncio.run(store.aget_or_set("other", fetch)) == "fetched"

    def fail() -> None:
        raise LookupError("no value")

    with pytest.raises(LookupError, match="no value"):
        store.get_or_set("third", fail)


def test_nobody_waits_longer_than_the_lease_of_the_one_who_computes(url: str) -> None:
    store = open_store(url)

    async def use() -> list[Any]:
        begun, over = asyncio.Event(), asyncio.Event()

        async def hang() -> str:
            begun.set()
            await over.wait()
            return "late"

        first = asyncio.create_task(store.aget_or_set("key", hang, lease=0.2))
        await begun.wait()
        waiting = [store.aget_or_set("key", fetch, lease=3600) for _ in range(5)]
        values = await asyncio.wait_for(asyncio.gather(*waiting), 60)
        over.set()
        return [*values, await first]

    assert asyncio.run(use()) == ["fetched"] * 6
