"""Where the keys of a name are kept: a namespace for each name, and any string as name or key.

The namespaces are ``keyval/<digest of the name>``; ``keyval`` itself holds the list of the names,
so that they can be told and emptied. A name once used stays on the list.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from functools import reduce
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.conf import settings

from django_kvstore import InvalidKey, Store, kvstores

ROOT: Final = "keyval"
#: How long, in seconds, another process may go on using what `empty_all` has emptied, on engines
#: that cannot list keys.
EPOCH_SECONDS: Final = 1.0
_EPOCH: Final = "epoch"
#: The longest namespace of a store that has room for a slash, the root, an epoch and a digest.
LONGEST_NAMESPACE: Final = 200 - len(f"/{ROOT}/") - 16 - 1 - 40
#: How many names' stores are kept open at once; a store is a small object without a connection.
_OPEN: Final = 500
_PLAIN, _LONG = "=", "#"
#: Longer keys are kept as digests: the longest namespace around them takes the other 200 bytes.
_KEY_BYTES: Final = 800
#: How many names are known to be on the list, so that not every write looks.
_NOTED: Final = 10_000


def names() -> Names:
    """Return the names in the store that the setting KEYVAL_STORE says."""
    parent = kvstores[getattr(settings, "KEYVAL_STORE", "default")]
    found = _names.get(parent)
    if found is None:
        found = _names.setdefault(parent, Names(parent))
    return found


def digest(text: str) -> str:
    """Return what stands for any text, lone surrogates included, in 40 characters."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Names:
    """The names in one store; `names` gives the one of each store and process."""

    def __init__(self, parent: Store) -> None:
        self.store = parent.namespace(ROOT).with_options(serializer="keyval", ttl=None)
        self._stores: dict[str, Store] = {}
        self._listed: set[str] = set()
        self._lock = Lock()
        self._epoch = ("", float("-inf"))
        #: When this process last emptied all names: no older answer may be held.
        self._emptied = float("-inf")

    def open(self, name: str) -> Store:
        """Return the store of the name's keys."""
        inner = [digest(name)]
        if not self.store.backend.iterable:
            # Nothing can be listed there, so all names together are emptied by moving on.
            inner.insert(0, self.epoch())
        path = "/".join(inner)
        store = self._stores.get(path)
        if store is None:
            if len(self._stores) >= _OPEN:
                self._stores.clear()
            store = self._stores[path] = reduce(Store.namespace, inner, self.store)
        return store

    def note(self, name: str) -> None:
        """Put the name on the list, before its first key is written."""
        if not self.store.backend.iterable or name in self._listed:
            return
        self.store.add(digest(name), name)
        if self.store.backend.in_transaction():
            return  # which may be undone, and the name with it
        if len(self._listed) >= _NOTED:
            self._listed.clear()
        self._listed.add(name)

    def __iter__(self) -> Iterator[str]:
        for _key, name in self.store.items():
            yield name

    def empty_all(self) -> None:
        """Delete every key of every name."""
        if self.store.backend.iterable:
            for name in self:
                self.open(name).clear()
            return
        try:
            self.store.set(_EPOCH, secrets.token_hex(8))
        finally:
            # Another thread may have emptied them since, so the store is asked which was the last.
            with self._lock:
                self._epoch = ("", float("-inf"))
                self._emptied = time.monotonic()

    def purge(self) -> int:
        """Delete what has expired of every name; return how many."""
        return self.store.purge() + sum(self.open(name).purge() for name in self)

    def epoch(self) -> str:
        """Return what all names' namespaces begin with, at most a second old."""
        epoch, asked = self._epoch
        if time.monotonic() - asked < EPOCH_SECONDS:
            return epoch
        asked = time.monotonic()
        epoch = str(self.store.get_or_set(_EPOCH, secrets.token_hex(8)))
        with self._lock:
            if asked > max(self._emptied, self._epoch[1]):
                self._epoch = (epoch, asked)
        return epoch


def stored_key(key: str) -> str:
    """Return the store's key for any text: itself, or a digest where it is no key."""
    if not isinstance(key, str):
        raise InvalidKey(f"A key is a str, not {type(key).__name__}.")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return _LONG + digest(key)
    return _PLAIN + key if size <= _KEY_BYTES else _LONG + digest(key)


def is_long(stored: str) -> bool:
    """Say whether only a digest is left of the key, whose text is then kept with the value."""
    return stored.startswith(_LONG)


def to_store(stored: str, key: str, value: Any) -> Any:
    """Return what to store under that key."""
    return (key, value) if is_long(stored) else value


def from_store(stored: str, value: Any) -> tuple[str, Any]:
    """Return the text of the key and the value."""
    return value if is_long(stored) else (stored[1:], value)


#: By store, so that tests with stores of their own have names of their own.
_names: WeakKeyDictionary[Store, Names] = WeakKeyDictionary()
