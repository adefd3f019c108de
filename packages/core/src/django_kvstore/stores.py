"""The configured stores by alias, each made when it is first asked for.

``kvstores["counters"].incr("hits")``; ``kvstore`` is the one called ``default``.
"""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, setting_changed

from .config import DEFAULT_ALIAS, SETTINGS, StoreConfig, configured_entries, whole_url
from .store import Store


class Stores:
    """The handler: a mapping of aliases to stores, one of each in a process.

    Taking a store does no I/O. Keep no store in a global of your own if your tests are to have
    stores of theirs: `isolated` swaps what is found here.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._stores: dict[str, Store] = {}
        self._isolation = ""
        self._left: list[Store] = []

    def __getitem__(self, alias: str) -> Store:
        try:
            return self._stores[alias]
        except KeyError:
            pass  # made out here, so that its own error has none behind it
        with self._lock:
            return self._stores.get(alias) or self._make(alias)

    def __iter__(self) -> Iterator[str]:
        return iter(configured_entries())

    def __contains__(self, alias: object) -> bool:
        return alias in configured_entries()

    def __len__(self) -> int:
        return len(configured_entries())

    def all(self) -> list[Store]:
        """Return every configured store."""
        return [self[alias] for alias in self]

    def open(self, url: str) -> Store:
        """Return the store of a URL, one for each URL and process; its alias is the URL, redacted.

        Where a configured store has just this URL, and no namespace beside it, that store is the
        one.
        """
        __traceback_hide__ = True  # see `redaction`
        for alias, entry in configured_entries().items():
            if url == whole_url(entry):
                return self[alias]
        with self._lock:
            return self._stores.get(url) or self._build(url, StoreConfig.of_url(url))

    def close(self) -> None:
        """Give back every connection of every store."""
        for store in list(self._stores.values()):
            store.close()

    def close_old(self, **kwargs: Any) -> None:
        """Give back the connections not worth keeping; called at the end of each request."""
        for store in list(self._stores.values()):
            store.backend.close_old()

    def reset(self) -> None:
        """Close and forget every store: the settings have changed."""
        with self._lock:
            self.close()
            if self._isolation:
                # What they hold is there again when the settings are; it goes with the isolation.
                self._left += self._stores.values()
            self._stores.clear()

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Give every store an empty namespace of its own until the block ends, then clear it.

        Namespaces are random, so tests that run at the same time on one engine do not meet.
        """
        isolation = f"test-{secrets.token_hex(6)}"
        with self._lock:
            shared, self._stores = self._stores, {}
            left, self._left = self._left, []
            before, self._isolation = self._isolation, isolation
        try:
            yield
        finally:
            with self._lock:
                used = [*self._left, *self._stores.values()]
                self._stores, self._left, self._isolation = shared, left, before
            with ExitStack() as stack:  # each, whatever becomes of the others
                for store in used:
                    stack.callback(store.close)
                    stack.callback(_empty, store, isolation)

    def forked(self) -> None:
        """Let every backend forget what it shares with the parent process."""
        self._lock = RLock()
        for store in self._stores.values():
            store.backend.forked()

    def _make(self, alias: str) -> Store:
        entries = configured_entries()
        if alias not in entries:
            raise ImproperlyConfigured(
                f"There is no store '{alias}' in the settings. {_way_out(alias, list(entries))}"
            )
        return self._build(alias, StoreConfig.read(alias, entries[alias]))

    def _build(self, name: str, config: StoreConfig) -> Store:
        __traceback_hide__ = True
        store = Store(config.open_backend(), config.read_options())
        if self._isolation:
            store = store.with_options(
                namespace="/".join(filter(None, (self._isolation, store.options.namespace)))
            )
        self._stores[name] = store
        return store


class _OfDefault:
    """An attribute of the default store; by ``__getattr__`` it would take three times as long."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else getattr(kvstores[DEFAULT_ALIAS], self._name)


class DefaultStore:
    """Stands for ``kvstores["default"]``, whichever store that is at the time."""

    def __getattr__(self, name: str) -> Any:
        return getattr(kvstores[DEFAULT_ALIAS], name)

    def __contains__(self, key: str) -> bool:
        return key in kvstores[DEFAULT_ALIAS]

    def __dir__(self) -> list[str]:
        return dir(Store)  # for completion in a shell, without any settings

    def __repr__(self) -> str:
        return "<the default store>"


for _name in dir(Store):
    if not _name.startswith("_"):
        setattr(DefaultStore, _name, _OfDefault(_name))

kvstores = Stores()
kvstore = cast(Store, DefaultStore())


def get_kvstore(name: str = DEFAULT_ALIAS) -> Store:
    """Return the store of an alias or of a URL, as in ``get_kvstore("locmem://scratch")``."""
    __traceback_hide__ = True
    return kvstores.open(name) if "://" in name else kvstores[name]


def _way_out(alias: str, known: list[str]) -> str:
    if not known:
        if alias == DEFAULT_ALIAS:
            return "Set KEY_VALUE_STORE_BACKEND = 'db://kvstore', say."
        return f"Set KEY_VALUE_STORES = {{{alias!r}: 'db://kvstore'}}, say."
    near = difflib.get_close_matches(alias, known, n=1)
    meant = f"Did you mean '{near[0]}'? " if near else ""
    return f"{meant}KEY_VALUE_STORES has: {', '.join(map(repr, known))}."


def _empty(store: Store, isolation: str) -> None:
    try:
        if store.backend.iterable:
            # Nobody else is in this namespace and those within it, so no part is on its way.
            store.backend.clear(isolation)
        elif store.backend.clearable:
            store.clear()
    except Exception as error:
        if not (store.backend.transactional and _is_out_of_reach(error)):
            raise


def _is_out_of_reach(error: Exception) -> bool:
    """Say whether the store's database cannot be asked here, which empties the store by itself.

    Either the test could not store anything, or what it stored is undone with its transaction.
    """
    # Databases take longer to import than all of the core, and few stores are in one.
    from django.db.transaction import TransactionManagementError
    from django.test.testcases import DatabaseOperationForbidden  # type: ignore[attr-defined]

    # The database is not among the test's `databases`. Or an error of the test has broken the
    # transaction that it is in. Or pytest-django has ended it, for a fixture that was asked for in
    # the middle of the test; its error has no class of its own.
    return isinstance(error, (DatabaseOperationForbidden, TransactionManagementError)) or (
        isinstance(error, RuntimeError) and str(error).startswith("Database access not allowed")
    )


def _reset_on_change(*, setting: str, **kwargs: Any) -> None:
    if setting in SETTINGS or setting in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        kvstores.reset()


request_finished.connect(kvstores.close_old)
setting_changed.connect(_reset_on_change)
os.register_at_fork(after_in_child=kvstores.forked)
