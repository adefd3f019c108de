"""Checks of failure: what the engine says reaches the caller, and nothing is replayed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from django_kvstore.backend import Backend
from django_kvstore.errors import (
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
from django_kvstore.store import Store

from .base import OpenStore
from .clauses import clause, needs
from .outage import Outage
from .probe import Probe


class Failure(Outage):
    """Clauses ``failure-…``, with those of an outage."""

    @clause("failure-outage")
    @pytest.mark.parametrize("kind", [Unavailable, Timeout, KVStoreError])
    def test_an_error_of_the_engine_reaches_the_reader(
        self, store: Store, open_store: OpenStore, kind: type[KVStoreError]
    ) -> None:
        """An error that the backend raises is no miss, whichever way is read."""
        store.set("key", "value")

        def fail(*args: Any) -> Any:
            raise store.backend.error(kind, "for a test")

        failing = open_store(backend=Probe(store.backend, get=fail, get_many=fail))
        for call in (
            lambda: failing.get("key", "default"),
            lambda: failing.exists("key"),
            lambda: "key" in failing,
            lambda: failing.get_many(["key"]),
            lambda: failing.ttl("key"),
        ):
            with pytest.raises(kind):
                call()
        assert store.get("key") == "value"

    @clause("failure-unknown")
    def test_a_write_of_unknown_outcome_is_not_repeated(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """OutcomeUnknown reaches the caller after one attempt, and is no Unavailable."""
        sent: list[str] = []

        def lose(key: str, *args: Any) -> Any:
            sent.append(key)
            raise store.backend.error(OutcomeUnknown, "for a test")

        store = open_store(backend=Probe(store.backend, set=lose, set_many=lose))
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
        self, store: Store, open_store: OpenStore
    ) -> None:
        """What may have been counted is not counted again."""
        store.incr("probe")
        sent: list[str] = []

        def lose(key: str, *args: Any) -> Any:
            sent.append(key)
            raise store.backend.error(OutcomeUnknown, "for a test")

        probe = Probe(store.backend, compare_and_set=lose, update=lose, add=lose)
        store = open_store(backend=probe)
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
