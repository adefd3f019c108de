"""Backends on Google's own Datastore emulator, each closed at the end of its test.

``def test_it(opened): backend = opened("gae://project/namespace")`` or ``def test_it(backend)``
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from google.cloud import datastore_v1

from django_kvstore.params import read_params
from django_kvstore.url import StoreURL
from django_kvstore_gae import DatastoreBackend
from django_kvstore_testing.proxy import Proxy
from servers.datastore import Datastore

#: gRPC's own resolver of names can abort a forked child. It is read when the first channel is made.
os.environ.setdefault("GRPC_DNS_RESOLVER", "native")

Open = Callable[..., DatastoreBackend]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Give ``opened(url, **options)``: a backend made as the core makes it."""
    with ExitStack() as stack:

        def open_backend(text: str, **options: Any) -> DatastoreBackend:
            url = StoreURL.parse(text)
            given = {**url.params, **options}
            params = read_params(DatastoreBackend.params, given, where="the test's store")
            backend = DatastoreBackend("tested", url, params)
            stack.callback(backend.close)
            return backend

        yield open_backend


@pytest.fixture(scope="session")
def server(engine: Callable[..., Any]) -> Datastore:
    """An emulator for every test that does not harm it."""
    emulator: Datastore = engine(Datastore)
    return emulator


@pytest.fixture
def emulator(server: Datastore, monkeypatch: pytest.MonkeyPatch) -> Datastore:
    """The emulator, which the environment names."""
    monkeypatch.setenv("DATASTORE_EMULATOR_HOST", server.address)
    return server


@pytest.fixture
def proxy(server: Datastore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy in front of the emulator, that cuts and holds; the environment names it."""
    with Proxy(server.host, server.port) as proxy:
        monkeypatch.setenv("DATASTORE_EMULATOR_HOST", f"{proxy.host}:{proxy.port}")
        yield proxy


@pytest.fixture
def own_server(
    available: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Datastore]:
    """An emulator of the test's own, to be killed and restarted; the environment names it."""
    server = Datastore(named="")
    available(server)
    with server:
        monkeypatch.setenv("DATASTORE_EMULATOR_HOST", server.address)
        yield server


@pytest.fixture
def url() -> str:
    """A URL whose Datastore namespace no other test uses."""
    return f"gae://kvstore-tests/test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def backend(opened: Open, emulator: Datastore, url: str) -> DatastoreBackend:
    """A backend on the emulator."""
    return opened(url)


class Script:
    """A Datastore that answers as it is told: what the emulator never says, it says.

    ``answers`` are taken one after the other, the last again and again: a message, a status
    code, or a function of the request that returns one of them. ``requests`` are the names and
    messages that arrived.
    """

    methods = {
        "Lookup": (datastore_v1.LookupRequest, datastore_v1.LookupResponse),
        "Commit": (datastore_v1.CommitRequest, datastore_v1.CommitResponse),
        "RunQuery": (datastore_v1.RunQueryRequest, datastore_v1.RunQueryResponse),
    }

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.requests: list[tuple[str, Any]] = []

    def handlers(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            "google.datastore.v1.Datastore",
            {
                name: grpc.unary_unary_rpc_method_handler(
                    self.method(name),
                    request_deserializer=request.deserialize,
                    response_serializer=response.serialize,
                )
                for name, (request, response) in self.methods.items()
            },
        )

    def method(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.requests.append((name, request))
            told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(told):
                told = told(request)
            if isinstance(told, grpc.StatusCode):
                context.abort(told, "as the script has it")
            return told

        return answer


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A scripted server, which the environment names."""
    script = Script()
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((script.handlers(),))
    monkeypatch.setenv(
        "DATASTORE_EMULATOR_HOST", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    )
    server.start()
    yield script
    server.stop(grace=None).wait()
