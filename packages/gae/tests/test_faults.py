"""Broken, silent and dying connections: no wrong value, no hang, no outage taken for a miss."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_kvstore.errors import KVStoreError, OutcomeUnknown, Timeout, Unavailable
from django_kvstore_testing.base import NIGHTLY

OLD, NEW = b"old" * 20, b"new" * 20

#: Past the last byte of what one call sends or gets, connecting included.
BYTES = {"reply": 420, "request": 720}

#: At every how many bytes a connection is cut. The head of HTTP/2's frames is nine bytes long, so
#: that seven comes to each of them in turn.
STEP = 1 if NIGHTLY else 7


@pytest.fixture
def direct(opened, server, url):
    """A backend that does not go through the proxy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATASTORE_EMULATOR_HOST", server.address)
        backend = opened(url)
        backend.ping()
    return backend


def outcome(call, *args):
    """Return what a call returned, or the kind of error that it raised."""
    try:
        return call(*args)
    except KVStoreError as error:
        return type(error)


def connect(backend):
    """Connect, however busy the machine is: the timeouts here are short."""
    give_up = time.monotonic() + 60
    while outcome(backend.ping) is not None:
        assert time.monotonic() < give_up


@pytest.fixture(params=["reply", "request"])
def way(request):
    return request.param


@pytest.fixture(params=["reset", "close"])
def how(request):
    return request.param


@pytest.fixture(params=["connecting", "connected"])
def state(request):
    return request.param


@pytest.fixture
def cuts(proxy, opened, url, way, how, state):
    """Yield a backend for each place where the connection is to be cut, and a cell of its own.

    The cut is set when the backend is yielded, and comes with the next call.
    """

    def each():
        backend = opened(url, timeout=3)
        # A connection that is closed while it is made is told as one that is reset, and trying all
        # of those, too, takes half a minute.
        every = 9 if (how, state) == ("close", "connecting") else STEP
        for after in range(0, BYTES[way], every):
            if state == "connected":
                backend.ping()
            else:
                backend.close()
            before = proxy.connections
            cut = proxy.cut_reply if way == "reply" else proxy.cut_request
            cut(after, how)
            yield backend, f"a:{after}"
            connected = proxy.connections - before
            proxy.pass_through()
        # The last went through uncut, so no part was left out.
        assert connected == (0 if state == "connected" else 1)

    return each


def test_a_read_that_is_cut_off_finds_the_value_or_fails(cuts, direct):
    direct.set("a:b", OLD, None)
    told = [outcome(backend.get, "a:b") for backend, _ in cuts()]
    # Asked again, and so it is found; what counts is that it is never None.
    assert set(told) <= {OLD, Unavailable, Timeout}
    assert told[-1] == OLD


def test_a_write_that_is_cut_off_is_done_or_not_as_it_says(cuts, direct):
    direct.set_many({f"a:{after}": OLD for after in range(max(BYTES.values()))}, None)
    told = {cell: outcome(backend.set, cell, NEW, None) for backend, cell in cuts()}
    for cell, found in direct.get_many(list(told)).items():
        assert found in {None: [NEW], OutcomeUnknown: [OLD, NEW], Unavailable: [OLD]}[told[cell]]
    assert OutcomeUnknown in told.values()
    assert list(told.values())[-1] is None


def test_an_add_that_is_cut_off_is_done_or_not_as_it_says(cuts, direct):
    told = {cell: outcome(backend.add, cell, NEW, None) for backend, cell in cuts()}
    for cell in told:
        # False would be the answer to a second attempt, which finds what the first one wrote.
        allowed = {True: [NEW], OutcomeUnknown: [None, NEW], Unavailable: [None]}[told[cell]]
        assert direct.get(cell) in allowed
    assert OutcomeUnknown in told.values()
    assert list(told.values())[-1] is True


