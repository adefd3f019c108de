"""Connections that are cut, held and lost: no wrong value, no hang, no outage like a miss.

``pytest packages/sdb/tests/test_faults.py``
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Literal

import pytest

from django_kvstore.backend import Write
from django_kvstore.errors import KVStoreError, OutcomeUnknown, Timeout, Unavailable
from django_kvstore_sdb import SimpleDBBackend
from django_kvstore_testing.base import NIGHTLY
from django_kvstore_testing.proxy import Proxy
from servers.simpledb import SimpleDB
from servers.simpledb.client import ACCESS_KEY, SECRET_KEY

Ending = Literal["reset", "close"]

#: Short, so that waiting in vain is; long enough for a busy machine to answer.
LIMIT = 1.5

VALUE = b"a value\r\n" + bytes(range(64))

#: At every how many bytes a request or a reply is cut.
STEP = 1 if NIGHTLY else 7


@pytest.fixture
def proxy(own_server: SimpleDB) -> Iterator[Proxy]:
    """A proxy in front of the module's own server, that cuts and holds."""
    with Proxy(own_server.host, own_server.port) as proxy:
        yield proxy


@pytest.fixture
def proxied(
    own: SimpleDBBackend, own_server: SimpleDB, opened: Any, proxy: Proxy
) -> SimpleDBBackend:
    """A backend that talks to the server through the proxy, with a cell to read."""
    # The server is to see through what was cut, as Amazon's does.
    own_server.set(credentials={ACCESS_KEY: SECRET_KEY})
    backend: SimpleDBBackend = opened(proxy)
    backend.set("a:1", VALUE, None)
    return backend


@pytest.fixture
def hasty(proxied: SimpleDBBackend, opened: Any, proxy: Proxy) -> SimpleDBBackend:
    """One that does not wait for long."""
    backend: SimpleDBBackend = opened(proxy, timeout=LIMIT)
    return backend


def bytes_of(count: Callable[[], int], call: Callable[[], object]) -> int:
    """Return by how much a call raises one of the proxy's counters, which follow a moment later."""

    def settled() -> int:
        last, same = count(), 0
        while same < 5:
            time.sleep(0.005)
            last, same = (last, same + 1) if count() == last else (count(), 0)
        return last

    before = settled()
    call()
    return settled() - before


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


# Cut anywhere.


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_read_survives_one_cut_anywhere(
    proxied: SimpleDBBackend, proxy: Proxy, how: Ending
) -> None:
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.get("a:1"))
    assert length > 300
    for offset in range(0, length, STEP):
        proxy.cut_reply(offset, how)
        assert proxied.get("a:1") == VALUE, offset
    proxy.pass_through()


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("cell", ["a:1", "a:none"])
def test_a_read_that_is_cut_again_and_again_is_an_outage(
    proxied: SimpleDBBackend, proxy: Proxy, how: Ending, cell: str
) -> None:
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.get(cell))
    for offset in range(0, length, STEP):
        proxy.cut_reply(offset, how, times=None)
        with pytest.raises(Unavailable) as raised:
            proxied.get(cell)
        assert raised.value.__cause__ is not None
    proxy.pass_through()
    assert proxied.get(cell) == (VALUE if cell == "a:1" else None)


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_write_whose_reply_is_cut_is_unknown_and_not_repeated(
    proxied: SimpleDBBackend, proxy: Proxy, own_server: SimpleDB, how: Ending
) -> None:
    length = bytes_of(lambda: proxy.reply_bytes, lambda: proxied.set("a:1", b"0", None))
    assert length > 200
    for offset in range(0, length, STEP):
        own_server.forget_counts()
        proxy.cut_reply(offset, how, times=None)
        with pytest.raises(OutcomeUnknown) as raised:
            proxied.set("a:1", b"%d" % offset, None)
        assert raised.value.__cause__ is not None
        assert own_server.requests() == {"PutAttributes": 1}
        proxy.pass_through()
        assert proxied.get("a:1") == b"%d" % offset


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_write_whose_request_is_cut_leaves_the_old_value(
    proxied: SimpleDBBackend, proxy: Proxy, how: Ending
) -> None:
    new = VALUE[::-1]
    length = bytes_of(lambda: proxy.request_bytes, lambda: proxied.set("a:1", VALUE, None))
    for offset in range(0, length, STEP):
        proxy.cut_request(offset, how, times=None)
        # Of the signature every "+" and "/" is three bytes, so this request may be shorter than
        # the first one was, and all of it have passed.
        whole = offset > length - 60
        with suppress(OutcomeUnknown, Unavailable):
            proxied.set("a:1", new, None)
            assert whole
        proxy.pass_through()
        assert proxied.get("a:1") in ([VALUE, new] if whole else [VALUE]), offset
        proxied.set("a:1", VALUE, None)


