"""A server that is silent is given up after the driver's time limit, in one attempt."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest
from db_faults import CELL, READS, RECORD, WRITES, clean
from django.db import connections, transaction

from django_kvstore.backend import Write
from django_kvstore.errors import OutcomeUnknown, Timeout
from django_kvstore_testing.proxy import Proxy

#: As docs/backends/db.md has them, in seconds that suit a test.
ON_MARIADB = {"connect_timeout": 2, "read_timeout": 1, "write_timeout": 1}
ON_POSTGRESQL = {
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c statement_timeout=1000",
}


def limited(server):
    options = ON_POSTGRESQL if server.vendor == "postgresql" else ON_MARIADB
    return {**server.settings_dict["OPTIONS"], **options}


@pytest.fixture
def limit(open_backend, other_database):
    """A function that opens a store behind a proxy, with the time limits."""
    with ExitStack() as stack:

        def limit(server):
            open_backend(server.alias).set(CELL, RECORD, None)
            settings = server.settings_dict
            proxy = stack.enter_context(Proxy(settings["HOST"], int(settings["PORT"])))
            place = {"HOST": proxy.host, "PORT": str(proxy.port), "OPTIONS": limited(server)}
            other_database("db_silent", {**settings, **place})
            return open_backend("db_silent"), proxy

        yield limit


def attempts(proxy, operation, kind):
    """Return how many connections were opened until that kind of error was raised."""
    before, begun = proxy.connections, time.monotonic()
    with pytest.raises(kind) as caught:
        operation()
    assert type(caught.value) is kind
    assert clean(caught.value)
    assert time.monotonic() - begun > 0.9
    return proxy.connections - before


def calm(backend):
    backend._crowded_until = 0.0
    backend.update(CELL, lambda record: Write(b"other"))


def contended(backend):
    backend._crowded_until = float("inf")
    backend.update(CELL, lambda record: Write(b"other"))


def test_a_server_that_falls_silent(mysql, limit):
    backend, proxy = limit(mysql)
    operations = [(read, Timeout) for read, _ in READS.values()]
    operations += [(write, OutcomeUnknown) for write in WRITES.values()]
    operations.append((calm, Timeout))
    operations.append((contended, Timeout))
    for operation, kind in operations:
        backend.set(CELL, RECORD, None)
        proxy.hold("reply")
        assert attempts(proxy, lambda operation=operation: operation(backend), kind) == 0
        proxy.pass_through()
    backend.set(CELL, RECORD, None)


def test_in_a_transaction_the_error_is_the_stores_and_nobody_connects_anew(mysql, limit):
    backend, proxy = limit(mysql)

    @transaction.atomic(using="db_silent")
    def transact():
        backend.set("n:other", RECORD, None)
        proxy.hold("reply")
        backend.get(CELL)

    backend.get(CELL)
    assert attempts(proxy, transact, Timeout) == 0
    proxy.pass_through()
    assert backend.get("n:other") is None


def test_a_server_that_lets_nobody_in(server, limit):
    backend, proxy = limit(server)
    for operation in [read for read, _ in READS.values()] + list(WRITES.values()):
        connections["db_silent"].close()
        proxy.hold()
        assert attempts(proxy, lambda operation=operation: operation(backend), Timeout) == 1
        proxy.pass_through()
    assert backend.get(CELL) == RECORD


def test_a_statement_that_takes_too_long(postgres, limit, open_backend, elsewhere):
    backend, _ = limit(postgres)
    direct = open_backend(postgres.alias)
    with transaction.atomic(using=postgres.alias):
        direct.set(CELL, b"locked", None)

        def write():
            with pytest.raises(Timeout, match="error 57014"):
                backend.set(CELL, RECORD, None)

        elsewhere(write)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="not on this system")
def test_a_network_that_swallows_everything(postgres, limit):
    limit(postgres)
    driver = connections["db_silent"].connection
    with socket.socket(fileno=socket.dup(driver.fileno())) as end:
        limit = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        idle = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    assert (limit, idle) == (10_000, 5)
