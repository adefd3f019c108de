"""What SimpleDB's refusals and boto3's errors are told as, and what is sent again.

Each test has the module's own server, whose failures it orders.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_kvstore.backend import Write
from django_kvstore.config import StoreConfig
from django_kvstore.errors import (
    KVStoreError,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
    ValueTooLarge,
)
from django_kvstore_sdb import SimpleDBBackend
from servers.simpledb import SimpleDB
from servers.simpledb.client import ACCESS_KEY, SECRET_KEY

READS: dict[str, Callable[[SimpleDBBackend], Any]] = {
    "GetAttributes": lambda b: b.get("a:1"),
    "Select": lambda b: b.get_many(["a:1"]),
    "DomainMetadata": lambda b: b.provision(),
}

#: Each is one request, of the operation that it is under.
WRITES: dict[str, Callable[[SimpleDBBackend], Any]] = {
    "PutAttributes": lambda b: b.set("a:1", b"new", None),
    "DeleteAttributes": lambda b: b.delete("a:1"),
    "BatchPutAttributes": lambda b: b.set_many({"a:1": b"new"}, None),
    "BatchDeleteAttributes": lambda b: b.delete_many(["a:1"]),
}


@pytest.fixture
def filled(own: SimpleDBBackend, own_server: SimpleDB) -> SimpleDBBackend:
    own.set("a:1", b"old", None)
    own_server.forget_counts()
    return own


@pytest.mark.parametrize("operation", [*READS, *WRITES])
def test_what_was_turned_away_is_sent_again(
    filled: SimpleDBBackend, own_server: SimpleDB, operation: str
) -> None:
    own_server.fail_next(2, "ServiceUnavailable", operation=operation)
    {**READS, **WRITES}[operation](filled)
    assert own_server.requests()[operation] == 3
    assert filled.get("a:1") == {
        "PutAttributes": b"new",
        "BatchPutAttributes": b"new",
        "DeleteAttributes": None,
        "BatchDeleteAttributes": None,
    }.get(operation, b"old")


@pytest.mark.parametrize("operation", [*READS, *WRITES])
def test_what_is_turned_away_for_long_is_an_outage(
    own: SimpleDBBackend, own_server: SimpleDB, opened: Any, operation: str
) -> None:
    own.set("a:1", b"old", None)
    backend = opened(own_server, attempts=2)
    own_server.forget_counts()
    own_server.fail_next(100, "ServiceUnavailable", operation=operation)
    with pytest.raises(Unavailable, match="too busy") as raised:
        {**READS, **WRITES}[operation](backend)
    own_server.clear_failures()
    assert raised.value.__cause__ is not None
    assert own_server.requests()[operation] == 2
    assert own.get("a:1") == b"old"


@pytest.mark.parametrize("operation", READS)
def test_a_read_that_failed_is_sent_again(
    filled: SimpleDBBackend, own_server: SimpleDB, operation: str
) -> None:
    own_server.fail_next(1, "InternalError", operation=operation)
    READS[operation](filled)
    own_server.drop_next(1, operation=operation)
    READS[operation](filled)
    assert own_server.requests()[operation] == 4


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("code", ["InternalError", "RequestTimeout", "NoAnswer"])
@pytest.mark.parametrize("operation", WRITES)
def test_a_write_whose_answer_was_lost_is_unknown_and_not_repeated(
    filled: SimpleDBBackend, own_server: SimpleDB, operation: str, code: str, applied: bool
) -> None:
    own_server.fail_next(1, code, operation=operation, applied=applied)
    with pytest.raises(OutcomeUnknown) as raised:
        WRITES[operation](filled)
    assert raised.value.__cause__ is not None
    assert own_server.requests()[operation] == 1
    assert (filled.get("a:1") != b"old") == applied


def test_an_increment_whose_answer_was_lost_is_counted_once(
    own: SimpleDBBackend, own_server: SimpleDB
) -> None:
    own.set("a:1", b"1", None)
    own_server.drop_next(1, operation="PutAttributes", applied=True)
    with pytest.raises(OutcomeUnknown):
        own.update("a:1", lambda old: Write(b"%d" % (int(old or b"0") + 1)))
    assert own.get("a:1") == b"2"


def test_a_write_that_was_turned_away_and_done_is_told_as_done(
    own: SimpleDBBackend, own_server: SimpleDB
) -> None:
    own_server.fail_next(1, "ServiceUnavailable", operation="PutAttributes", applied=True)
    assert own.add("a:1", b"1", None) is True
    own_server.fail_next(1, "ServiceUnavailable", operation="PutAttributes", applied=True)
    assert own.compare_and_set("a:1", b"1", b"2", None) is True
    assert own.get("a:1") == b"2"
    own_server.fail_next(1, "ServiceUnavailable", operation="PutAttributes")
    assert own.add("a:1", b"3", None) is False


@pytest.mark.parametrize("condition", ["there", "version"])
def test_a_delete_that_was_turned_away_is_no_miss_when_the_cell_is_gone(
    own: SimpleDBBackend, own_server: SimpleDB, condition: str
) -> None:
    """Else a `pop` that deleted the entry would say that there was none."""

    def delete() -> object:
        if condition == "there":
            return own.delete("a:1")
        return own.compare_and_set("a:1", b"old", None, None)

    own.set("a:1", b"old", None)
    own_server.fail_next(1, "ServiceUnavailable", operation="DeleteAttributes", applied=True)
    with pytest.raises(OutcomeUnknown, match="too busy") as raised:
        delete()
    assert raised.value.__cause__ is not None
    assert own.get("a:1") is None
    # Never turned away, it is known.
    assert delete() is False


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("name", ["add", "compare_and_set", "update"])
def test_a_write_that_was_turned_away_and_cannot_be_looked_up_is_unknown(
    own: SimpleDBBackend, own_server: SimpleDB, opened: Any, name: str, applied: bool
) -> None:
    """Whether it was done or somebody else was faster, nobody knows."""
    backend = opened(own_server, attempts=2)
    connection = backend._domain()._connection
    call, puts = connection.call, []

    def put_in_vain(method: str, **parameters: Any) -> Any:
        if method == "put_attributes":
            puts.append(parameters)
            if not applied:
                own.set("a:1", b"theirs", None)
            own_server.fail_next(
                1, "ServiceUnavailable", operation="PutAttributes", applied=applied
            )
        elif puts:
            own_server.fail_next(100, "ServiceUnavailable", operation="GetAttributes")
        return call(method, **parameters)

    connection.call = put_in_vain
    if name != "add":
        own.set("a:1", b"old", None)
    with pytest.raises(OutcomeUnknown, match="too busy") as raised:
        {
            "add": lambda: backend.add("a:1", b"ours", None),
            "compare_and_set": lambda: backend.compare_and_set("a:1", b"old", b"ours", None),
            "update": lambda: backend.update("a:1", lambda old: Write(b"ours")),
        }[name]()
    assert raised.value.__cause__ is not None
    own_server.clear_failures()
    assert len(puts) == 1
    assert own.get("a:1") == (b"ours" if applied else b"theirs")


def test_a_bulk_write_that_failed_half_way_is_unknown(
    own: SimpleDBBackend, own_server: SimpleDB, opened: Any
) -> None:
    backend = opened(own_server, attempts=1)
    names = [f"a:{number:03}" for number in range(60)]

    def fail_at(operation: str, number: int) -> None:
        call = backend._domain()._connection.call
        seen = []

        def failing(method: str, **parameters: Any) -> Any:
            if method == operation:
                seen.append(method)
                if len(seen) == number:
                    own_server.fail_next(1, "ServiceUnavailable")
            return call(method, **parameters)

        backend._domain()._connection.call = failing

    writes: dict[str, Callable[[], Any]] = {
        "batch_put_attributes": lambda: backend.set_many(dict.fromkeys(names, b"x"), None),
        "batch_delete_attributes": lambda: backend.delete_many(names),
    }
    for operation, write in writes.items():
        for number, kind in ((1, Unavailable), (2, OutcomeUnknown), (3, OutcomeUnknown)):
            own.clear("a:")
            if operation == "batch_delete_attributes":
                own.set_many(dict.fromkeys(names, b"x"), None)
            backend.forked()
            fail_at(operation, number)
            with pytest.raises(KVStoreError) as raised:
                write()
            assert raised.type is kind
            done = own.count("a:")
            assert (done if operation == "batch_put_attributes" else 60 - done) == (number - 1) * 25
    backend.forked()
    fail_at("batch_delete_attributes", 2)
    own.set_many(dict.fromkeys(names, b"x"), None)
    with pytest.raises(OutcomeUnknown):
        backend.clear("a:")
    for number, kind in ((1, Unavailable), (2, OutcomeUnknown)):
        own.clear("a:")
        own.set_many(dict.fromkeys(names, b"x"), 5.0)
        backend.forked()
        fail_at("delete_attributes", number)
        with pytest.raises(KVStoreError) as raised:
            backend.purge("a:", 6.0)
        assert raised.type is kind


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("AuthFailure", Refused, "aws_access_key"),
        ("InvalidClientTokenId", Refused, "aws_access_key"),
        ("SignatureDoesNotMatch", Refused, "The clock must be right"),
        ("ExpiredToken", Refused, "aws_access_key"),
        ("RequestExpired", Refused, "Set the clock of this machine"),
        ("RequestTimeTooSkewed", Refused, "Set the clock of this machine"),
        ("AccessFailure", Refused, "may use the domain"),
        ("AccessDenied", Refused, "may use the domain"),
        ("NumberDomainBytesExceeded", Refused, "is full"),
        ("NumberDomainAttributesExceeded", Refused, "is full"),
        ("NumberDomainsExceeded", Refused, "as many domains as it may"),
        ("NumberItemAttributesExceeded", ValueTooLarge, "The old value stays"),
        ("RequestEntityTooLarge", ValueTooLarge, "The old value stays"),
        ("InvalidParameterValue", Refused, "InvalidParameterValue"),
        ("NoSuchDomain", Unavailable, "manage.py kvstore provision tested"),
    ],
)
def test_a_refusal_is_told_with_the_way_out(
    filled: SimpleDBBackend, own_server: SimpleDB, code: str, kind: type[KVStoreError], told: str
) -> None:
    own_server.fail_next(1, code)
    with pytest.raises(kind, match=told) as raised:
        filled.set("a:1", b"new", None)
    assert code in str(raised.value) or code == "NoSuchDomain"
    assert "'tested' (sdb)" in str(raised.value)
    assert raised.value.__cause__ is not None
    assert own_server.requests() == {"PutAttributes": 1}
    assert filled.get("a:1") == b"old"


def test_a_query_that_took_too_long_is_a_timeout(
    own: SimpleDBBackend, own_server: SimpleDB
) -> None:
    own_server.fail_next(100, "RequestTimeout")
    with pytest.raises(Timeout):
        own.count("a:")


def test_a_full_domain_leaves_the_old_value(own: SimpleDBBackend, own_server: SimpleDB) -> None:
    own.set("a:1", b"old", None)
    own_server.set(domain_bytes=5000)
    with pytest.raises(Refused, match="is full"):
        own.set("a:1", b"x" * 100_000, None)
    assert own.get("a:1") == b"old"


def test_a_missing_domain_is_no_miss(own_server: SimpleDB, opened: Any) -> None:
    own_server.reset()
    backend = opened(own_server, "not.provisioned")
    calls: list[Callable[[], Any]] = [
        lambda: backend.get("a:1"),
        lambda: backend.get_many(["a:1"]),
        lambda: backend.set("a:1", b"1", None),
        lambda: backend.set_many({"a:1": b"1"}, None),
        lambda: backend.add("a:1", b"1", None),
        lambda: backend.delete("a:1"),
        lambda: backend.delete_many(["a:1"]),
        lambda: backend.scan("a:", None, 10),
        lambda: backend.scan_keys("a:", None, 10),
        lambda: backend.count("a:"),
        lambda: backend.clear("a:"),
        lambda: backend.purge("a:", 1.0),
        lambda: backend.ping(),
    ]
    for call in calls:
        with pytest.raises(Unavailable, match=r"manage\.py kvstore provision tested"):
            call()
    assert "CreateDomain" not in own_server.requests()


# Signing in.


def test_requests_are_signed_by_the_given_key(
    own: SimpleDBBackend, own_server: SimpleDB, opened: Any
) -> None:
    own_server.set(credentials={ACCESS_KEY: SECRET_KEY})
    cells = ["a:1", "a:é \0\r\n%'\"`~+&=*", "a:" + "é" * 510]
    for cell in cells:
        own.set(cell, cell.encode() + bytes(range(256)), None)
        assert own.get(cell) == cell.encode() + bytes(range(256))
    assert sorted(own.scan_keys("a:", None, 10).keys) == sorted(cells)
    for wrong in ({"aws_access_key": "AKIAOTHER"}, {"aws_secret_access_key": "hunter2"}):
        with pytest.raises(Refused, match="does not accept the signature") as raised:
            opened(own_server, **wrong).get("a:1")
        assert "hunter2" not in str(raised.value)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """An environment in which boto3 finds nothing."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def made(url: str, **options: Any) -> Any:
    return StoreConfig.read("tested", {"URL": url, "OPTIONS": options}).open_backend()


