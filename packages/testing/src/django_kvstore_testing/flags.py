"""Checks of flags: what is declared works, and what is not declared is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import transaction

from django_kvstore.errors import NotSupported
from django_kvstore.options import MISSING
from django_kvstore.store import Store

from . import tasks
from .base import Base
from .clauses import clause
from .probe import Probe
from .project import usable_databases
from .walks import entries
from .workers import Crews

#: What a backend declares about its engine.
FLAGS = (
    *("atomic", "iterable", "clearable", "durable", "shared", "evicts"),
    *("expires_itself", "transactional", "thread_sensitive"),
)


class Flags(Base):
    """Clauses ``flags-…``."""

    def _agrees(self, store: Store, flag: str, call: Callable[[], Any], expected: Any) -> None:
        """Where the flag is declared the call must answer; else refuse, and change nothing."""
        store.set("there", 5)
        if getattr(store.backend, flag):
            assert call() == expected
            return
        with pytest.raises(NotSupported) as caught:
            call()
        assert isinstance(caught.value, NotImplementedError)
        assert store.alias in str(caught.value)
        assert store.backend.scheme in str(caught.value)
        assert store.get_many(["there", "absent"]) == {"there": 5}
        assert store.ttl("there") is None

    @clause("flags-atomic")
    def test_add_is_as_declared(self, store: Store) -> None:
        """add() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.add("absent", 1), True)

    @clause("flags-atomic")
    def test_put_is_as_declared(self, store: Store) -> None:
        """put() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.put("there", 6), False)

    @clause("flags-atomic")
    def test_incr_is_as_declared(self, store: Store) -> None:
        """incr() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.incr("there"), 6)

    @clause("flags-atomic")
    def test_decr_is_as_declared(self, store: Store) -> None:
        """decr() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.decr("absent"), -1)

    @clause("flags-atomic")
    def test_pop_is_as_declared(self, store: Store) -> None:
        """pop() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.pop("there"), 5)

    @clause("flags-atomic")
    def test_compare_and_set_is_as_declared(self, store: Store) -> None:
        """compare_and_set() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.compare_and_set("there", 5, 6), True)
        self._agrees(store, "atomic", lambda: store.compare_and_set("absent", MISSING, 6), True)
        self._agrees(store, "atomic", lambda: store.compare_and_set("there", 5, MISSING), True)

    @clause("flags-atomic")
    def test_get_or_set_is_as_declared(self, store: Store) -> None:
        """get_or_set() of a missing value works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.get_or_set("absent", 1), 1)
        assert store.get_or_set("there", 1) == 5

    @clause("flags-atomic")
    def test_a_refused_get_or_set_computes_nothing(self, store: Store) -> None:
        """Where it is refused the callable is not called."""
        calls: list[int] = []
        self._agrees(
            store, "atomic", lambda: store.get_or_set("absent", lambda: calls.append(1)), None
        )
        assert len(calls) == int(store.backend.atomic)

    @clause("flags-atomic")
    def test_touch_is_as_declared(self, store: Store) -> None:
        """touch() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.touch("there", 1000), True)

    @clause("flags-atomic")
    def test_persist_is_as_declared(self, store: Store) -> None:
        """persist() works if `atomic` is declared, and is refused if not."""
        self._agrees(store, "atomic", lambda: store.persist("there"), True)

    @clause("flags-iterable")
    def test_keys_is_as_declared(self, store: Store) -> None:
        """keys() works if `iterable` is declared, and is refused if not."""
        self._agrees(store, "iterable", lambda: list(store.keys()), ["there"])

    @clause("flags-iterable")
    def test_items_is_as_declared(self, store: Store) -> None:
        """items() works if `iterable` is declared, and is refused if not."""
        self._agrees(store, "iterable", lambda: list(store.items()), [("there", 5)])

    @clause("flags-iterable")
    def test_scan_is_as_declared(self, store: Store) -> None:
        """scan() works if `iterable` is declared, and is refused if not."""
        self._agrees(store, "iterable", lambda: entries(store.scan), [("there", 5)])

    @clause("flags-iterable")
    def test_export_is_as_declared(self, store: Store) -> None:
        """export() works if `iterable` is declared, and is refused if not."""
        self._agrees(store, "iterable", lambda: [e.key for e in entries(store.export)], ["there"])

    @clause("flags-iterable")
    def test_count_is_as_declared(self, store: Store) -> None:
        """count() works if `iterable` is declared, and is refused if not."""
        self._agrees(store, "iterable", store.count, 1)

    @clause("flags-iterable")
    def test_purge_is_as_declared(self, store: Store) -> None:
        """purge() works if `iterable` is declared, and is refused if not."""
        self._agrees(store, "iterable", store.purge, 0)

    @clause("flags-clearable")
    def test_clear_is_as_declared(self, store: Store) -> None:
        """clear() works if `clearable` is declared, and is refused if not."""
        self._agrees(store, "clearable", lambda: store.clear() in (1, None), True)
        assert store.exists("there") is not store.backend.clearable

    @clause("flags-shared")
    def test_shared_is_as_declared(self, store: Store, crews: Crews, store_url: str) -> None:
        """Another process sees an entry just when `shared` is declared."""
        store.set("key", "from the parent")
        if store.backend.shared:
            workers = self.workers_of(crews, store_url)
            seen = workers.race(tasks.see, store, key="key")
            assert seen == ["from the parent"] * workers.number
            return
        if self.can_start_processes and self.opens_elsewhere:
            workers = self.workers_of(crews, store_url)
            assert workers.race(tasks.see, store, key="key") == [None] * workers.number
        assert store.get("key") == "from the parent"

    @clause("flags-shared")
    def test_a_read_is_never_behind_another_process(
        self, store: Store, crews: Crews, store_url: str
    ) -> None:
        """What another process writes or deletes is seen by the next read, here too.

        Neither a value nor a miss that was read before is remembered.
        """
        reads: dict[str, Callable[[str], Any]] = {
            "get": store.get,
            "get_many": lambda key: store.get_many([key]).get(key),
            "exists": lambda key: store.exists(key) or None,
            "ttl": lambda key: store.ttl(key) != 0 or None,
        }
        if store.backend.iterable:
            reads["count"] = lambda key: store.count(key) or None
            reads["keys"] = lambda key: list(store.keys(key)) == [key] or None
            reads["items"] = lambda key: dict(store.items(key)).get(key)
        if not store.backend.shared:
            assert [read(name) for name, read in reads.items()] == [None] * len(reads)
            return
        workers = self.workers_of(crews, store_url)
        values = ("get", "get_many", "items")
        for written in (None, "first", "second", None, "third"):
            if written is None:
                workers.race(tasks.change_all, store, values={}, deleted=list(reads))
            else:
                values_now = dict.fromkeys(reads, written)
                workers.race(tasks.change_all, store, values=values_now, deleted=[])
            self.catch_up()
            for name, read in reads.items():
                came = read(name)
                expected = written if name in values or written is None else True
                assert came == expected, (
                    f"another process {'deleted it' if written is None else f'wrote {written!r}'}, "
                    f"and {name}() here shows {came!r}: expected {expected!r}"
                )

    @clause("flags-transactional")
    def test_transactional_is_as_declared(self, store: Store) -> None:
        """A write is undone with the caller's transaction just when `transactional` is declared."""
        store.set("key", "old")
        with ExitStack() as transactions:
            for database in usable_databases():
                transactions.enter_context(transaction.atomic(using=database))
                transactions.callback(transaction.set_rollback, True, using=database)
            store.set("key", "new")
            assert store.get("key") == "new"
            assert store.backend.in_transaction() is store.backend.transactional
        assert store.get("key") == ("old" if store.backend.transactional else "new")
        assert store.backend.in_transaction() is False

    @clause("flags-expires")
    def test_expires_itself_is_as_declared(self, store: Store) -> None:
        """An expired cell is hidden by the engine just when `expires_itself` is declared."""
        probe, cell = Probe(store), self.cell(store, "key")
        seen: list[bytes | None] = []

        def write(ttl: float) -> None:
            store.set("key", 1, ttl=ttl)
            seen.append(probe.raw(cell))

        ttl = self.in_time(write)
        assert seen[-1] is not None, (
            f"a cell was written with a ttl of {ttl:g} s, and the engine had no record at "
            "once: expected the record; an expiry is rounded up to the engine's unit, never down"
        )
        self.outlive(ttl)
        if probe.expires_itself:
            after = f"{ttl:g} s after a cell was written with that ttl"
            assert probe.raw(cell) is None, (
                f"{after} the engine still showed it: expected nothing, since the backend declares "
                "expires_itself"
            )
            assert probe.remove_raw(cell) is False, (
                f"{after} the backend's delete() returned True: expected False"
            )
        assert store.get("key") is None

    @clause("flags-limits")
    def test_limits_are_as_declared(self, store: Store) -> None:
        """No engine takes less than keys of 64 bytes and values of 64 KiB."""
        backend = store.backend
        assert backend.max_key_bytes > 64
        assert backend.max_value_bytes >= 2**16
        limit = Probe(store).record_limit
        assert limit is None or limit > 1200
        assert backend.contention_timeout > 0

    @clause("flags-limits")
    def test_a_cell_holds_what_is_declared(self, store: Store) -> None:
        """A record of just the declared length is held, and of the declared name."""
        probe = Probe(store)
        room = store.backend.max_key_bytes - len(self.cell(store, ""))
        size = min(probe.record_limit or 2**20, 2**21)
        for key in ("key", "k" * room):
            record = bytes(at * 7 % 256 for at in range(256)) * (size // 256 + 1)
            probe.put_raw(self.cell(store, key), record[:size])
            assert probe.raw(self.cell(store, key)) == record[:size]
            assert probe.remove_raw(self.cell(store, key)) is True

    @clause("flags-limits")
    def test_declared_flags_are_booleans(self, store: Store) -> None:
        """Each flag of a backend is True or False, and known before the first connection.

        A flag may depend on the parameters: it is read from the backend, not from its class.
        """
        backend = store.backend
        store.get("key")  # now it has a connection
        fresh = Probe(store).another()
        for flag in FLAGS:
            value = getattr(backend, flag)
            assert type(value) is bool, f"{flag} is {value!r}: expected True or False"
            unconnected = getattr(fresh, flag)
            assert unconnected is value, (
                f"{flag} is {unconnected!r} before the first connection and {value!r} afterwards: "
                "expected the same"
            )
        fresh.close()
        assert type(backend).scheme, "the class attribute `scheme` is empty"