OTHERS: dict[str, Callable[[SimpleDBBackend], object]] = {
    "add": lambda b: b.add("a:new", b"1", None),
    "delete": lambda b: b.delete("a:1"),
    "compare_and_set": lambda b: b.compare_and_set("a:1", VALUE, b"2", None),
    "take": lambda b: b.compare_and_set("a:1", VALUE, None, None),
    "update": lambda b: b.update("a:1", lambda old: Write(b"3")),
    "set_many": lambda b: b.set_many({"a:1": b"4", "a:new": b"4"}, None),
    "delete_many": lambda b: b.delete_many(["a:1", "a:new"]),
    "clear": lambda b: b.clear("a:"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_any_write_that_is_cut_tells_the_truth(
    proxied: SimpleDBBackend, own: SimpleDBBackend, proxy: Proxy, name: str
) -> None:
    """After `Unavailable` nothing has changed; after `OutcomeUnknown` all or nothing has."""
    write = OTHERS[name]

    def state() -> dict[str, bytes]:
        return own.get_many(["a:1", "a:new"])

    def start() -> dict[str, bytes]:
        own.set("a:1", VALUE, None)
        own.delete("a:new")
        return state()

    before = start()
    length = bytes_of(lambda: proxy.reply_bytes, lambda: write(proxied))
    after = state()
    assert after != before
    outcomes = set()
    for offset in range(0, length, 23):
        assert start() == before
        # Counted over the whole connection, so that later requests of one write are met too.
        proxied.close()
        proxy.cut_reply(offset, "close", times=None)
        with pytest.raises(KVStoreError) as raised:
            write(proxied)
        proxy.pass_through()
        outcomes.add(raised.type)
        if raised.type is OutcomeUnknown:
            assert state() in (before, after)
        else:
            assert raised.type is Unavailable
            assert state() == before
    assert OutcomeUnknown in outcomes


def test_increments_under_cuts_are_counted_once_each(
    proxied: SimpleDBBackend, proxy: Proxy
) -> None:
    proxied.set("a:1", b"0", None)
    sure = unknown = 0
    for turn in range(150):
        if turn % 3 == 0:
            proxy.cut_reply(turn * 7 % 1000, "reset" if turn % 2 else "close")
        try:
            proxied.update("a:1", lambda old: Write(b"%d" % (int(old or b"0") + 1)))
            sure += 1
        except OutcomeUnknown:
            unknown += 1
    proxy.pass_through()
    assert unknown > 5
    assert sure <= int(proxied.get("a:1") or b"0") <= sure + unknown


# Never answered.


def test_a_server_that_never_answers_is_an_error_in_time(
    hasty: SimpleDBBackend, proxy: Proxy
) -> None:
    cells = {f"a:{number}": b"value %d" % number for number in range(100)}
    hasty.set_many(cells, None)
    names = list(cells)
    reads: list[Callable[[], object]] = [
        lambda: hasty.get("a:1"),
        lambda: hasty.get_many(names),
        lambda: hasty.count("a:"),
        lambda: hasty.provision(),
        # These read before they write.
        lambda: hasty.compare_and_set("a:1", b"value 1", b"x", None),
        lambda: hasty.delete_many(names),
    ]
    writes: list[Callable[[], object]] = [
        lambda: hasty.set("a:1", b"value 1", None),
        lambda: hasty.delete("a:none"),
        lambda: hasty.set_many({"a:1": b"value 1"}, None),
    ]
    for calls, kind in ((reads, Timeout), (writes, OutcomeUnknown)):
        for call in calls:
            proxy.hold("reply")
            with within(LIMIT + 0.5), pytest.raises(kind) as raised:
                call()
            assert raised.value.__cause__ is not None
            proxy.pass_through()  # and now the late answer arrives

    def read(first: int) -> list[str]:
        wanted = [names[(first + turn) % 100] for turn in range(2500 if NIGHTLY else 250)]
        return [name for name in wanted if hasty.get(name) != cells[name]]

    wrong: list[str] = []
    threads = [
        threading.Thread(target=lambda first=first: wrong.extend(read(first)))
        for first in (0, 25, 50, 75)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Died, and come back.


def test_a_restart_is_nobodys_problem(available: Callable[..., None], opened: Any) -> None:
    server = SimpleDB()
    available(server)
    with server:
        backend = opened(server)
        backend.provision()
        calls: list[Callable[[], object]] = [
            lambda: backend.get("a:1"),
            lambda: backend.set("a:1", b"old", None),
            lambda: backend.add("a:new", b"x", None),
            lambda: backend.delete("a:new"),
            lambda: backend.set_many({"a:2": b"x"}, None),
            lambda: backend.update("a:3", lambda old: Write(b"x")),
            lambda: backend.count("a:"),
        ]
        backend.set("a:1", b"old", None)
        for first in calls:
            server.kill()
            with pytest.raises(Unavailable):
                backend.get("a:1")
            with pytest.raises((Unavailable, OutcomeUnknown)):
                backend.set("a:1", b"new", None)
            with pytest.raises(Unavailable):
                backend.count("a:")
            server.start()
            first()
            assert backend.get("a:1") == b"old"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(proxied: SimpleDBBackend, proxy: Proxy) -> None:
    assert proxied.get("a:1") == VALUE
    made = proxy.connections
    child = os.fork()
    if child == 0:
        code = 1
        try:
            proxied.forked()
            code = 0 if [proxied.get("a:1") for _ in range(20)] == [VALUE] * 20 else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert proxy.connections == made + 1
    assert [proxied.get("a:1") for _ in range(20)] == [VALUE] * 20
    assert proxy.connections == made + 1, "the child's end has not ended the parent's"


def test_closing_gives_connections_back(proxied: SimpleDBBackend, proxy: Proxy) -> None:
    assert proxy.open_connections == 1
    made = proxy.connections
    proxied.get("a:1")
    assert proxy.connections == made
    proxied.close()
    until = time.monotonic() + 5
    while proxy.open_connections and time.monotonic() < until:
        time.sleep(0.01)
    assert proxy.open_connections == 0
    assert proxied.get("a:1") == VALUE
    assert proxy.connections == made + 1


def test_a_client_closed_by_another_thread_is_nobodys_problem(
    proxied: SimpleDBBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = proxied._domain()._connection._client._endpoint.http_session._manager
    find, closed = manager.connection_from_url, []

    def find_and_close(url: str) -> Any:
        pool = find(url)
        if not closed:
            closed.append(pool)
            proxied.close()
        return pool

    monkeypatch.setattr(manager, "connection_from_url", find_and_close)
    proxied.set("a:1", b"new", None)
    assert closed
    closed.clear()
    assert proxied.get("a:1") == b"new"


# Somebody else answers.


@dataclass
class Place:
    host: str
    port: int
    asked: list[str]


@contextmanager
def impostor(status: int, body: bytes) -> Iterator[Place]:
    """A server that answers every request with this; yields where it is and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Not a word."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Place("127.0.0.1", server.server_port, asked)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"welcome to the hotel"),
        (200, b"<html><body>Welcome to the hotel</body></html>"),
        (200, b"<GetAttributesResponse><GetAttributesResult/></GetAttributesResponse>"),
        (500, b"<html><body>Oops</body></html>"),
        (503, b"<html><body>ServiceUnavailable</body></html>"),
        (502, b""),
    ],
)
def test_a_foreign_answer_is_no_miss_and_no_success(opened: Any, status: int, body: bytes) -> None:
    with impostor(status, body) as place:
        backend = opened(place, attempts=2)
        for read in (
            lambda: backend.get("a:1"),
            lambda: backend.get_many(["a:1"]),
            lambda: backend.count("a:"),
            lambda: backend.scan("a:", None, 1),
        ):
            with pytest.raises(Unavailable) as raised:
                read()
            assert raised.value.__cause__ is not None
        for write in (
            lambda: backend.set("a:1", b"1", None),
            lambda: backend.add("a:1", b"1", None),
            lambda: backend.delete("a:1"),
            lambda: backend.set_many({"a:1": b"1"}, None),
        ):
            place.asked.clear()
            with pytest.raises(OutcomeUnknown):
                write()
            assert len(place.asked) == 1


@pytest.mark.parametrize("status", [301, 404, 407])
def test_a_foreign_refusal_is_an_outage(opened: Any, status: int) -> None:
    with impostor(status, b"<html/>") as place:
        backend = opened(place)
        for call in (lambda: backend.get("a:1"), lambda: backend.set("a:1", b"1", None)):
            with pytest.raises(Unavailable):
                call()
