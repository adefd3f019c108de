"""Our own store, whatever its engine: ``kvstores["default"]``."""

from __future__ import annotations

from django.db import connections

from django_kvstore import kvstores

from ..contestant import KeyValue, Role


class Store(KeyValue):
    name = "django-kvstore"
    role: Role = "ours"
    distribution = "django-kvstore"

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias

    def open(self) -> None:
        store = self._store = kvstores[self._alias]
        store.backend.provision()
        self.bind(get=store.get, set=store.set, delete=store.delete, clear=store.clear)
        self.bind(get_many=store.get_many, set_many=store.set_many, delete_many=store.delete_many)
        if store.backend.atomic:
            self.bind(add=store.add, incr=store.incr)
        if store.backend.iterable:
            items, keys = store.items, store.keys
            self.bind(walk=lambda: sum(1 for _ in items()))
            self.bind(walk_keys=lambda: sum(1 for _ in keys()))

    def close(self) -> None:
        self._store.close()

    def close_thread(self) -> None:
        connections.close_all()
