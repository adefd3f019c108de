"""``locmem://`` beside a dict, and what else keeps values in a process's memory."""

from __future__ import annotations

from aiocache import SimpleMemoryCache
from key_value.aio.stores.memory import MemoryStore

from ..contestant import Contestant
from ..contestants.aiocache_cache import AioCache
from ..contestants.cashews_cache import Cashews
from ..contestants.django_cache import DjangoCache, cache_settings
from ..contestants.mapping import Mapping
from ..contestants.py_key_value import PyKeyValue
from ..contestants.store import Store
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    stage.configure(
        KEY_VALUE_STORES={"default": "locmem://"},
        CACHES={"default": cache_settings("locmem.LocMemCache")},
    )
    return [
        Store(),
        Mapping(),
        DjangoCache("LocMemCache", "default", note="with pickle"),
        PyKeyValue(MemoryStore),
        Cashews("mem://", size=10_000_000),
        AioCache(SimpleMemoryCache, note="keeps the object itself, no copy"),
    ]


GROUP = Group("locmem: a process's memory", contestants)
