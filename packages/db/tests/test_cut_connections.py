"""A connection that is cut at any byte of the replies: the error is true, the next call works.

In the calm form a change is a read and a comparing write; in the contended form, after a race was
lost, it is a transaction that locks, with what Django sends before and after it.
"""

from __future__ import annotations

import pytest
from django.db import connections

from django_kvstore import Store
from django_kvstore.errors import KVStoreError, OutcomeUnknown, Unavailable
from django_kvstore.options import StoreOptions
from django_kvstore_testing.base import NIGHTLY
from django_kvstore_testing.proxy import Proxy

#: More bytes than the replies of one call and of a new connection have.
MOST = 3000

CALLS = {
    "incr": lambda store: store.incr("hits"),
    "touch": lambda store: store.touch("nothing", 60),
    "pop": lambda store: store.pop("taken"),
    "add": lambda store: store.add("hits", 0),
    "set": lambda store: store.set("other", 1),
    "get": lambda store: store.get("hits"),
}


@pytest.fixture
def proxy(server):
    with Proxy(server.settings_dict["HOST"], int(server.settings_dict["PORT"])) as proxy:
        yield proxy


@pytest.fixture
def direct(server, open_backend):
    """The store on a connection that is never cut."""
    return Store(open_backend(server.alias), StoreOptions())


@pytest.fixture
def through(server, proxy, direct, open_backend, other_database):
    """The same store behind the proxy."""
    settings = {**server.settings_dict, "HOST": proxy.host, "PORT": str(proxy.port)}
    other_database("db_cut", settings)
    return Store(open_backend("db_cut"), StoreOptions())


@pytest.fixture(params=["calm", "contended"])
def form(request, through):
    if request.param == "contended":
        through.backend._crowded_until = float("inf")
    return request.param


def call(work, store):
    """Return what the call returned, or its error, which has to be the store's own."""
    try:
        return work(store)
    except KVStoreError as error:
        return error


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize(
    ("opened", "ending", "times", "step"),
    [
        pytest.param(True, "reset", 1, 1 if NIGHTLY else 5, id="anywhere"),
        pytest.param(True, "close", 1, 11, id="in order"),
        pytest.param(True, "reset", None, 11, id="again and again"),
        pytest.param(False, "reset", 1, 11, id="while it is opened"),
        pytest.param(False, "reset", None, 11, id="whenever it is opened"),
    ],
)
def test_a_count_is_never_made_twice_nor_denied(
    proxy, direct, through, opened, ending, times, step
):
    direct.set("hits", 0)
    for after in range(0, MOST, step):
        before = direct.get("hits")
        assert through.get("hits") == before, f"the call after the cut before {after} failed"
        if not opened:
            connections["db_cut"].close()
        passed = proxy.reply_bytes
        proxy.cut_reply(after, ending, times)
        found = call(CALLS["incr"], through)
        passed = proxy.reply_bytes - passed
        proxy.pass_through()
        now = direct.get("hits")
        if isinstance(found, OutcomeUnknown):
            assert now in (before, before + 1)
        elif isinstance(found, KVStoreError):
            assert isinstance(found, Unavailable)
            assert now == before, f"it was counted, cut at {after}: {found}"
        else:
            assert found == now == before + 1, f"cut at {after}: {found}"
        if passed < after:
            return
    raise AssertionError("the call never went through without a cut")


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("name", CALLS)
def test_every_call_ends_in_an_error_of_the_store(proxy, direct, through, name):
    for after in range(0, MOST, 23):
        direct.set_many({"hits": 1, "taken": 1})
        assert through.get("hits") == 1, f"the call after the cut before {after} failed"
        passed = proxy.reply_bytes
        proxy.cut_reply(after, times=None)
        found = call(CALLS[name], through)
        passed = proxy.reply_bytes - passed
        proxy.pass_through()
        if isinstance(found, KVStoreError):
            assert isinstance(found, (Unavailable, OutcomeUnknown))
        if isinstance(found, Unavailable):
            assert direct.get_many(["hits", "taken"]) == {"hits": 1, "taken": 1}
        if passed < after:
            return
    raise AssertionError("the call never went through without a cut")
