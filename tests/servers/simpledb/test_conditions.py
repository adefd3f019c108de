"""The SimpleDB stand-in's conditions: what Expected lets through, and which error it is else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import SimpleDB
from .client import connect, get, put, refused

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
    return client


def pair(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Value": value, "Replace": True}


def put_if(client: Any, expected: dict[str, Any], *attributes: dict[str, Any]) -> None:
    given = list(attributes) or [pair("version", "2")]
    client.put_attributes(**ITEM, Attributes=given, Expected=expected)


def test_the_value_must_be_there(client: Any) -> None:
    put(client, "book", version="1")
    put_if(client, {"Name": "version", "Value": "1"})
    assert get(client, "book") == {"version": "2"}
    with refused("ConditionalCheckFailed", 409) as caught:
        put_if(client, {"Name": "version", "Value": "1", "Exists": True}, pair("version", "3"))
    assert "(version)" in caught.message
    assert "(2)" in caught.message
    assert get(client, "book") == {"version": "2"}


def test_the_attribute_must_be_there(client: Any) -> None:
    with refused("AttributeDoesNotExist", 404):
        put_if(client, {"Name": "version", "Value": "1"})
    put(client, "book", other="1")
    with refused("AttributeDoesNotExist", 404):
        put_if(client, {"Name": "version", "Value": "1"})
    assert get(client, "book") == {"other": "1"}


def test_the_attribute_must_not_be_there(client: Any) -> None:
    absent = {"Name": "version", "Exists": False}
    put_if(client, absent)
    assert get(client, "book") == {"version": "2"}
    with refused("ConditionalCheckFailed", 409):
        put_if(client, absent, pair("version", "3"))
    assert get(client, "book") == {"version": "2"}


def test_one_value_only(client: Any) -> None:
    put(client, "book", version={"1", "2"})
    with refused("MultiValuedAttribute", 409):
        put_if(client, {"Name": "version", "Value": "1"})
    with refused("ConditionalCheckFailed", 409):
        put_if(client, {"Name": "version", "Exists": False})


def test_an_empty_value_is_a_value(client: Any) -> None:
    put(client, "book", version="")
    put_if(client, {"Name": "version", "Value": ""})
    assert get(client, "book") == {"version": "2"}


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"Name": "a", "Value": "1", "Exists": False}, "ExistsAndExpectedValue"),
        ({"Name": "a", "Exists": True}, "IncompleteExpectedExpression"),
        ({"Name": "a"}, "IncompleteExpectedExpression"),
        ({"Value": "1"}, "MissingParameter"),
        ({"Exists": False}, "MissingParameter"),
        ({"Name": "", "Value": "1"}, "InvalidParameterValue"),
    ],
)
def test_half_a_condition(client: Any, expected: dict[str, Any], code: str) -> None:
    put(client, "book", a="1")
    with refused(code, 400):
        put_if(client, expected)
    with refused(code, 400):
        client.delete_attributes(**ITEM, Expected=expected)
    assert get(client, "book") == {"a": "1"}


def test_conditions_counted_as_the_guide_counts_them(client: Any) -> None:
    put(client, "book", a="1", b="2")

    def count(params: dict[str, Any], **_: Any) -> None:
        body = dict(params["body"])
        for number, name in enumerate(wanted, 1):
            body[f"Expected.{number}.Name"], body[f"Expected.{number}.Value"] = name, "1"
        params["body"] = body

    client.meta.events.register("before-call.sdb.DeleteAttributes", count)
    wanted = ["a", "b"]
    with refused("MultipleExpectedNames", 400):
        client.delete_attributes(**ITEM)
    wanted = ["b"]
    with refused("ConditionalCheckFailed", 409):
        client.delete_attributes(**ITEM)
    wanted = ["a"]
    client.delete_attributes(**ITEM)
    assert get(client, "book") == {}


def test_a_condition_does_not_read_the_replica_that_lags(client: Any) -> None:
    put(client, "book", version="1")
    put(client, "book", version="2")
    with refused("ConditionalCheckFailed", 409):
        put_if(client, {"Name": "version", "Value": "1"}, pair("version", "3"))
    put_if(client, {"Name": "version", "Value": "2"}, pair("version", "3"))


def test_deletes_take_conditions_too(client: Any) -> None:
    put(client, "book", version="1", a="1")
    with refused("ConditionalCheckFailed", 409):
        client.delete_attributes(**ITEM, Expected={"Name": "version", "Value": "2"})
    with refused("AttributeDoesNotExist", 404):
        client.delete_attributes(**ITEM, Expected={"Name": "none", "Value": "2"})
    assert get(client, "book") == {"version": "1", "a": "1"}
    client.delete_attributes(**ITEM, Expected={"Name": "version", "Value": "1"})
    assert get(client, "book") == {}
    with refused("AttributeDoesNotExist", 404):
        client.delete_attributes(**ITEM, Expected={"Name": "version", "Value": "1"})


def test_writes_without_a_condition_are_counted(server: SimpleDB, client: Any) -> None:
    put_if(client, {"Name": "version", "Exists": False})
    client.delete_attributes(**ITEM, Expected={"Name": "version", "Value": "2"})
    assert server.unconditional() == {}
    put(client, "book", a="1")
    client.delete_attributes(**ITEM)
    assert server.unconditional() == {"PutAttributes": 1, "DeleteAttributes": 1}
