"""Checks of a store's life: opening, closing, forking, threads, and what it shows."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from dataclasses import replace

import pytest
from django.core.checks import CheckMessage

from django_kvstore.errors import KVStoreError
from django_kvstore.store import Store

from .base import Base, OpenStore
from .clauses import clause
from .observing import errors_of, io_events
from .probe import Probe
from .threads import run_threads


class Life(Base):
    """Clauses ``life-…``."""

    def _another(self, store: Store, open_store: OpenStore) -> Store:
        """Return the same store on a backend of its own."""
        return open_store(backend=Probe(store).another())

    @clause("life-ping")
    def test_ping_answers_in_seconds(self, store: Store) -> None:
        """ping() returns how long the engine took."""
        took = store.ping()
        assert isinstance(took, float)
        assert 0 <= took < 30

    @clause("life-close")
    def test_a_closed_store_opens_again(self, store: Store, open_store: OpenStore) -> None:
        """After close() the next call opens what it needs, and finds what was there."""
        other = self._another(store, open_store)
        other.set("key", "value")
        other.close()
        assert other.get("key") == "value"
        other.close()
        other.set("key", "new")
        other.close()
        assert store.get("key") == "new"

    @clause("life-close")
    def test_closing_twice_is_no_error(self, store: Store, open_store: OpenStore) -> None:
        """A store may be closed before it was used, and again."""
        other = self._another(store, open_store)
        other.close()
        other.close()
        other.set("key", 1)
        other.close()
        other.close()
        assert other.get("key") == 1

    @clause("life-close")
    def test_the_end_of_a_request_loses_nothing(self, store: Store) -> None:
        """close_old(), called after each request, may be called at any time."""
        store.set("key", 1)
        store.backend.close_old()
        store.backend.close_old()
        assert store.get("key") == 1

    @clause("life-shared")
    def test_two_stores_of_one_url_share(self, store: Store, open_store: OpenStore) -> None:
        """What is written through one is read through another, at once."""
        other = self._another(store, open_store)
        for number in range(20):
            store.set("key", number)
            assert other.get("key") == number
            other.set("key", -number)
            assert store.get("key") == -number
        other.delete("key")
        assert "key" not in store
        other.close()

    @clause("life-threads")
    def test_threads_share_one_store(self, store: Store) -> None:
        """Each thread reads what it asked for, whatever the others ask meanwhile."""

        def work(number: int) -> list[object]:
            wrong: list[object] = []
            for turn in range(25):
                key, value = f"key {number}", [number, turn, "x" * number * 50]
                store.set(key, value)
                read = store.get(key)
                many = store.get_many([key, f"nothing {number}"])
                if read != value or many != {key: value} or not store.delete(key):
                    wrong.append((number, turn))
            return wrong

        assert run_threads(16, work) == [[]] * 16

    @clause("life-threads")
    def test_closing_in_one_thread_hurts_no_other(self, store: Store) -> None:
        """A store may be closed while others use it."""

        def work(number: int) -> int:
            for turn in range(15):
                if number % 4 == 0:
                    store.close()
                else:
                    store.set(f"key {number}", turn)
                    assert store.get(f"key {number}") == turn
            return number

        assert run_threads(8, work) == list(range(8))

    def _read_own(self, store: Store, side: str) -> None:
        """Read what only this side of a fork reads; a shared connection mixes the answers up."""
        for number in range(self.fork_reads):
            key = f"{side} {number % 20}"
            read = store.get(key)
            expected = [side, number % 20]
            assert read == expected, f"get('{key}') in the {side}: {read!r}, not {expected!r}"

    @clause("life-fork")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_a_fork_shares_no_connection(self, store: Store) -> None:
        """Parent and child go on, each with connections of its own."""
        if not self.forks:
            assert store.ping() >= 0  # the client forbids it, and so does the knob
            return
        store.set("key", "parent")
        for side in ("parent", "child"):
            store.set_many({f"{side} {number}": [side, number] for number in range(20)})
        store.get("parent 1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads about
            child = os.fork()
        if child == 0:
            code = 1
            try:
                store.backend.forked()
                self._read_own(store, "child")
                store.set("child", "was here")
                assert store.get("child") == "was here"
                code = 0
            except BaseException:  # noqa: BLE001 - a forked child must not go on as another pytest
                traceback.print_exc(file=sys.stderr)
            finally:
                os._exit(code)
        try:
            self._read_own(store, "parent")
        finally:
            _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, "the child failed; see its traceback"
        assert store.get("key") == "parent"
        assert store.get("child") == ("was here" if store.backend.shared else None)

    @clause("life-secrets")
    def test_no_secret_is_shown(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """repr() and errors show neither the password nor a secret parameter."""
        backend = store.backend
        names = [param.name for param in backend.params if param.secret]
        url = replace(
            backend.url,
            username="user",
            password="hunter2",
            params={**backend.url.params, **dict.fromkeys(["secret_key", *names], "hunter2")},
        )
        monkeypatch.setattr(backend, "url", url)
        shown = [repr(store), str(store), repr(backend), repr(url), str(url)]
        shown.append(str(backend.error(KVStoreError, "for a test")))
        for text in shown:
            assert "hunter2" not in text
        assert backend.alias in repr(store)

    @clause("life-secrets")
    def test_no_secret_is_in_an_error_or_a_log(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whatever an engine says to a wrong password, no message repeats the password."""
        backend = store.backend
        canary = "Tr0ub4dor-3"
        names = [param.name for param in backend.params if param.secret]
        url = replace(
            backend.url,
            username="user",
            password=canary,
            params={**backend.url.params, **dict.fromkeys(names, canary)},
        )
        said: list[str] = []
        try:
            options = {**backend.options, **dict.fromkeys(names, canary)}
            made = Store(Probe(store).another(url=url, options=options), store.options)
        except Exception as error:  # noqa: BLE001 - it may refuse such a URL in any way
            said += [str(error), repr(error)]
        else:
            said += errors_of(
                made.ping,
                lambda: made.get("key"),
                lambda: made.set("key", "value"),
                lambda: made.delete("key"),
                lambda: made.get_many(["key"]),
                lambda: list(made.backend.check()),
            )
            said += [repr(made), repr(made.backend), made.backend.address]
            made.close()
        said += [record.getMessage() for record in caplog.records]
        for text in said:
            assert canary not in text, f"the password is shown in: {text}"

    @clause("life-lazy")
    def test_making_a_store_does_no_io(self, store: Store) -> None:
        """A backend is made and shown without a connection, a file or a look for an address."""
        backend = store.backend
        # Once before, so that what is imported on first use is there.
        Probe(store).another().close()
        with io_events() as events:
            made = Probe(store).another()
            shown = repr(made)
        assert events == [], f"making the backend did I/O: {', '.join(events)}"
        assert made.alias == backend.alias
        assert shown == repr(backend)
        made.close()

    @clause("life-provision")
    def test_provisioning_again_changes_nothing(self, store: Store) -> None:
        """provision() of a store that is in use keeps every entry, and returns False."""
        store.set_many({"key": "value", "other": [1]})
        for _ in range(2):
            created = store.backend.provision()
            assert created is False, f"provision() of a store in use returned {created!r}"
        assert store.get_many(["key", "other"]) == {"key": "value", "other": [1]}

    @clause("life-check")
    def test_check_returns_messages(self, store: Store) -> None:
        """check() returns Django's check messages, and raises nothing."""
        for message in store.backend.check():
            assert isinstance(message, CheckMessage), f"check() gave {message!r}"
