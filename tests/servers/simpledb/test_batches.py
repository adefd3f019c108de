"""The SimpleDB stand-in's batches: 25 items, 1 MB, all or nothing, and no conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import SimpleDB
from .client import connect, get, put, refused


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


def item(name: str, *pairs: tuple[str, str], replace: bool = True) -> dict[str, Any]:
    attributes = [{"Name": key, "Value": value, "Replace": replace} for key, value in pairs]
    return {"Name": name, "Attributes": attributes}


def put_all(client: Any, *items: dict[str, Any], **options: Any) -> None:
    client.batch_put_attributes(DomainName="shop", Items=list(items), **options)


def delete_all(client: Any, *items: dict[str, Any]) -> None:
    client.batch_delete_attributes(DomainName="shop", Items=list(items))


def count(client: Any) -> int:
    answer = client.select(SelectExpression="select count(*) from shop", ConsistentRead=True)
    return int(answer["Items"][0]["Attributes"][0]["Value"])


def test_puts_into_several_items(client: Any) -> None:
    put(client, "a", x="0", y="0")
    put_all(client, item("a", ("x", "1")), item("b", ("x", "2"), ("x", "3")))
    assert get(client, "a") == {"x": "1", "y": "0"}
    assert get(client, "b") == {"x": {"2", "3"}}


def test_adds_values_when_it_does_not_replace(client: Any) -> None:
    put(client, "a", x="0")
    put_all(client, item("a", ("x", "1"), replace=False))
    assert get(client, "a") == {"x": {"0", "1"}}


def test_deletes_items_attributes_and_pairs(client: Any) -> None:
    for name in "abc":
        put(client, name, x={"1", "2"}, y="3")
    delete_all(
        client,
        {"Name": "a"},
        {"Name": "b", "Attributes": [{"Name": "x", "Value": "1"}]},
        {"Name": "c", "Attributes": [{"Name": "x"}]},
        {"Name": "never"},
    )
    assert get(client, "a") == {}
    assert get(client, "b") == {"x": "2", "y": "3"}
    assert get(client, "c") == {"y": "3"}


def test_25_items_and_no_more(client: Any) -> None:
    items = [item(f"i{number}", ("x", "1")) for number in range(26)]
    with refused("NumberSubmittedItemsExceeded", 409):
        put_all(client, *items)
    assert count(client) == 0
    put_all(client, *items[:25])
    assert count(client) == 25
    put(client, "i25", x="1")
    with refused("NumberSubmittedItemsExceeded", 409):
        delete_all(client, *({"Name": f"i{number}"} for number in range(26)))
    assert count(client) == 26
    delete_all(client, *({"Name": f"i{number}"} for number in range(25)))
    assert count(client) == 1


def test_an_item_twice(client: Any) -> None:
    with refused("DuplicateItemName", 400):
        put_all(client, item("a", ("x", "1")), item("b", ("x", "1")), item("a", ("y", "1")))
    assert count(client) == 0
    put(client, "a", x="1")
    with refused("DuplicateItemName", 400):
        delete_all(client, {"Name": "a"}, {"Name": "a"})
    assert count(client) == 1


def test_one_bad_item_spoils_all(client: Any) -> None:
    with refused("InvalidParameterValue", 400):
        put_all(client, item("a", ("x", "1")), item("b", ("x", "v" * 1025)))
    with refused("InvalidParameterValue", 400):
        put_all(client, item("a", ("x", "1")), item("", ("x", "1")))
    with refused("MissingParameter", 400):
        put_all(client, item("a", ("x", "1")), item("b"))
    with refused("MissingParameter", 400):
        put_all(client)
    many = [("x", str(number)) for number in range(257)]
    with refused("NumberSubmittedAttributesExceeded", 409):
        put_all(client, item("a", ("x", "1")), item("b", *many))
    put(client, "full", {f"a{number}": "1" for number in range(256)})
    with refused("NumberItemAttributesExceeded", 409):
        put_all(client, item("a", ("x", "1")), item("full", ("x", "1")))
    assert get(client, "a") == {}
    assert count(client) == 1


def test_256_attributes_for_each_item(client: Any) -> None:
    many = [("x", str(number)) for number in range(256)]
    put_all(client, *(item(f"i{number}", *many) for number in range(25)))
    assert len(get(client, "i24")["x"]) == 256


def test_one_megabyte_as_it_is_sent(client: Any) -> None:
    def items(fill: str) -> list[dict[str, Any]]:
        pairs = [(f"{number:02}", fill * 1000) for number in range(38)]
        return [item(f"i{number}", *pairs) for number in range(25)]

    with refused("RequestEntityTooLarge", 413):
        put_all(client, *items("x"))
    assert count(client) == 0
    put_all(client, *items("x")[:24])
    assert count(client) == 24
    # What a form has to escape counts three times.
    with refused("RequestEntityTooLarge", 413):
        put_all(client, *items("+")[:9])
    # A put of one item has no such limit.
    attributes = [{"Name": str(n), "Value": "é" * 512} for n in range(256)]
    client.put_attributes(DomainName="shop", ItemName="one", Attributes=attributes)


@pytest.mark.parametrize("where", ["Expected", "Item.1.Expected"])
def test_no_conditions(server: SimpleDB, client: Any, where: str) -> None:
    def add(params: dict[str, Any], **_: Any) -> None:
        params["body"] = {**params["body"], f"{where}.Name": "x", f"{where}.Exists": "false"}

    client.meta.events.register("before-call.sdb", add)
    with refused("InvalidParameterCombination", 400):
        put_all(client, item("a", ("x", "1")))
    with refused("InvalidParameterCombination", 400):
        delete_all(client, {"Name": "a"})
    client.meta.events.unregister("before-call.sdb", add)
    assert get(client, "a") == {}
    put_all(client, item("a", ("x", "1")))
    delete_all(client, {"Name": "a"})
    assert server.unconditional() == {"BatchPutAttributes": 1, "BatchDeleteAttributes": 1}
