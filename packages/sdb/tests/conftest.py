"""Backends on the stand-in for SimpleDB, each closed at the end of its test.

``def test_it(opened, simpledb): backend = opened(simpledb)``
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_sdb import SimpleDBBackend
from django_kvstore_testing.proxy import Proxy
from servers.simpledb import SimpleDB

Open = Callable[..., SimpleDBBackend]

#: Where nobody changes knobs; every test has a namespace of its own.
SHARED = "shared.domain"


def store_url(endpoint: str, domain: str, **options: object) -> str:
    """Return the URL of a store on a server of the tests."""
    given = {
        "region": "us-east-1",
        "aws_access_key": "AKIAEXAMPLE",
        "aws_secret_access_key": "a/secret+of=tests",
        "endpoint_url": endpoint,
        **options,
    }
    return f"sdb://{domain}?{urlencode(given)}"


@pytest.fixture(scope="session", autouse=True)
def _described_once() -> Iterator[None]:
    """Let all sessions of botocore read its descriptions of services, which are long, once."""
    with pytest.MonkeyPatch.context() as patch:
        create = functools.cache(botocore.session.create_loader)
        patch.setattr(botocore.session, "create_loader", create)
        yield


@pytest.fixture
def opened() -> Iterator[Open]:
    """Give ``opened(server)``: a backend made as the core makes it, its domain provisioned."""
    with ExitStack() as stack:

        def open_backend(
            server: SimpleDB | Proxy, domain: str = SHARED, **options: object
        ) -> SimpleDBBackend:
            url = StoreURL.parse(
                store_url(f"http://{server.host}:{server.port}", domain, **options)
            )
            params = read_params(SimpleDBBackend.params, url.params, where="the test's store")
            backend = SimpleDBBackend("tested", url, params)
            stack.callback(backend.close)
            return backend

        yield open_backend


@pytest.fixture(scope="session")
def simpledb(engine: Callable[..., Any]) -> SimpleDB:
    """A server for every test that leaves its knobs alone."""
    server: SimpleDB = engine(SimpleDB)
    return server


@pytest.fixture
def backend(opened: Open, simpledb: SimpleDB) -> SimpleDBBackend:
    """A backend on the shared server, its domain provisioned."""
    backend = opened(simpledb)
    backend.provision()
    return backend


@pytest.fixture(scope="module")
def own_server(available: Callable[..., None]) -> Iterator[SimpleDB]:
    """A server of the module's own, whose knobs may be turned."""
    server = SimpleDB()
    available(server)
    with server:
        yield server


@pytest.fixture
def own(own_server: SimpleDB, opened: Open) -> SimpleDBBackend:
    """A backend on the module's own server, with an empty domain and nothing counted."""
    own_server.reset()
    backend = opened(own_server)
    backend.provision()
    own_server.forget_counts()
    return backend


@pytest.fixture
def space() -> str:
    """The prefix of cells that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}:"
