"""Named sets of keys and values: ``kv = KeyVal("name")``, then ``kv.set("key", value)``.

Any number of names at once, each by itself; any text is a name or a key, and any value that Python
pickles is a value. Where they are kept says ``KEYVAL_STORE``, the alias of a store.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asgiref.sync import sync_to_async

from django_kvstore import MISSING
from django_kvstore.options import TTL

from .names import from_store, is_long, names, stored_key, to_store

if TYPE_CHECKING:
    from django_kvstore import Store

T = TypeVar("T")


class KeyVal:
    """The keys and values of one name.

    Setting, popping and deleting are atomic. Where there is no such key, the methods without a
    default raise ``KeyError``; after `disconnect`, all but `flush_all` raise ``NameError``.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"A name is a str, not {type(name).__name__}.")
        self._name: str | None = name

    @classmethod
    def connect(cls, name: str) -> Self:
        """As ``KeyVal(name)``; does no I/O."""
        return cls(name)

    def disconnect(self, name: str | None = None) -> None:
        """Let this object be used no more; `name` may be given, and must then be its own."""
        connected = self.name
        if name is not None and name != connected:
            raise NameError(f"This is connected to '{connected}', not to '{name}'.")
        self._name = None

    @property
    def name(self) -> str:
        """The name; raises ``NameError`` once disconnected."""
        if self._name is None:
            raise NameError("This KeyVal is disconnected: connect again by KeyVal(name).")
        return self._name

    # Single keys.

    def set(self, key: str, value: Any, ttl: TTL = None) -> bool:
        """Write the value; True when the key is new, False when it was overwritten."""
        store, stored = self._writing(key)
        return store.put(stored, to_store(stored, key, value), ttl)

    def get(self, key: str) -> Any:
        """Return the value."""
        value = self.get_default(key, MISSING)
        if value is MISSING:
            raise self._missing(key)
        return value

    def get_default(self, key: str, default_value: Any = None) -> Any:
        """Return the value, or `default_value` where there is none."""
        store, stored = self._reading(key)
        value = store.get(stored, MISSING)
        return default_value if value is MISSING else from_store(stored, value)[1]

    def pop(self, key: str) -> Any:
        """Delete the key and return its value; of several callers one gets it."""
        value = self.pop_default(key, MISSING)
        if value is MISSING:
            raise self._missing(key)
        return value

    def pop_default(self, key: str, default_value: Any = None) -> Any:
        """As `pop`, but return `default_value` where there is no such key."""
        store, stored = self._reading(key)
        value = store.pop(stored, MISSING)
        return default_value if value is MISSING else from_store(stored, value)[1]

    def exists(self, key: str) -> bool:
        """Say whether there is such a key."""
        store, stored = self._reading(key)
        return store.exists(stored)

    def delete(self, key: str, ignore_keyerror: bool = False) -> bool:
        """Delete the key. With `ignore_keyerror`, return False where there is none."""
        store, stored = self._reading(key)
        deleted = store.delete(stored)
        if not deleted and not ignore_keyerror:
            raise self._missing(key)
        return deleted

    def ttl(self, key: str) -> float | None:
        """Return the seconds left, None for a key that does not expire, 0.0 where none is."""
        store, stored = self._reading(key)
        return store.ttl(stored)

    def touch(self, key: str, ttl: TTL) -> bool:
        """Give the key a new expiry, None for none; say whether there was such a key."""
        store, stored = self._reading(key)
        return store.touch(stored, ttl)

    # Several keys.

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values of those keys that have one."""
        store = self._store()
        found = store.get_many(list(map(stored_key, store.coder.several(keys))))
        return dict(from_store(stored, value) for stored, value in found.items())

    def set_many(self, values: Mapping[str, Any], ttl: TTL = None) -> None:
        """Write every value."""
        stored = {stored_key(key): (key, value) for key, value in values.items()}
        store = self._store()
        names().note(self.name)
        store.set_many({name: to_store(name, *item) for name, item in stored.items()}, ttl)

    def delete_many(self, keys: Iterable[str]) -> int:
        """Delete the keys; return how many there were."""
        store = self._store()
        return store.delete_many(list(map(stored_key, store.coder.several(keys))))

    def items(self) -> Iterator[tuple[str, Any]]:
        """Walk keys and values, where the engine can."""
        return (from_store(stored, value) for stored, value in self._store().items())

    def keys(self) -> Iterator[str]:
        """Walk the keys, where the engine can; values are not read but with a long key."""
        store = self._store()
        found = map(partial(self._key_of, store), store.keys())
        return (key for key in found if key is not None)

    def flush(self) -> None:
        """Delete every key of this name."""
        self._store().clear()

    @staticmethod
    def flush_all() -> None:
        """Delete every key of every name, and nothing else that the store holds."""
        names().empty_all()

    @staticmethod
    def purge() -> int:
        """Delete what has expired of every name, where the engine does not by itself."""
        return names().purge()

    @staticmethod
    def names() -> list[str]:
        """Return the names that have ever had a key, where the engine can tell."""
        return sorted(names())

    # As a mapping.

    def __getitem__(self, key: str) -> Any:
        return self.get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        self.delete(key)

    def __contains__(self, key: str) -> bool:
        return self.exists(key)

    def __iter__(self) -> Iterator[str]:
        return self.keys()

    def __len__(self) -> int:
        return self._store().count()

    def __bool__(self) -> bool:
        return True  # asking "if kv:" must not count keys

    def __repr__(self) -> str:
        return "<KeyVal, disconnected>" if self._name is None else f"<KeyVal {self._name!r}>"

    # The async forms.

    async def aset(self, key: str, value: Any, ttl: TTL = None) -> bool:
        """As `set`."""
        return await self._run(self.set, key, value, ttl)

    async def aget(self, key: str) -> Any:
        """As `get`."""
        return await self._run(self.get, key)

    async def aget_default(self, key: str, default_value: Any = None) -> Any:
        """As `get_default`."""
        return await self._run(self.get_default, key, default_value)

    async def apop(self, key: str) -> Any:
        """As `pop`."""
        return await self._run(self.pop, key)

    async def apop_default(self, key: str, default_value: Any = None) -> Any:
        """As `pop_default`."""
        return await self._run(self.pop_default, key, default_value)

    async def aexists(self, key: str) -> bool:
        """As `exists`."""
        return await self._run(self.exists, key)

    async def adelete(self, key: str, ignore_keyerror: bool = False) -> bool:
        """As `delete`."""
        return await self._run(self.delete, key, ignore_keyerror)

    async def attl(self, key: str) -> float | None:
        """As `ttl`."""
        return await self._run(self.ttl, key)

    async def atouch(self, key: str, ttl: TTL) -> bool:
        """As `touch`."""
        return await self._run(self.touch, key, ttl)

    async def aget_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """As `get_many`."""
        return await self._run(self.get_many, keys)

    async def aset_many(self, values: Mapping[str, Any], ttl: TTL = None) -> None:
        """As `set_many`."""
        await self._run(self.set_many, values, ttl)

    async def adelete_many(self, keys: Iterable[str]) -> int:
        """As `delete_many`."""
        return await self._run(self.delete_many, keys)

    def aitems(self) -> AsyncIterator[tuple[str, Any]]:
        """As `items`."""
        store = self._store()
        return (from_store(stored, value) async for stored, value in store.aitems())

    def akeys(self) -> AsyncIterator[str]:
        """As `keys`."""
        store = self._store()

        async def walk() -> AsyncIterator[str]:
            async for stored in store.akeys():
                if is_long(stored):
                    key = await self._run(self._key_of, store, stored)
                else:
                    key = self._key_of(store, stored)
                if key is not None:
                    yield key

        return walk()

    async def aflush(self) -> None:
        """As `flush`."""
        await self._run(self.flush)

    @classmethod
    async def aflush_all(cls) -> None:
        """As `flush_all`."""
        await cls._run(cls.flush_all)

    @classmethod
    async def apurge(cls) -> int:
        """As `purge`."""
        return await cls._run(cls.purge)

    # Where things are.

    @staticmethod
    def _key_of(store: Store, stored: str) -> str | None:
        """Return the text of the key; None when it is a long one that is gone meanwhile."""
        if not is_long(stored):
            return from_store(stored, None)[0]
        value = store.get(stored, MISSING)
        return None if value is MISSING else from_store(stored, value)[0]

    @staticmethod
    async def _run(method: Callable[..., T], *args: Any) -> T:
        sensitive = names().store.backend.thread_sensitive
        return await sync_to_async(method, thread_sensitive=sensitive)(*args)

    def _store(self) -> Store:
        return names().open(self.name)

    def _reading(self, key: str) -> tuple[Store, str]:
        return self._store(), stored_key(key)

    def _writing(self, key: str) -> tuple[Store, str]:
        found = self._reading(key)
        names().note(self.name)
        return found

    def _missing(self, key: str) -> KeyError:
        return KeyError(f"There is no key {key!r} in {self!r}.")
