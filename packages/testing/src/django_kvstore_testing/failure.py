"""Checks of failure: what the engine says reaches the caller, and nothing is replayed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

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
from .probe import Kind, Probe, Request


class Failure(Outage):
    """Clauses ``failure-…``, with those of an outage."""

    @clause("failure-outage")
    @pytest.mark.parametrize("kind", [Unavailable, Timeout, KVStoreError])
    def test_an_error_of_the_engine_reaches_the_reader(
        self, store: Store, open_store: OpenStore, kind: type[KVStoreError]
    ) -> None:
        """An error that the backend raises is no miss, whichever way is read."""
        store.set("key", "value")
        failing = open_store(backend=Probe(store).failing("read", with_error=kind))
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

    def _losing_answers(self, store: Store, sent: list[Request], kind: Kind) -> Any:
        """Return a backend whose requests of one kind are noted, and their answers lost."""
        probe = Probe(store)

        def lose(request: Request) -> None:
            if request.kind == kind:
                sent.append(request)
                raise probe.error(OutcomeUnknown, "for a test")

        return probe.watched(before=lose)

    @clause("failure-unknown")
    def test_a_write_of_unknown_outcome_is_not_repeated(
        self, store: Store, open_store: OpenStore
    ) -> None:
        """OutcomeUnknown reaches the caller after one attempt, and is no Unavailable."""
        sent: list[Request] = []
        store = open_store(backend=self._losing_answers(store, sent, "write"))
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
        sent: list[Request] = []
        store = open_store(backend=self._losing_answers(store, sent, "change"))
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
            error = Probe(store).error(kind, "a reason", hint="A way out.")
            assert isinstance(error, KVStoreError)
            assert isinstance(error, base)
            assert type(error) is kind
        assert issubclass(Timeout, Unavailable)
        assert not issubclass(OutcomeUnknown, Unavailable)

    @clause("failure-family")
    def test_an_error_names_the_store_and_the_way_out(self, store: Store) -> None:
        """The message has the alias, the scheme, the reason and the hint."""
        error = Probe(store).error(Unavailable, "nobody answers.", hint="Start the server.")
        for part in (store.alias, store.backend.scheme, "nobody answers.", "Start the server."):
            assert part in str(error)
        with pytest.raises(InvalidKey) as caught:
            store.get("")
        assert f"'{store.alias}'" in str(caught.value)

    @clause("failure-family")
    def test_an_error_crosses_processes(self, store: Store) -> None:
        """An error is pickled with all it says."""
        error = Probe(store).error(Conflict, "somebody else.", hint="Try again.")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is Conflict
        assert str(again) == str(error)
        assert vars(again) == vars(error)

    @clause("failure-conflict")
    @needs("atomic")
    def test_endless_contention_is_told(self, store: Store, open_store: OpenStore) -> None:
        """When others keep changing an entry the call raises Conflict, and writes nothing."""
        store.incr("probe")
        probe = Probe(store)
        if probe.changes_by_itself:
            # The engine's own way of updating ends as it ends; the next check races it.
            assert store.get("probe") == 1
            return
        losing = open_store(backend=probe.losing(timeout=0.02))
        with pytest.raises(Conflict):
            losing.incr("probe")
        assert store.get("probe") == 1