@pytest.mark.usefixtures("bare")
def test_credentials_come_from_options_or_from_boto3s_own_chain(
    own: SimpleDBBackend, own_server: SimpleDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_server.set(credentials={ACCESS_KEY: SECRET_KEY})
    url = "sdb://shared.domain"
    given = {"endpoint_url": own_server.url, "region_name": "us-east-1"}
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    backend = made(url, **given, **keys)
    backend.set("a:1", b"1", None)
    backend.close()
    for write in (False, True):
        backend = made(url, **given)
        with pytest.raises(Unavailable, match="no credentials"):
            backend.set("a:1", b"2", None) if write else backend.get("a:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    backend = made(url, **given)
    assert backend.get("a:1") == b"1"
    backend.close()
    given.pop("region_name")
    with pytest.raises(Unavailable, match=r"region=eu-west-1"):
        made(url, **given).get("a:1")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sdb://", "one domain"),
        ("sdb://ab", "one domain"),
        ("sdb://a%20b%20c", "one domain"),
        ("sdb://one;two", "one domain"),
        ("sdb://domain/path", "one domain"),
        ("sdb://key:hunter2@domain", "aws_access_key"),
        ("sdb://domain?aws_access_key=hunter2", "go together"),
        ("sdb://domain?aws_secret_access_key=hunter2", "go together"),
        ("sdb://domain?aws_session_token=hunter2", "with both"),
        ("sdb://domain?endpoint_url=localhost:80", "no http"),
        ("sdb://domain?timeout=0", "timeout"),
        ("sdb://domain?regoin=x", "did you mean 'region'"),
    ],
)
def test_a_url_that_makes_no_sense_is_told_at_once(url: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=told) as raised:
        made(url)
    assert "hunter2" not in str(raised.value)


