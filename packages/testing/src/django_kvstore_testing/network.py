"""Checks of a networked engine, with a proxy in front of its server that makes faults.

``networked = True`` in the test class switches them on; the proxy's address takes the place of the
host and port in the store's URL.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from django_kvstore.errors import KVStoreError, OutcomeUnknown, Unavailable
from django_kvstore.store import Store

from .base import Base
from .clauses import clause
from .observing import errors_of, open_descriptors
from .optional import Optional
from .probe import Probe
from .proxy import Proxy
from .threads import no_connections_left, run_threads

#: What is written; in no protocol by chance.
_MARKER = "Zx9qK7-"


@dataclass
class Call:
    """One call that writes: how to prepare for it, make it, and see how often it was done."""

    name: str
    prepare: Callable[[], object]
    make: Callable[[str], object]
    times_done: Callable[[str], int]


class Network(Optional):
    """Clauses ``failure-…`` and ``life-…``, for an engine that is reached over TCP."""

    missing = "networked is False: the checks of faults of the network did not run"

    @classmethod
    def applies(cls, tests: type[Base]) -> bool:
        """Say whether the class declares that its engine is reached over the network."""
        return tests.networked

    @pytest.fixture(scope="class")
    @classmethod
    def fault_proxies(cls) -> Iterator[dict[str, Proxy]]:
        """One proxy for each URL, closed after the last check."""
        made: dict[str, Proxy] = {}
        yield made
        for proxy in made.values():
            proxy.close()

    @pytest.fixture
    def fault_proxy(self, fault_proxies: dict[str, Proxy], store_url: str) -> Proxy:
        """The proxy in front of the server; it lets everything through until a check says more."""
        if store_url not in fault_proxies:
            fault_proxies[store_url] = Proxy(*self.server_address(store_url))
        proxy = fault_proxies[store_url]
        proxy.pass_through()
        return proxy

    @pytest.fixture
    def remote(self, store: Store, fault_proxy: Proxy, store_url: str) -> Iterator[Store]:
        """The same store, reached through the proxy."""
        made = self.make_store(self.through(store_url, fault_proxy.host, fault_proxy.port))
        yield made.with_options(**vars(store.options))
        fault_proxy.pass_through()
        made.close()

    # What the checks do.

    def _calls(self, store: Store, remote: Store) -> list[Call]:
        """Return the calls that write; `store` sees what is there, past the proxy."""

        def holds(text: str) -> int:
            return int(store.get("key") == text)

        def missing(text: str) -> int:
            return int("key" not in store)

        def delete() -> None:
            store.delete_many(["key", "other"])

        def fill() -> None:
            store.set("key", "old")

        calls = [
            Call("set", fill, lambda text: remote.set("key", text), holds),
            Call(
                "set_many",
                delete,
                lambda text: remote.set_many({"key": text, "other": text}),
                lambda text: int(store.get_many(["key", "other"]) != {}),
            ),
            Call("delete", fill, lambda text: remote.delete("key"), missing),
            Call("delete_many", fill, lambda text: remote.delete_many(["key"]), missing),
        ]
        if store.backend.atomic:
            calls += [
                Call(
                    "incr",
                    lambda: store.set("number", 10),
                    lambda text: remote.incr("number"),
                    lambda text: store.get("number") - 10,
                ),
                Call("add", delete, lambda text: remote.add("key", text), holds),
                Call("pop", fill, lambda text: remote.pop("key"), missing),
                Call(
                    "compare_and_set",
                    fill,
                    lambda text: remote.compare_and_set("key", "old", text),
                    holds,
                ),
                Call(
                    "touch",
                    fill,
                    lambda text: remote.touch("key", 1000),
                    lambda text: int(store.ttl("key") is not None),
                ),
            ]
        return calls

    def _reads(self, remote: Store) -> dict[str, Callable[[], object]]:
        """Return the calls that read."""
        reads: dict[str, Callable[[], object]] = {
            "get": lambda: remote.get("key"),
            "get_many": lambda: remote.get_many(["key", "nothing"]),
            "exists": lambda: remote.exists("key"),
            "ttl": lambda: remote.ttl("key"),
            "ping": remote.ping,
        }
        if remote.backend.iterable:
            reads["keys"] = lambda: list(remote.keys())
            reads["count"] = remote.count
        return reads

    def _all_calls(self, store: Store, remote: Store) -> list[Call]:
        """Return the calls that write, and those that read as calls of which nothing is left."""

        def fill() -> None:
            store.set("key", "old")

        def ask(read: Callable[[], object], text: str) -> object:
            return read()

        reading = [
            Call(name, fill, partial(ask, read), lambda text: 1)
            for name, read in self._reads(remote).items()
        ]
        return [*self._calls(store, remote), *reading]

    def _disturb(self, call: Call, text: str) -> KVStoreError | None:
        """Make the call; return the error it raised, which must be one of the family."""
        try:
            call.make(text)
        except KVStoreError as error:
            return error
        except Exception as error:
            raise AssertionError(
                f"{call.name}() raised {type(error).__name__}: {error}\nexpected a KVStoreError, "
                "with this error as its cause"
            ) from error
        return None

    def _judge(self, call: Call, text: str, where: str, error: KVStoreError | None) -> None:
        """Hold what a disturbed call said against what it did."""
        done = call.times_done(text)
        happened = {0: "was not done", 1: "was done"}.get(done, f"was done {done} times")
        said = f"{call.name}(): {where}. The call {_outcome(error)}\n"
        said += f"The write {happened}: expected "
        if error is None:
            assert done == 1, f"{said}that it was done once."
        elif isinstance(error, OutcomeUnknown):
            assert done in (0, 1), f"{said}that it was done once or not at all."
        else:
            assert done == 0, (
                f"{said}OutcomeUnknown: {type(error).__name__} says that nothing was done and that "
                "the call may be repeated, and then the work is done twice."
            )

    def _places(self, total: int) -> list[int]:
        """Return where to cut so many bytes: everywhere, or evenly spread."""
        if total <= self.cuts:
            return list(range(total + 1))
        return sorted({total * at // (self.cuts - 1) for at in range(self.cuts)})

    def _reconnect(self, proxy: Proxy, remote: Store) -> None:
        """Let everything through again; the next call must work."""
        proxy.pass_through()
        try:
            remote.get("warm")
        except KVStoreError as error:
            raise AssertionError(
                f"the server can be reached again, and get() {_outcome(error)}\n"
                "expected that the first call works"
            ) from error

    def _length(self, proxy: Proxy, remote: Store, call: Call) -> tuple[int, int]:
        """Return how many bytes an undisturbed call sends, and receives."""
        call.prepare()
        remote.get("warm")
        before = proxy.settled()
        call.make(f"{_MARKER}undisturbed")
        after = proxy.settled()
        return after[0] - before[0], after[1] - before[1]

    @clause("failure-unknown")
    @pytest.mark.parametrize("refuse", [False, True], ids=["and-back", "and-down"])
    @pytest.mark.parametrize("way", ["reply", "request"])
    def test_a_write_that_was_cut_is_told_as_it_is(
        self, store: Store, remote: Store, fault_proxy: Proxy, way: str, refuse: bool
    ) -> None:
        """When its connection is cut, a write that may have been done raises OutcomeUnknown.

        Unavailable and Timeout promise that nothing was done; and nothing is done twice.
        """
        cut = fault_proxy.cut_reply if way == "reply" else fault_proxy.cut_request
        for call in self._calls(store, remote):
            total = self._length(fault_proxy, remote, call)[way == "reply"]
            for number, place in enumerate(self._places(total)):
                call.prepare()
                self._reconnect(fault_proxy, remote)
                cut(after=place, refuse=refuse)
                text = f"{_MARKER}{number:05}"
                error = self._disturb(call, text)
                fault_proxy.pass_through()
                where = f"the connection was cut after {place} of {total} bytes of the {way}"
                self._judge(call, text, where, error)

    @clause("failure-unknown")
    def test_a_write_whose_answer_was_lost_is_sent_once(
        self, store: Store, remote: Store, fault_proxy: Proxy
    ) -> None:
        """A write whose answer was lost is not sent again by itself."""
        for call in self._calls(store, remote):
            fault_proxy.record()
            total = self._length(fault_proxy, remote, call)[1]
            usual = fault_proxy.times_sent(f"{_MARKER}undisturbed".encode())
            if not usual:
                continue  # it writes no text, or one that is encoded: the values were counted
            for place in {0, total // 2, max(0, total - 1)}:
                call.prepare()
                self._reconnect(fault_proxy, remote)
                text = f"{_MARKER}once-{place:05}"
                fault_proxy.cut_reply(after=place)
                error = self._disturb(call, text)
                sent = fault_proxy.times_sent(text.encode())
                assert sent <= usual, (
                    f"{call.name}(): the reply was cut after {place} bytes, and the call "
                    f"{_outcome(error)}\nThe value was sent {sent} times, without a fault {usual} "
                    "times: expected OutcomeUnknown, and that nothing is sent again"
                )

    @clause("failure-timeout")
    def test_a_silent_server_keeps_nobody_waiting(
        self, store: Store, remote: Store, fault_proxy: Proxy
    ) -> None:
        """A call ends in time when the server does not answer: it raises Timeout or Unavailable.

        A write that may have been done raises OutcomeUnknown.
        """
        store.set("key", "value")
        reads = self._reads(remote)
        for name, error in self._in_silence(fault_proxy, remote, reads).items():
            assert isinstance(error, Unavailable), (
                f"{name}() in the silence of the server gave {error!r}: expected Timeout"
            )
        # All at once, each in a namespace of its own.
        names = [call.name for call in self._calls(store, remote)]
        calls = {
            name: self._calls(store.namespace(name), remote.namespace(name))[at]
            for at, name in enumerate(names)
        }
        for call in calls.values():
            call.prepare()
        text = f"{_MARKER}silence"
        making = {name: partial(call.make, text) for name, call in calls.items()}
        came = self._in_silence(fault_proxy, remote, making)
        fault_proxy.settled()
        for name, problem in came.items():
            assert isinstance(problem, KVStoreError), (
                f"{name}() in the silence of the server gave {problem!r}: expected OutcomeUnknown"
            )
            self._judge(calls[name], text, "the server did not answer", problem)

    def _in_silence(
        self, proxy: Proxy, remote: Store, calls: Mapping[str, Callable[[], Any]]
    ) -> dict[str, object]:
        """Make the calls at once while the server's replies are held; return what each raised."""
        ready = threading.Barrier(len(calls) + 1)
        silent = threading.Event()
        came: dict[str, object] = {}

        def wait_for(name: str, call: Callable[[], Any]) -> None:
            try:
                remote.get("warm")
            finally:
                ready.wait(60)
            silent.wait(60)
            with no_connections_left():
                try:
                    came[name] = call()
                except Exception as error:  # noqa: BLE001 - the check looks at what it is
                    came[name] = error

        threads = {
            name: threading.Thread(target=wait_for, args=item, daemon=True)
            for name, item in zip(calls, calls.items(), strict=True)
        }
        for thread in threads.values():
            thread.start()
        ready.wait(60)
        proxy.hold("reply")
        begun = time.monotonic()
        silent.set()
        for thread in threads.values():
            thread.join(max(0.0, begun + self.time_limit - time.monotonic()))
        late = [name for name, thread in threads.items() if thread.is_alive()]
        proxy.pass_through()
        if late:
            proxy.drop()
        for thread in threads.values():
            thread.join(60)
        assert late == [], (
            f"the server was silent for {self.time_limit:g} s, and {', '.join(late)} still waited: "
            "expected Timeout; set a time limit for each request"
        )
        return came

    @clause("failure-outage")
    def test_a_write_that_was_never_sent_is_an_outage(
        self, store: Store, remote: Store, fault_proxy: Proxy
    ) -> None:
        """While connections are refused a write raises Unavailable: nothing was sent."""
        for call in self._calls(store, remote):
            call.prepare()
            self._reconnect(fault_proxy, remote)
            remote.close()
            fault_proxy.refuse()
            text = f"{_MARKER}refused"
            error = self._disturb(call, text)
            fault_proxy.pass_through()
            assert isinstance(error, Unavailable), (
                f"{call.name}() while connections were refused {_outcome(error)}\n"
                "expected Unavailable: no request was sent"
            )
            assert error.__cause__ is not None, (
                f"{call.name}() raised {type(error).__name__} without a cause: expected the "
                "client's own error as its cause"
            )
            self._judge(call, text, "connections were refused", error)

    @clause("failure-recovery")
    @pytest.mark.parametrize("fault", ["refuse", "cut-request", "cut-reply", "silence", "drop"])
    def test_the_first_call_after_a_fault_works(
        self, store: Store, remote: Store, fault_proxy: Proxy, fault: str
    ) -> None:
        """When the network works again the next call does, and it gets its own answer."""
        store.set_many({"one": "first", "two": "second"})
        faults: dict[str, Callable[[], None]] = {
            "refuse": fault_proxy.refuse,
            "cut-request": lambda: fault_proxy.cut_request(after=0, times=None),
            "cut-reply": lambda: fault_proxy.cut_reply(after=0, times=None),
            "silence": lambda: fault_proxy.hold("reply"),
            "drop": fault_proxy.drop,
        }
        for ways in (remote.get, lambda key: remote.get_many([key]).get(key)):
            self._reconnect(fault_proxy, remote)
            faults[fault]()
            errors_of(partial(ways, "one"))
            fault_proxy.pass_through()
            for key, value in {"two": "second", "one": "first", "three": None}.items():
                try:
                    came = ways(key)
                except KVStoreError as error:
                    raise AssertionError(
                        f"after the fault '{fault}' reading '{key}' {_outcome(error)}\n"
                        f"expected {value!r}"
                    ) from error
                assert came == value, (
                    f"after the fault '{fault}' reading '{key}' gave {came!r}: expected {value!r}"
                )
        remote.set("one", "new")
        assert store.get("one") == "new"

    @clause("failure-recovery")
    @pytest.mark.parametrize("how", ["close", "reset"])
    def test_an_idle_connection_that_died_hurts_no_reader(
        self, store: Store, remote: Store, fault_proxy: Proxy, how: Any
    ) -> None:
        """When an idle connection was ended, the next read works: it is asked anew."""
        store.set("key", "value")
        for _ in range(5):
            assert remote.get("key") == "value"
            fault_proxy.drop(how)
            try:
                assert remote.get("key") == "value"
            except KVStoreError as error:
                raise AssertionError(
                    f"an idle connection had been ended, and get() {_outcome(error)}\n"
                    "expected the value, by a new connection"
                ) from error

    @clause("failure-recovery")
    @pytest.mark.parametrize("how", ["close", "reset"])
    def test_the_first_call_on_ended_connections_works(
        self, store: Store, remote: Store, fault_proxy: Proxy, how: Any
    ) -> None:
        """When every idle connection was ended, the first call works, whichever it is.

        A write too: nothing of it was sent, so it is sent on a new connection.
        """
        for call in self._all_calls(store, remote):
            call.prepare()
            # Replies that are late let these three have a connection each.
            fault_proxy.delay(0.02)
            run_threads(3, lambda number: remote.get("warm"))
            fault_proxy.pass_through()
            fault_proxy.drop(how)
            text = f"{_MARKER}idle"
            error = self._disturb(call, text)
            assert error is None, (
                f"the server had ended all idle connections, and {call.name}() {_outcome(error)}\n"
                "expected that it works, on a new connection: look at an idle connection before "
                "you send on it"
            )
            self._judge(call, text, "the idle connections had been ended", error)

    @clause("life-close")
    def test_close_ends_the_connections_of_every_thread(
        self, store: Store, remote: Store, fault_proxy: Proxy
    ) -> None:
        """close() ends all connections, whichever thread used them; the next call works."""
        used, closed = threading.Barrier(5), threading.Event()
        left: list[int] = []

        def work(number: int) -> object:
            remote.set(f"key {number}", number)
            used.wait(60)
            if number == 0:
                try:
                    remote.close()
                    self._wait_for(lambda: fault_proxy.open_connections == 0)
                    left.append(fault_proxy.open_connections)
                finally:
                    closed.set()
            closed.wait(60)
            return remote.get(f"key {number}")

        assert run_threads(5, work) == list(range(5))
        remote.close()
        self._wait_for(lambda: fault_proxy.open_connections == 0)
        left.append(fault_proxy.open_connections)
        assert left == [0, 0], (
            f"five threads used the store, and after close() {max(left)} connections were open: "
            "expected none"
        )

    @clause("life-threads")
    def test_close_leaves_a_waiting_call_alone(
        self, store: Store, remote: Store, fault_proxy: Proxy
    ) -> None:
        """A call that waits for its reply succeeds, although another thread calls close()."""
        for call in self._all_calls(store, remote):
            for _ in range(20):
                text = f"{_MARKER}waiting"
                error, held = self._close_meanwhile(remote, fault_proxy, call, text)
                # On a machine so busy the reply may have been late for the call itself.
                if error is None or held < 0.25:
                    break
            assert error is None, (
                f"{call.name}() waited for its reply while another thread called close(), and it "
                f"{_outcome(error)}\nexpected that it succeeds: close() ends the idle "
                "connections, and one that is in use is not idle"
            )
            self._judge(call, text, "another thread called close()", error)

    def _close_meanwhile(
        self, remote: Store, proxy: Proxy, call: Call, text: str
    ) -> tuple[Exception | None, float]:
        """Close the store while the call waits; return its error and how long it waited."""
        came: list[Exception] = []

        def make() -> None:
            with no_connections_left():
                try:
                    call.make(text)
                except Exception as error:  # noqa: BLE001 - the check looks at what it is
                    came.append(error)

        call.prepare()
        remote.get("warm")
        before, _ = proxy.settled()
        thread = threading.Thread(target=make, daemon=True)
        proxy.hold("reply")
        begun = time.monotonic()
        thread.start()
        self._wait_for(lambda: proxy.request_bytes > before)
        proxy.settled()
        remote.close()
        proxy.pass_through()
        held = time.monotonic() - begun
        thread.join(60)
        return (came[0] if came else None), held

    @clause("failure-connections")
    @pytest.mark.parametrize("fault", ["cut-request", "cut-reply", "silence"])
    def test_a_failed_call_keeps_no_connection(
        self, store: Store, remote: Store, fault_proxy: Proxy, fault: str
    ) -> None:
        """A connection on which a call failed is closed, and no pool runs out of them."""
        store.set("key", "value")
        number = 6 if fault == "silence" else 40
        self._reconnect(fault_proxy, remote)
        remote.close()
        self._wait_for(lambda: fault_proxy.open_connections == 0, seconds=1.0)
        gc.collect()
        before = len(open_descriptors())
        if fault == "silence":
            reads = {str(at): partial(remote.get, "key") for at in range(number)}
            self._in_silence(fault_proxy, remote, reads)
        else:
            cut = fault_proxy.cut_reply if fault == "cut-reply" else fault_proxy.cut_request
            cut(after=0, how="close", times=None)
            for at in range(number):
                assert self._ends(lambda: remote.get("key")), (
                    f"after {at} calls that failed ({fault}) get() did not end in "
                    f"{self.time_limit:g} s: expected that it fails too"
                )
        fault_proxy.pass_through()
        assert self._ends(lambda: remote.get("key")), (
            f"after {number} calls that failed ({fault}) get() did not end in "
            f"{self.time_limit:g} s: expected that the pool has a connection"
        )
        assert remote.get("key") == "value"
        remote.close()
        settled = self._wait_for(lambda: fault_proxy.open_connections == 0, seconds=1.0)
        assert settled or fault_proxy.open_connections < number, (
            f"after {number} calls that failed ({fault}), and close(), "
            f"{fault_proxy.open_connections} connections are open: expected none"
        )
        gc.collect()
        left = len(open_descriptors()) - before
        assert left < max(3, number // 2), (
            f"{number} calls that failed ({fault}) have left {left} sockets open: expected none"
        )

    def _wait_for(self, condition: Callable[[], bool], seconds: float = 5.0) -> bool:
        """Wait until the condition holds, for so many seconds at most; say whether it does."""
        until = time.monotonic() + seconds
        while not condition() and time.monotonic() < until:
            time.sleep(0.005)
        return condition()

    def _ends(self, call: Callable[[], object]) -> bool:
        """Make the call in a thread; say whether it ends in time."""

        def make() -> None:
            with no_connections_left():
                errors_of(call)

        thread = threading.Thread(target=make, daemon=True)
        thread.start()
        thread.join(self.time_limit)
        return not thread.is_alive()

    @clause("life-secrets")
    def test_no_secret_is_in_an_error_of_the_network(
        self, store: Store, remote: Store, fault_proxy: Proxy, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whatever happens to the connection, no message shows the password."""
        backend, canary = remote.backend, "Tr0ub4dor-3"
        names = [param.name for param in backend.params if param.secret]
        secrets = dict.fromkeys(names, canary)
        url = replace(
            backend.url,
            username="user",
            password=canary,
            params={**backend.url.params, **secrets},
        )
        try:
            options = {**backend.options, **secrets}
            made = Store(Probe(remote).another(url=url, options=options), remote.options)
        except Exception:  # noqa: BLE001 - it may refuse such a URL in any way
            return  # its text is looked at where nothing is disturbed
        faults: list[Callable[[], None]] = [
            fault_proxy.refuse,
            lambda: fault_proxy.cut_reply(after=0, times=None),
            lambda: fault_proxy.cut_request(after=0, times=None),
            fault_proxy.pass_through,
        ]
        said = []
        for fault in faults:
            fault()
            said += errors_of(
                made.ping,
                lambda: made.get("key"),
                lambda: made.set("key", "value"),
                lambda: made.delete("key"),
                lambda: list(made.backend.check()),
            )
        made.close()
        said += [record.getMessage() for record in caplog.records]
        for text in said:
            assert canary not in text, f"the password is shown in: {text}"

    @clause("life-check")
    def test_check_raises_nothing_in_an_outage(self, remote: Store, fault_proxy: Proxy) -> None:
        """check() returns messages where the engine is out of reach, and raises nothing."""
        remote.close()
        fault_proxy.refuse()
        try:
            list(remote.backend.check())
        except Exception as error:
            raise AssertionError(
                f"check() raised {type(error).__name__}: {error}\nexpected check messages, or none"
            ) from error

    @clause("failure-timeout")
    def test_a_late_answer_is_nobodys(
        self, store: Store, remote: Store, fault_proxy: Proxy
    ) -> None:
        """An answer that comes after its call has ended is not taken for another's."""
        store.set("key", "value")
        names = [f"late {number}" for number in range(4)]
        store.set_many(dict.fromkeys(names, "the late one"))
        self._in_silence(fault_proxy, remote, {name: partial(remote.get, name) for name in names})
        for _ in range(12):
            read = remote.get("key")
            assert read == "value", f"get('key') returned {read!r}: expected 'value'"


def _outcome(error: Exception | None) -> str:
    """Say what a call did."""
    return "returned." if error is None else f"raised {type(error).__name__}: {error}"