CALLS = [
    lambda backend: backend.get("a:b"),
    lambda backend: backend.get_many(["a:b", "a:c"]),
    lambda backend: backend.set("a:b", NEW, None),
    lambda backend: backend.add("a:b", NEW, None),
    lambda backend: backend.delete("a:b"),
    lambda backend: backend.compare_and_set("a:b", OLD, NEW, None),
    lambda backend: backend.scan("a:", None, 10),
    lambda backend: backend.count("a:"),
    lambda backend: backend.ping(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_never_answers_is_given_up_in_time(proxy, opened, url, state, call):
    backend = opened(url, timeout=0.5)
    if state == "connected":
        connect(backend)
    proxy.hold()
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises((Unavailable, OutcomeUnknown)) as caught:
            call(backend)
        assert time.monotonic() - begun < 1.5
        assert caught.value.__cause__ is not None


def test_a_write_that_never_got_a_connection_is_known_not_to_be_done(proxy, opened, url):
    backend = opened(url, timeout=0.5)
    proxy.hold()
    for call in CALLS[2:6]:
        with pytest.raises(Unavailable):
            call(backend)


def test_a_read_without_an_answer_is_a_timeout(proxy, opened, url):
    backend = opened(url, timeout=0.5)
    connect(backend)
    proxy.hold()
    with pytest.raises(Timeout, match=r"no answer within 0\.5 s"):
        backend.get("a:b")


def test_a_write_that_was_done_without_an_answer_may_have_been_done(proxy, opened, url, direct):
    backend = opened(url, timeout=3)
    connect(backend)
    proxy.hold("reply")
    with pytest.raises(OutcomeUnknown):
        backend.set("a:b", NEW, None)
    assert direct.get("a:b") == NEW


def test_all_is_right_when_the_server_answers_again(proxy, opened, url):
    backend = opened(url, timeout=3)
    names = [f"a:{number}" for number in range(4)]
    backend.set_many({name: name.encode() for name in names}, None)
    proxy.hold()
    with ThreadPoolExecutor(4) as pool:
        for told in pool.map(lambda name: outcome(backend.get, name), names):
            assert issubclass(told, Unavailable)
    proxy.pass_through()
    with ThreadPoolExecutor(4) as pool:
        asked = names * (2500 if NIGHTLY else 250)
        for name, found in zip(asked, pool.map(backend.get, asked), strict=True):
            assert found == name.encode()


def test_a_server_that_refuses_is_no_miss_and_welcome_when_it_is_back(proxy, opened, url):
    backend = opened(url)
    backend.set("a:b", OLD, None)
    proxy.refuse()
    for call in CALLS:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            call(backend)
        # Long before the timeout: there is nobody to wait for.
        assert time.monotonic() - begun < 3
    proxy.pass_through()
    assert backend.get("a:b") == OLD


def test_a_write_to_nobody_is_known_not_to_be_done(proxy, opened, url):
    backend = opened(url)
    proxy.refuse()
    for call in CALLS[2:6]:
        with pytest.raises(Unavailable, match="could not be asked"):
            call(backend)


def test_a_server_that_is_killed_in_the_middle_is_no_miss(own_server, opened, url):
    backend = opened(url)
    names = [f"a:{number}" for number in range(8)]
    backend.set_many({name: name.encode() for name in names}, None)
    told = {name: [] for name in names}
    over = time.monotonic() + 4

    def read(name):
        while time.monotonic() < over:
            told[name].append(outcome(backend.get, name))

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, name) for name in names]
        time.sleep(0.5)
        own_server.kill()
        for reader in readers:
            reader.result()
    for name in names:
        assert told[name][0] == name.encode()
        assert issubclass(told[name][-1], Unavailable)
        assert {name.encode(), *told[name]} <= {name.encode(), Unavailable, Timeout}
    own_server.start()
    backend.set_many({name: name.encode() for name in names}, None)
    for name in names * 100:
        assert backend.get(name) == name.encode()


def test_a_restart_between_two_calls_is_not_the_users_problem(own_server, opened, url):
    backend = opened(url)
    for _ in range(2):
        backend.set("a:b", OLD, None)
        own_server.restart()
        assert backend.get("a:b") is None  # its data are in memory


def test_an_unknown_host_is_told_in_time(opened, url, monkeypatch):
    monkeypatch.setenv("DATASTORE_EMULATOR_HOST", "nowhere.invalid:8081")
    backend = opened(url, timeout=2)
    for call in CALLS:
        begun = time.monotonic()
        with pytest.raises(Unavailable):
            call(backend)
        assert time.monotonic() - begun < 2.5