def test_the_old_names_still_work(own: SimpleDBBackend, own_server: SimpleDB) -> None:
    backend = made(
        f"simpledb://shared.domain?region=us-east-1&aws_access_key={ACCESS_KEY}"
        f"&aws_secret_access_key=a%2Fsecret%2Bof%3Dtests&endpoint_url={own_server.url}"
    )
    own_server.set(credentials={ACCESS_KEY: SECRET_KEY})
    own.set("a:1", b"1", None)
    assert backend.get("a:1") == b"1"
    backend.close()
    assert "tests" not in repr(backend)
    assert ACCESS_KEY not in repr(backend)


def test_no_secret_and_no_value_is_logged_or_told(
    own: SimpleDBBackend, own_server: SimpleDB, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    own_server.fail_next(1, "InternalError")
    with pytest.raises(OutcomeUnknown) as raised:
        own.set("a:1", b"secret value", None)
    for text in (caplog.text, str(raised.value), repr(raised.value.__cause__), repr(own)):
        assert SECRET_KEY not in text
        assert "c2VjcmV0" not in text
        assert "secret value" not in text


def test_a_deployment_check_warns_of_another_server(own: SimpleDBBackend) -> None:
    assert [message.id for message in own.check(deploy=True)] == ["django_kvstore.sdb.W001"]
    assert list(own.check()) == []
    assert list(made("sdb://domain?region=eu-west-1").check(deploy=True)) == []


def test_boto3_is_imported_with_the_first_call() -> None:
    program = (
        "import sys; from django_kvstore.url import StoreURL\n"
        "from django_kvstore.params import read_params\n"
        "from django_kvstore_sdb import SimpleDBBackend as B\n"
        "url = StoreURL.parse('sdb://domain?region=eu-west-1')\n"
        "b = B('a', url, read_params(B.params, url.params, where='it'))\n"
        "repr(b), list(b.check(deploy=True)), b.forked(), b.close()\n"
        "assert not {'boto3', 'botocore', 'urllib3'} & set(sys.modules)\n"
        "b._domain()\n"
        "assert 'boto3' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
