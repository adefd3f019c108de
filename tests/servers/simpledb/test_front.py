"""The SimpleDB stand-in as a server: signatures, ordered failures and what it counts."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ConnectionClosedError

from servers.failure import ServerError

from . import SimpleDB
from .client import ACCESS_KEY, SECRET_KEY, connect, get, put, refused

ITEM = {"DomainName": "shop", "ItemName": "book"}


@pytest.fixture(scope="module")
def started() -> Iterator[SimpleDB]:
    with SimpleDB() as server:
        yield server


@pytest.fixture
def server(started: SimpleDB) -> SimpleDB:
    started.reset()
    return started


@pytest.fixture
def client(server: SimpleDB) -> Any:
    client = connect(server)
    client.create_domain(DomainName="shop")
    server.forget_counts()
    return client


class TestSignature:
    def test_any_signature_will_do_at_first(self, server: SimpleDB, client: Any) -> None:
        connect(server, key="ANY", secret="thing").list_domains()

    def test_the_right_one(self, server: SimpleDB, client: Any) -> None:
        server.set(credentials={ACCESS_KEY: SECRET_KEY})
        put(client, "bö ok+~*%", x="1 é/")
        assert get(client, "bö ok+~*%") == {"x": "1 é/"}

    def test_an_access_key_that_nobody_has(self, server: SimpleDB, client: Any) -> None:
        server.set(credentials={ACCESS_KEY: SECRET_KEY})
        with refused("InvalidClientTokenId", 403):
            connect(server, key="AKIASOMEBODY").list_domains()

    def test_a_wrong_secret(self, server: SimpleDB, client: Any) -> None:
        server.set(credentials={ACCESS_KEY: SECRET_KEY})
        with refused("SignatureDoesNotMatch", 403):
            put(connect(server, secret="wrong"), "book", x="1")
        assert get(client, "book") == {}

    def test_a_session_token_is_signed_too(self, server: SimpleDB, client: Any) -> None:
        server.set(credentials={ACCESS_KEY: SECRET_KEY})
        client._request_signer._credentials.token = "session/token=="
        client.list_domains()

    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"Action": "ListDomains"}, 403, "AuthMissingFailure"),
            ({"Action": "Sing"}, 400, "InvalidAction"),
            ({"Version": "2009-04-15"}, 400, "MissingAction"),
            ({"Action": "ListDomains", "Version": "2007-11-07"}, 400, "NoSuchVersion"),
            ({"Action": "ListDomains", "SignatureVersion": "4"}, 400, "InvalidParameterValue"),
        ],
    )
    def test_what_is_no_request(
        self, server: SimpleDB, client: Any, fields: dict[str, str], status: int, code: str
    ) -> None:
        if "Version" in fields or "SignatureVersion" in fields:
            fields = {
                "AWSAccessKeyId": "K",
                "Signature": "S",
                "SignatureVersion": "2",
                "SignatureMethod": "HmacSHA256",
                "Timestamp": "2026-01-01T00:00:00Z",
                **fields,
            }
        found, body = post(server, urlencode(fields))
        assert found == status
        assert f"<Code>{code}</Code>" in body
        assert "<RequestID>" in body

    def test_only_posts(self, server: SimpleDB, client: Any) -> None:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        connection.request("GET", "/?Action=ListDomains")
        answer = connection.getresponse()
        assert answer.status == 400
        assert b"<Code>UnsupportedHttpVerb</Code>" in answer.read()
        connection.close()

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ("", "MissingAction"),
            ("Action", "InvalidHttpRequest"),
            ("Action=%ff", "InvalidParameterValue"),
            ("Action=ListDomains&Action=ListDomains", "InvalidParameterCombination"),
        ],
    )
    def test_what_is_no_form(self, server: SimpleDB, client: Any, body: str, code: str) -> None:
        status, text = post(server, body)
        assert (status, f"<Code>{code}</Code>" in text) == (400, True)


def post(server: SimpleDB, body: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request("POST", "/", body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


class TestFlags:
    @pytest.mark.parametrize(
        "name", ["ConsistentRead", "Attribute.1.Replace", "Expected.Exists", "MaxNumberOfDomains"]
    )
    def test_only_true_and_false(self, client: Any, name: str) -> None:
        def spoil(params: dict[str, Any], **_: Any) -> None:
            params["body"] = {**params["body"], name: "True"}

        client.meta.events.register("before-call.sdb", spoil)
        calls: dict[str, Callable[[], Any]] = {
            "ConsistentRead": lambda: client.get_attributes(**ITEM),
            "Attribute.1.Replace": lambda: put(client, "book", x="1"),
            "Expected.Exists": lambda: client.delete_attributes(**ITEM, Expected={"Name": "x"}),
            "MaxNumberOfDomains": lambda: client.list_domains(),
        }
        with refused("InvalidParameterValue", 400):
            calls[name]()


class TestFailures:
    def test_the_next_requests_are_throttled(self, server: SimpleDB, client: Any) -> None:
        server.fail_next(2)
        for _ in range(2):
            with refused("ServiceUnavailable", 503):
                put(client, "book", x="1")
        assert get(client, "book") == {}
        put(client, "book", x="1")

    @pytest.mark.parametrize(
        ("code", "status"), [("RequestTimeout", 408), ("InternalError", 500), ("AuthFailure", 403)]
    )
    def test_or_fail_otherwise(self, server: SimpleDB, client: Any, code: str, status: int) -> None:
        server.fail_next(1, code, operation="Select")
        put(client, "book", x="1")
        with refused(code, status):
            client.select(SelectExpression="select * from shop")
        client.select(SelectExpression="select * from shop")

    def test_a_failure_after_the_fact(self, server: SimpleDB, client: Any) -> None:
        server.fail_next(operation="PutAttributes", applied=True)
        with refused("ServiceUnavailable", 503):
            put(client, "book", x="1")
        assert get(client, "book") == {"x": "1"}

    def test_no_answer(self, server: SimpleDB, client: Any) -> None:
        server.drop_next(operation="PutAttributes")
        with pytest.raises(ConnectionClosedError):
            put(client, "book", x="1")
        assert get(client, "book") == {}
        server.drop_next(operation="PutAttributes", applied=True)
        with pytest.raises(ConnectionClosedError):
            put(client, "book", x="1")
        assert get(client, "book") == {"x": "1"}

    def test_what_was_ordered_can_be_taken_back(self, server: SimpleDB, client: Any) -> None:
        server.fail_next(5)
        server.clear_failures()
        put(client, "book", x="1")

    def test_everything_can_wait(self, server: SimpleDB, client: Any) -> None:
        server.set(delay=0.2)
        started = time.monotonic()
        get(client, "book")
        assert time.monotonic() - started >= 0.2

    def test_a_knob_that_does_not_exist(self, server: SimpleDB) -> None:
        with pytest.raises(ServerError, match="consistency"):
            server.set(consistency=True)
        assert "consistency" not in server.control()["knobs"]


class TestCounts:
    def test_one_request_one_count(self, server: SimpleDB, client: Any) -> None:
        put(client, "book", x="1")
        get(client, "book")
        get(client, "book", consistent=False)
        client.select(SelectExpression="select * from shop")
        with refused("NoSuchDomain", 400):
            put(client, "book", domain="nowhere", x="1")
        assert server.requests() == {"PutAttributes": 2, "GetAttributes": 2, "Select": 1}
        assert server.errors() == {"NoSuchDomain": 1}
        assert server.inconsistent() == {"GetAttributes": 1, "Select": 1}
        assert server.unconditional() == {"PutAttributes": 1}
        server.forget_counts()
        assert server.requests() == {}
