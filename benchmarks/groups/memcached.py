"""``memcached://`` beside pymemcache itself, and what else keeps values across the network."""

from __future__ import annotations

from aiocache.backends.memcached import MemcachedCache
from key_value.aio.stores.memcached import MemcachedStore

from servers.memcached import Memcached

from ..contestant import Contestant
from ..contestants.aiocache_cache import AioCache
from ..contestants.cashews_cache import Cashews
from ..contestants.django_cache import DjangoCache
from ..contestants.py_key_value import PyKeyValue
from ..contestants.pymemcache_client import PymemcacheClient
from ..contestants.store import Store
from ..redis import Redis
from ..stage import Missing, Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    # A server for each, since some of them write the same keys.
    ours, floor, django, key_value, aiocache = (
        stage.server(Memcached(megabytes=1024)) for _ in range(5)
    )
    caches = {
        "default": {
            "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
            "LOCATION": django.address,
            "TIMEOUT": None,
        }
    }
    redis: Redis | None = None
    try:
        redis = stage.server(Redis())
    except Missing as missing:
        stage.note(f"The peers on Redis are left out: {missing}.")
    else:
        caches["redis"] = {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"{redis.url}/0",
            "TIMEOUT": None,
        }
    stage.configure(
        KEY_VALUE_STORES={"default": f"memcached://{ours.address}"},
        CACHES=caches,
    )
    found: list[Contestant] = [
        Store(),
        PymemcacheClient((floor.host, floor.port)),
        DjangoCache("PyMemcacheCache", "default", note="with pickle"),
        PyKeyValue(lambda: MemcachedStore(host=key_value.host, port=key_value.port), listed=False),
        AioCache(MemcachedCache, note="with JSON", endpoint=aiocache.host, port=aiocache.port),
    ]
    if redis is not None:
        found += [
            DjangoCache("django-redis", "redis", note="with pickle, on Redis"),
            Cashews(f"{redis.url}/1", note="with pickle, on Redis"),
        ]
    return found


GROUP = Group("memcached", contestants)
