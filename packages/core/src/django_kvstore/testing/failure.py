"""The chapter on failure: an outage is told as one, and is never a miss."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from ..backend import Backend
from ..errors import (
    Conflict,
    CorruptValue,
    InvalidKey,
    InvalidValue,
    KVStoreError,
    NotSupported,
    OutcomeUnknown,
    Timeout,
    Unavailable,
    ValueTooLarge,
)
from ..store import Store
from .chapter import Chapter, OpenStore
from .clauses import clause, needs

#: Checks that need a server which can be stopped.
_OUTAGES = (
    "test_reading_in_an_outage_is_no_miss",
    "test_writing_in_an_outage_is_told",
    "test_atomic_calls_in_an_outage_are_told",
    "test_listing_in_an_outage_is_told",
    "test_a_store_recovers_from_an_outage",
    "test_a_store_is_made_in_an_outage",
    "test_durable_is_as_declared",
)


class Failure(Chapter):
    """Clauses ``failure-…``; the checks of an outage need `stop_server` and `start_server`."""

    @classmethod
    def leave_out_outages(cls) -> None:
        """Leave out what cannot run because nobody said how to stop the engine."""
        if cls.stop_server is Chapter.stop_server or cls.start_server is Chapter.start_server:
            for name in _OUTAGES:
                setattr(cls, name, None)

    @pytest.fixture
    def outage(self, store: Store) -> Any:
        """An engine that was stopped, until the check is over."""
        store.set("key", "value")
        self.stop_server()
        yield
        self.start_server()

    def _told(self, store: Store, *calls: Callable[[], Any], writing: bool = False) -> None:
        kinds = (Unavailable, OutcomeUnknown) if writing else (Unavailable,)
        for call in calls:
            with pytest.raises(kinds) as caught:
                call()
            assert caught.value.alias == store.alias
            assert store.backend.scheme in str(caught.value)
            assert caught.value.__cause__ is not None, "the client's own error is the cause"

    @clause("failure-outage")
    def test_reading_in_an_outage_is_no_miss(self, store: Store, outage: None) -> None:
        """Every way of reading raises Unavailable or Timeout while the engine is down."""
        self._told(
            store,
            lambda: store.get("key"),
            lambda: store.get("nothing", "default"),
            lambda: store.exists("key"),
            lambda: store.get_many(["key", "nothing"]),
            lambda: store.ttl("key"),
            store.ping,
        )

    @clause("failure-outage")
    def test_writing_in_an_outage_is_told(self, store: Store, outage: None) -> None:
        """Every way of writing raises while the engine is down."""
        self._told(
            store,
            lambda: store.set("key", "new"),
            lambda: store.set_many({"key": "new"}),
            lambda: store.delete("key"),
            lambda: store.delete_many(["key"]),
            writing=True,
        )

    @clause("failure-outage")
    def test_atomic_calls_in_an_outage_are_told(self, store: Store, outage: None) -> None:
        """Every atomic call raises while the engine is down."""
        if store.backend.atomic:
            self._told(
                store,
                lambda: store.add("key", 1),
                lambda: store.incr("number"),
                lambda: store.pop("key"),
                lambda: store.compare_and_set("key", "value", 1),
                lambda: store.touch("key", 1),
                lambda: store.get_or_set("other", lambda: 1),
                writing=True,
            )

    @clause("failure-outage")
    def test_listing_in_an_outage_is_told(self, store: Store, outage: None) -> None:
        """Listing and counting raise while the engine is down."""
        if store.backend.iterable:
            self._told(store, lambda: list(store.keys()), lambda: list(store.items()), store.count)

    @clause("failure-recovery")
    def test_a_store_recovers_from_an_outage(self, store: Store) -> None:
        """When the engine is back the same store object works, at the first call."""
        store.set("key", "value")
        self.stop_server()
        try:
            with pytest.raises(Unavailable):
                store.get("key")
        finally:
            self.start_server()
        store.set("key", "new")
        assert store.get("key") == "new"

    @clause("life-lazy")
    def test_a_store_is_made_in_an_outage(self, store: Store, outage: None, store_url: str) -> None:
        """Making a store does no I/O."""
        made = self.make_store(store_url)
        assert store.alias in repr(made)
        made.close()

    @clause("flags-durable")
    def test_durable_is_as_declared(self, store: Store) -> None:
        """An entry outlives a restart just when `durable` is declared."""
        store.set("key", "value")
        self.stop_server()
        self.start_server()
        assert store.get("key") == ("value" if store.backend.durable else None)

    # What the engine says reaches the caller.

    @clause("failure-outage")
    @pytest.mark.parametrize("kind", [Unavailable, Timeout, KVStoreError])
    def test_an_error_of_the_engine_reaches_the_reader(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, kind: type[KVStoreError]
    ) -> None:
        """An error that the backend raises is no miss, whichever way is read."""
        store.set("key", "value")

        def fail(*args: Any) -> Any:
            raise store.backend.error(kind, "for a test")

        for method in ("get", "get_many"):
            monkeypatch.setattr(store.backend, method, fail)
        for call in (
            lambda: store.get("key", "default"),
            lambda: store.exists("key"),
            lambda: "key" in store,
            lambda: store.get_many(["key"]),
            lambda: store.ttl("key"),
        ):
            with pytest.raises(kind):
                call()
        monkeypatch.undo()
        assert store.get("key") == "value"

    @clause("failure-unknown")
    def test_a_write_of_unknown_outcome_is_not_repeated(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OutcomeUnknown reaches the caller after one attempt, and is no Unavailable."""
        sent: list[str] = []

        def lose(key: str, *args: Any) -> Any:
            sent.append(key)
            raise store.backend.error(OutcomeUnknown, "for a test")

        for method in ("set", "set_many"):
            monkeypatch.setattr(store.backend, method, lose)
        calls: tuple[Callable[[], None], ...] = (
            lambda: store.set("key", 1),
            lambda: store.set_many({"key": 1}),
        )
        for call in calls:
            with pytest.raises(OutcomeUnknown) as caught:
                call()
            assert not isinstance(caught.value, Unavailable)
        assert len(sent) == 2

    @clause("failure-unknown")
    @needs("atomic")
    def test_an_atomic_call_of_unknown_outcome_is_not_repeated(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What may have been counted is not counted again."""
        store.incr("probe")
        sent: list[str] = []

        def lose(key: str, *args: Any) -> Any:
            sent.append(key)
            raise store.backend.error(OutcomeUnknown, "for a test")

        for method in ("compare_and_set", "update", "add"):
            monkeypatch.setattr(store.backend, method, lose)
        for call in (
            lambda: store.incr("key"),
            lambda: store.add("key", 1),
            lambda: store.pop("probe"),
            lambda: store.compare_and_set("probe", 1, 2),
        ):
            sent.clear()
            with pytest.raises(OutcomeUnknown):
                call()
            assert len(sent) == 1

    @clause("failure-family")
    def test_errors_are_of_one_family(self, store: Store) -> None:
        """Whatever a store raises of itself is a KVStoreError, and what else its name says."""
        kinds = {
            InvalidKey: ValueError,
            InvalidValue: ValueError,
            ValueTooLarge: InvalidValue,
            CorruptValue: KVStoreError,
            NotSupported: NotImplementedError,
            Conflict: KVStoreError,
            Unavailable: KVStoreError,
            Timeout: TimeoutError,
            OutcomeUnknown: KVStoreError,
        }
        for kind, base in kinds.items():
            error = store.backend.error(kind, "a reason", hint="A way out.")
            assert isinstance(error, KVStoreError)
            assert isinstance(error, base)
            assert type(error) is kind
        assert issubclass(Timeout, Unavailable)
        assert not issubclass(OutcomeUnknown, Unavailable)

    @clause("failure-family")
    def test_an_error_names_the_store_and_the_way_out(self, store: Store) -> None:
        """The message has the alias, the scheme, the reason and the hint."""
        error = store.backend.error(Unavailable, "nobody answers.", hint="Start the server.")
        for part in (store.alias, store.backend.scheme, "nobody answers.", "Start the server."):
            assert part in str(error)
        with pytest.raises(InvalidKey) as caught:
            store.get("")
        assert f"'{store.alias}'" in str(caught.value)

    @clause("failure-family")
    def test_an_error_crosses_processes(self, store: Store) -> None:
        """An error is pickled with all it says."""
        error = store.backend.error(Conflict, "somebody else.", hint="Try again.")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is Conflict
        assert str(again) == str(error)
        assert vars(again) == vars(error)

    @clause("failure-conflict")
    @needs("atomic")
    def test_endless_contention_is_told(
        self, store: Store, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When others keep changing an entry the call raises Conflict, and writes nothing."""
        store.incr("probe")
        backend = store.backend
        if type(backend).update is not Backend.update:
            # The engine's own way of updating ends as it ends; the next check races it.
            assert store.get("probe") == 1
            return
        monkeypatch.setattr(backend, "contention_timeout", 0.02)
        monkeypatch.setattr(backend, "compare_and_set", lambda *args: False)
        with pytest.raises(Conflict):
            store.incr("probe")
        monkeypatch.undo()
        assert store.get("probe") == 1
