"""The base of every group of checks: the options, and fixtures that open stores.

``class TestContract(Contract): url = "myengine://"`` sets an option.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

import pytest

from django_kvstore.backend import Backend
from django_kvstore.options import StoreOptions
from django_kvstore.store import Store

from .address import address_in, rewrite
from .clock import Clock
from .opening import Opening
from .probe import Probe, unwatched
from .project import ensure_django, inherited_settings
from .workers import Crews, ProcessWorkers, ThreadWorkers

#: Opens a store on the engine under test with other `StoreOptions`; its namespace is within the
#: test's own, so that tests at the same time on one engine do not meet.
OpenStore = Callable[..., Store]

#: With ``KVSTORE_NIGHTLY=1`` in the environment, what is left to chance goes on for much longer:
#: the property checks try 10,000 keys and values, and ten times as many workers' turns are raced.
NIGHTLY: Final = os.environ.get("KVSTORE_NIGHTLY") == "1"

#: How many bytes the cells of the store `small` hold.
_CELL = 2048


class Base:
    """The options, each with its default; a test class overrides what its engine needs."""

    #: The URL of the store under test. A class may have a fixture ``store_url`` instead.
    url: ClassVar[str] = ""
    #: What else its entry in KEY_VALUE_STORES says: ``{"SERIALIZER": "json", "OPTIONS": {…}}``.
    options: ClassVar[Mapping[str, Any]] = {}
    #: The settings for a run without a Django project, and for child processes; None: the least
    #: that works, and what this process has.
    settings: ClassVar[Mapping[str, Any] | None] = None
    #: ``"package.module:function"``, which makes the store of an alias: for a class whose
    #: `make_store` is its own and whose engine other processes share.
    child_store: ClassVar[str] = ""

    #: For how many seconds after its expiry the engine itself may still show an entry.
    ttl_granularity: ClassVar[float] = 0.0
    #: Whether every value comes back with its own type. ``False`` for a serializer that has fewer
    #: types than Python; of the one that is called ``json`` it is known.
    exact: ClassVar[bool] = True
    #: How many keys, and how many values, the property checks try.
    examples: ClassVar[int] = 200
    #: The longest value, in bytes, that the checks write; less where the engine declares less.
    largest_value: ClassVar[int] = 1_500_000
    #: How many entries are written and read in one bulk call.
    bulk: ClassVar[int] = 1100
    #: How many entries a walk goes through.
    walk: ClassVar[int] = 2100

    #: Texts that are no cursors of the engine's making.
    bad_cursors: ClassVar[Sequence[str]] = ("", "0", "nonsense", "%", "\0", "\U0010ffff", "\ud800")

    #: In how many processes those run who contend; all in this one if the engine is not shared.
    processes: ClassVar[int] = 4
    #: How many threads of each process contend.
    threads: ClassVar[int] = 4
    #: How often each worker counts one up.
    rounds: ClassVar[int] = 50
    #: How many races to add and to pop.
    races: ClassVar[int] = 60
    #: How often parent and child each read after a fork.
    fork_reads: ClassVar[int] = 2000
    #: How many successful compare-and-sets in all.
    swaps: ClassVar[int] = 160
    #: Whether the checks may start a process to see that it sees nothing of a store not shared.
    can_start_processes: ClassVar[bool] = True
    #: Whether a fork of the test's process may use the store: not so for clients that forbid it.
    forks: ClassVar[bool] = True

    #: Whether the engine is reached over TCP: then a proxy in front of its server makes faults.
    networked: ClassVar[bool] = False
    #: Within how many seconds a call ends when the server is silent.
    time_limit: ClassVar[float] = 10.0
    #: At how many places a reply, and a request, of each writing call is cut.
    cuts: ClassVar[int] = 25

    #: The checks that the engine cannot pass by its nature, each with the reason. They are skipped,
    #: and pytest shows the reason. ``"test_name[silence]"`` is one parameter of a check. An
    #: exemption is a promise that is not kept: the backend's documentation states each.
    exemptions: ClassVar[Mapping[str, str]] = {}

    def through(self, url: str, host: str, port: int) -> str:
        """Return the URL with the proxy's host and port; override it where they are elsewhere."""
        return rewrite(url, host, port)

    def server_address(self, url: str) -> tuple[str, int]:
        """Return the host and port of the server; override it where the URL does not have them."""
        return address_in(url)

    def make_store(self, url: str) -> Store:
        """Make the store under test, with a backend of its own; override it for another way."""
        return self.opening(url).open()

    def opening(self, url: str) -> Opening:
        """Return how this process and others open the store."""
        return Opening("contract", {"URL": url, **self.options}, self.child_store)

    def stop_server(self) -> None:
        """Stop the engine. Override this and `start_server`, and the checks of an outage run."""
        raise NotImplementedError

    def start_server(self) -> None:
        """Start the engine again, on the same address; return when it answers."""
        raise NotImplementedError

    def refuse(self) -> None:
        """Make the engine refuse writes of 50 kB; it may refuse all else too.

        For example by a full disk or a read-only server. Override this and `allow`, and the checks
        of `Refused` run.
        """
        raise NotImplementedError

    def allow(self) -> None:
        """Let the engine do everything again; it may be called twice."""
        raise NotImplementedError

    def catch_up(self) -> None:
        """Bring the engine's replicas up to date; return when they are.

        For a class whose store reads from replicas that stay behind until this is called. An
        engine without replicas is always up to date.
        """

    def tidy(self, store: Store) -> None:
        """Delete what a check left in the store."""
        if store.backend.clearable:
            store.clear()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls.exemptions:
            if not callable(getattr(cls, name.partition("[")[0], None)):
                raise TypeError(f"{cls.__name__}.exemptions: there is no check '{name}'")

    # Fixtures.

    @pytest.fixture(autouse=True)
    def skip_exemptions(self, request: pytest.FixtureRequest) -> None:
        """Skip a check that the class declares to be impossible for its engine."""
        name = request.node.name
        reason = self.exemptions.get(name) or self.exemptions.get(name.partition("[")[0])
        if reason:
            pytest.skip(f"declared exemption: {reason}")

    @pytest.fixture
    def store_url(self) -> str:
        """The URL of the store under test."""
        assert self.url, f"{type(self).__name__} needs the attribute url or a fixture store_url"
        return self.url

    @pytest.fixture(scope="class")
    @classmethod
    def roots(cls) -> Iterator[dict[str, Store]]:
        """One store for each URL, without a test's namespace; closed after the last check."""
        ensure_django(cls.settings)
        made: dict[str, Store] = {}
        yield made
        for store in made.values():
            store.close()

    @pytest.fixture
    def clock(self) -> Iterator[Clock]:
        """The clock of this process, which a check may move on; it goes right afterwards."""
        with pytest.MonkeyPatch.context() as patch:
            yield Clock(patch)

    @pytest.fixture
    def root(self, roots: dict[str, Store], store_url: str, clock: Clock) -> Store:
        """The store as it is configured, which other tests use too."""
        if store_url not in roots:
            roots[store_url] = self.make_store(store_url)
        # An engine that expires entries by itself has a clock of its own.
        waits = Probe(roots[store_url]).expires_itself
        self._pass = time.sleep if waits else clock.advance
        return roots[store_url]

    @pytest.fixture
    def open_store(self, root: Store) -> Iterator[OpenStore]:
        """A function that opens further stores on the engine, within the test's own namespace."""
        home = root.namespace(f"t{uuid.uuid4().hex[:10]}").options.namespace
        made: list[Store] = []

        def open_store(*, backend: Any = None, namespace: str = "", **changes: Any) -> Store:
            inner = f"{home}/{namespace}" if namespace else home
            options = {**vars(root.options), **changes, "namespace": inner}
            # Threads open stores at the same moment, so the last one in the list may be another's.
            opened = Store(backend or root.backend, StoreOptions(**options))
            made.append(opened)
            return opened

        yield open_store
        for store in made:
            with suppress(NotImplementedError):  # not written yet, which the checks say
                self.tidy(Store(unwatched(store.backend), store.options))
        for store in made:
            if isinstance(store.backend, Backend) and store.backend is not root.backend:
                store.close()

    @pytest.fixture
    def monkeypatch(self, open_store: OpenStore) -> Iterator[pytest.MonkeyPatch]:
        """As pytest's own, which other plugins' fixtures use too.

        What is patched is undone before the stores are cleared, in whichever order a plugin asks
        for pytest's.
        """
        with pytest.MonkeyPatch.context() as patch:
            yield patch

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Store:
        """An empty store."""
        return open_store()

    @pytest.fixture
    def small(self, store: Store, open_store: OpenStore) -> Store:
        """The store on a backend whose cells hold two kilobytes, so larger values are split."""
        probe = Probe(store)
        limit = min(_CELL, probe.record_limit or _CELL)
        return open_store(backend=probe.limited(record=limit))

    @pytest.fixture
    def modest(self, store: Store, open_store: OpenStore) -> Store:
        """The store on a backend that takes values of 64 KiB at most: what is longer is cheap."""
        return open_store(backend=Probe(store).limited(value=2**16))

    @pytest.fixture(scope="class")
    @classmethod
    def crews(cls, kvstore_crews: Crews) -> Iterator[Crews]:
        """The run's worker processes; they hold no store of this class after its last check."""
        yield kvstore_crews
        kvstore_crews.rest()

    @pytest.fixture
    def workers(self, crews: Crews, store_url: str, store: Store) -> ProcessWorkers | ThreadWorkers:
        """Those who race: in several processes where the engine is shared."""
        if not store.backend.shared:
            return ThreadWorkers(self.processes * self.threads)
        return self.workers_of(crews, store_url)

    def workers_of(self, crews: Crews, url: str) -> ProcessWorkers:
        """Return processes in which the store of that URL is open."""
        name = type(self).__name__
        assert self.opens_elsewhere, f"{name} has its own make_store, and so needs child_store too"
        given = self.settings or inherited_settings()
        wanted = self.opening(url)
        return crews.workers(wanted, given, processes=self.processes, threads=self.threads)

    @property
    def opens_elsewhere(self) -> bool:
        """Say whether another process knows how to open the store."""
        return type(self).make_store is Base.make_store or bool(self.child_store)

    # What checks ask.

    def outlive(self, ttl: float) -> None:
        """Let time pass until an entry with that `ttl`, written just now, has expired.

        It is gone from the engine too. Needs the fixture `store`, or another that opens one.
        """
        self._pass(ttl + self.ttl_granularity + 0.01)

    def has_left(self, store: Store, key: str, ttl: float) -> None:
        """The entry must have about `ttl` seconds left."""
        left = store.ttl(key)
        assert left is not None, f"ttl('{key}') returned None: expected {ttl:g} s, or a little less"
        assert ttl - 20 < left <= ttl, (
            f"ttl('{key}') returned {left:g} s: expected {ttl:g} s, or a little less"
        )

    def in_time(self, act: Callable[[float], None]) -> float:
        """Call ``act(ttl)`` with longer ttls until it took less than that; return the ttl."""
        ttl = 0.2
        while True:
            begun = time.monotonic()
            act(ttl)
            if time.monotonic() - begun < ttl:
                return ttl
            ttl *= 3

    @property
    def examples_wanted(self) -> int:
        """How many keys, and how many values, the property checks try in this run."""
        return max(10_000, self.examples) if NIGHTLY else self.examples

    def often(self, number: int) -> int:
        """Return how often to do what is left to chance; `number` times in a usual run."""
        return number * 10 if NIGHTLY else number

    def room(self, store: Store) -> int:
        """Return how long a key may be beside the namespace, in bytes."""
        return min(1025, store.backend.max_key_bytes) - len(store.options.namespace) - 1

    def fitting(self, store: Store, size: int) -> int:
        """Return how long a text, at most `size`, is to be stored with every serializer."""
        return min(size, self.largest_value, store.backend.max_value_bytes - 128)

    def is_exact(self, store: Store) -> bool:
        """Say whether the store's serializer promises every value's exact type."""
        return self.exact and store.options.serializer != "json"

    def cell(self, store: Store, key: str) -> str:
        """Return the storage key under which the engine holds the key's entry."""
        return Probe(store).entry(key)
