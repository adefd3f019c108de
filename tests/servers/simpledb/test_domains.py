"""The SimpleDB stand-in's domains: their names, their number, their list and their metadata."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from . import SimpleDB
from .client import connect, put, refused


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
    return connect(server)


def test_a_domain_is_made_listed_and_dropped(client: Any) -> None:
    assert client.list_domains().get("DomainNames", []) == []
    client.create_domain(DomainName="shop")
    assert client.list_domains()["DomainNames"] == ["shop"]
    client.delete_domain(DomainName="shop")
    assert client.list_domains().get("DomainNames", []) == []


def test_making_a_domain_again_leaves_its_items(client: Any) -> None:
    client.create_domain(DomainName="shop")
    put(client, "book", year="1959")
    client.create_domain(DomainName="shop")
    found = client.get_attributes(DomainName="shop", ItemName="book", ConsistentRead=True)
    assert found["Attributes"] == [{"Name": "year", "Value": "1959"}]


def test_a_domain_that_was_dropped_comes_back_empty(client: Any) -> None:
    client.create_domain(DomainName="shop")
    put(client, "book", year="1959")
    client.delete_domain(DomainName="shop")
    client.create_domain(DomainName="shop")
    found = client.get_attributes(DomainName="shop", ItemName="book", ConsistentRead=True)
    assert "Attributes" not in found


def test_dropping_what_is_not_there_is_success(client: Any) -> None:
    answer = client.delete_domain(DomainName="nowhere")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("name", ["abc", "A" * 255, "a.b-c_9"])
def test_names_that_are_domains(client: Any, name: str) -> None:
    client.create_domain(DomainName=name)
    assert client.list_domains()["DomainNames"] == [name]


@pytest.mark.parametrize("name", ["", "ab", "a" * 256, "a b", "käse", "a/b", "abc\n"])
def test_names_that_are_none(client: Any, name: str) -> None:
    with refused("InvalidParameterValue", 400):
        client.create_domain(DomainName=name)


def test_every_operation_on_a_domain_needs_it(client: Any) -> None:
    item = {"DomainName": "nowhere", "ItemName": "book"}
    pair = [{"Name": "year", "Value": "1959"}]
    items = [{"Name": "book", "Attributes": pair}]
    with refused("NoSuchDomain", 400):
        client.domain_metadata(DomainName="nowhere")
    with refused("NoSuchDomain", 400):
        client.get_attributes(**item)
    with refused("NoSuchDomain", 400):
        client.put_attributes(**item, Attributes=pair)
    with refused("NoSuchDomain", 400):
        client.delete_attributes(**item)
    with refused("NoSuchDomain", 400):
        client.batch_put_attributes(DomainName="nowhere", Items=items)
    with refused("NoSuchDomain", 400):
        client.batch_delete_attributes(DomainName="nowhere", Items=items)
    with refused("NoSuchDomain", 400):
        client.select(SelectExpression="select * from nowhere")


def test_an_operation_without_its_domain_or_item(client: Any) -> None:
    with refused("MissingParameter", 400) as caught:
        client.get_attributes(ItemName="book")
    assert "DomainName" in caught.message
    client.create_domain(DomainName="shop")
    with refused("MissingParameter", 400) as caught:
        client.get_attributes(DomainName="shop")
    assert "ItemName" in caught.message


def test_two_hundred_and_fifty_domains_and_no_more(client: Any) -> None:
    for number in range(250):
        client.create_domain(DomainName=f"domain{number}")
    with refused("NumberDomainsExceeded", 409):
        client.create_domain(DomainName="onemore")
    client.create_domain(DomainName="domain7")
    client.delete_domain(DomainName="domain7")
    client.create_domain(DomainName="onemore")

    pages = list(client.get_paginator("list_domains").paginate())
    assert [len(page["DomainNames"]) for page in pages] == [100, 100, 50]
    listed = [name for page in pages for name in page["DomainNames"]]
    assert sorted(listed) == sorted({*(f"domain{n}" for n in range(250) if n != 7), "onemore"})


def test_the_list_in_pages(client: Any) -> None:
    for name in ("aaa", "bbb", "ccc"):
        client.create_domain(DomainName=name)
    first = client.list_domains(MaxNumberOfDomains=2)
    assert first["DomainNames"] == ["aaa", "bbb"]
    second = client.list_domains(MaxNumberOfDomains=2, NextToken=first["NextToken"])
    assert second["DomainNames"] == ["ccc"]
    assert "NextToken" not in second
    with refused("InvalidNextToken", 400):
        client.list_domains(NextToken="made up!")


@pytest.mark.parametrize("number", [0, 101, -1])
def test_pages_of_the_list_have_1_to_100_names(client: Any, number: int) -> None:
    with refused("InvalidParameterValue", 400):
        client.list_domains(MaxNumberOfDomains=number)


def test_metadata_counts_names_values_and_bytes(server: SimpleDB, client: Any) -> None:
    client.create_domain(DomainName="shop")
    put(client, "kä", year={"1959", "1960"}, title="x")
    put(client, "b", year="19")
    server.settle()
    found = client.domain_metadata(DomainName="shop")
    del found["ResponseMetadata"]
    assert abs(found.pop("Timestamp") - time.time()) < 60
    assert found == {
        "ItemCount": 2,
        "ItemNamesSizeBytes": 4,
        "AttributeNameCount": 2,
        "AttributeNamesSizeBytes": 9,
        "AttributeValueCount": 4,
        "AttributeValuesSizeBytes": 11,
    }


def test_metadata_lags_behind(server: SimpleDB, client: Any) -> None:
    client.create_domain(DomainName="shop")
    put(client, "book", year="1959")
    assert client.domain_metadata(DomainName="shop")["ItemCount"] == 0
    server.set(lag=False)
    assert client.domain_metadata(DomainName="shop")["ItemCount"] == 1


def test_a_domain_is_full_by_attributes(server: SimpleDB, client: Any) -> None:
    client.create_domain(DomainName="shop")
    server.set(domain_pairs=3)
    put(client, "book", year={"1", "2"}, title="t")
    with refused("NumberDomainAttributesExceeded", 409):
        put(client, "other", year="1")
    put(client, "book", title="another")
    client.delete_attributes(DomainName="shop", ItemName="book")
    put(client, "other", year={"1", "2", "3"})


def test_a_domain_is_full_by_bytes(server: SimpleDB, client: Any) -> None:
    client.create_domain(DomainName="shop")
    server.set(domain_bytes=20)
    put(client, "book", year="1959")
    with refused("NumberDomainBytesExceeded", 409):
        put(client, "other", year="1959")
    put(client, "book", year="1960")
    client.delete_attributes(DomainName="shop", ItemName="book")
    put(client, "other", year="1959")
