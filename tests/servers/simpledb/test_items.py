"""The SimpleDB stand-in's items: what is put, got and deleted, and its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import SimpleDB
from .client import connect, get, put, refused, values

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


def pair(name: str, value: str, replace: bool = True) -> dict[str, Any]:
    return {"Name": name, "Value": value, "Replace": replace}


class TestPut:
    def test_adds_values_to_a_set(self, client: Any) -> None:
        put(client, "book", replace=False, rating="****")
        put(client, "book", replace=False, rating={"4 stars", "****"})
        assert get(client, "book") == {"rating": {"****", "4 stars"}}

    def test_replaces_only_the_names_it_says(self, client: Any) -> None:
        put(client, "book", a="1", b={"2", "3"})
        client.put_attributes(**ITEM, Attributes=[pair("b", "4"), pair("a", "5", replace=False)])
        assert get(client, "book") == {"a": {"1", "5"}, "b": "4"}

    def test_replaces_a_name_by_all_the_values_given(self, client: Any) -> None:
        put(client, "book", b={"1", "2"})
        client.put_attributes(**ITEM, Attributes=[pair("b", "3"), pair("b", "4", replace=False)])
        assert get(client, "book") == {"b": {"3", "4"}}

    def test_leaves_old_attributes_of_other_names_behind(self, client: Any) -> None:
        put(client, "book", part0="old", part1="old")
        put(client, "book", part0="new")
        assert get(client, "book") == {"part0": "new", "part1": "old"}

    @pytest.mark.parametrize("text", ["", " ", " a ", "a\tb\n", "é€😀", "<&>\"']]>", "%25+", "\\"])
    def test_values_come_back_as_they_were(self, client: Any, text: str) -> None:
        put(client, "book", value=text)
        assert get(client, "book") == {"value": text}

    def test_names_come_back_as_they_were(self, client: Any) -> None:
        for name in (" ", "a", "A", "a ", "é", "e\u0301", "`'\"", "😀"):
            client.put_attributes(DomainName="shop", ItemName=name, Attributes=[pair(name, name)])
        for name in (" ", "a", "A", "a ", "é", "e\u0301", "`'\"", "😀"):
            assert get(client, name) == {name: name}

    def test_a_carriage_return_comes_back_as_a_line_feed(self, client: Any) -> None:
        put(client, "book", value="a\rb\r\nc")
        assert get(client, "book") == {"value": "a\nb\nc"}

    def test_no_attributes(self, client: Any) -> None:
        with refused("MissingParameter", 400):
            client.put_attributes(**ITEM, Attributes=[])
        with refused("MissingParameter", 400):
            client.put_attributes(**ITEM, Attributes=[{"Name": "a"}])
        with refused("MissingParameter", 400):
            client.put_attributes(**ITEM, Attributes=[{"Value": "a"}])


class TestGet:
    def test_a_miss_is_an_empty_answer(self, client: Any) -> None:
        answer = client.get_attributes(**ITEM, ConsistentRead=True)
        assert "Attributes" not in answer
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200

    def test_chosen_attributes_only(self, client: Any) -> None:
        put(client, "book", a="1", b={"2", "3"}, c="4")
        answer = client.get_attributes(**ITEM, AttributeNames=["b", "none"], ConsistentRead=True)
        assert values(answer["Attributes"]) == {"b": {"2", "3"}}

    def test_the_attributes_come_in_no_order(self, client: Any) -> None:
        names = [f"part{number:03}" for number in range(40)]
        put(client, "book", dict.fromkeys(names, "x"))
        answer = client.get_attributes(**ITEM, ConsistentRead=True)
        found = [attribute["Name"] for attribute in answer["Attributes"]]
        assert sorted(found) == names
        assert found != names


class TestDelete:
    def test_a_whole_item(self, client: Any) -> None:
        put(client, "book", a="1", b="2")
        client.delete_attributes(**ITEM)
        assert get(client, "book") == {}

    def test_a_pair_an_attribute_and_the_last_of_an_item(
        self, server: SimpleDB, client: Any
    ) -> None:
        put(client, "book", a={"1", "2"}, b={"3", "4"})
        client.delete_attributes(**ITEM, Attributes=[{"Name": "a", "Value": "1"}])
        assert get(client, "book") == {"a": "2", "b": {"3", "4"}}
        client.delete_attributes(**ITEM, Attributes=[{"Name": "b"}])
        assert get(client, "book") == {"a": "2"}
        client.delete_attributes(**ITEM, Attributes=[{"Name": "a", "Value": "2"}])
        server.settle()
        assert client.domain_metadata(DomainName="shop")["ItemCount"] == 0
        selected = client.select(SelectExpression="select * from shop", ConsistentRead=True)
        assert "Items" not in selected

    def test_what_is_missing_is_success(self, client: Any) -> None:
        client.delete_attributes(**ITEM)
        client.delete_attributes(**ITEM, Attributes=[{"Name": "a", "Value": "1"}])
        put(client, "book", a="1")
        client.delete_attributes(**ITEM, Attributes=[{"Name": "a", "Value": "2"}, {"Name": "b"}])
        assert get(client, "book") == {"a": "1"}


class TestLimits:
    @pytest.mark.parametrize("text", ["x" * 1024, "é" * 512, "😀" * 256])
    def test_1024_bytes_of_anything(self, client: Any, text: str) -> None:
        client.put_attributes(DomainName="shop", ItemName=text, Attributes=[pair(text, text)])
        assert get(client, text) == {text: text}

    @pytest.mark.parametrize("text", ["x" * 1025, "é" * 512 + "x", "😀" * 257])
    def test_and_no_more(self, client: Any, text: str) -> None:
        with refused("InvalidParameterValue", 400):
            client.put_attributes(DomainName="shop", ItemName=text, Attributes=[pair("a", "b")])
        with refused("InvalidParameterValue", 400):
            client.put_attributes(**ITEM, Attributes=[pair(text, "b")])
        with refused("InvalidParameterValue", 400):
            client.put_attributes(**ITEM, Attributes=[pair("a", text)])
        with refused("InvalidParameterValue", 400):
            client.get_attributes(DomainName="shop", ItemName=text)
        with refused("InvalidParameterValue", 400):
            client.delete_attributes(DomainName="shop", ItemName=text)
        with refused("InvalidParameterValue", 400):
            expected = {"Name": "a", "Value": text}
            client.put_attributes(**ITEM, Attributes=[pair("a", "b")], Expected=expected)

    def test_empty_names(self, client: Any) -> None:
        with refused("InvalidParameterValue", 400):
            client.put_attributes(DomainName="shop", ItemName="", Attributes=[pair("a", "b")])
        with refused("InvalidParameterValue", 400):
            client.put_attributes(**ITEM, Attributes=[pair("", "b")])
        with refused("InvalidParameterValue", 400):
            client.get_attributes(DomainName="shop", ItemName="")
        with refused("InvalidParameterValue", 400):
            client.get_attributes(**ITEM, AttributeNames=[""])

    @pytest.mark.parametrize(
        "mark", ["\0", "\x01", "\x0b", "\x1f", "\x7f", "\x86", "\ufffe", "\U0001ffff"]
    )
    def test_characters_that_xml_does_not_allow(self, client: Any, mark: str) -> None:
        with refused("InvalidParameterValue", 400):
            put(client, "book", value=f"a{mark}b")
        with refused("InvalidParameterValue", 400):
            put(client, f"a{mark}b", value="x")
        assert get(client, "book") == {}

    def test_or_they_are_stored_and_answered_in_base64(self, server: SimpleDB, client: Any) -> None:
        server.set(encode_restricted=True)
        put(client, "book", value="a\0b")
        assert get(client, "book") == {"value": "YQBi"}

    def test_256_pairs_a_call(self, client: Any) -> None:
        many = [pair("a", str(number)) for number in range(257)]
        with refused("NumberSubmittedAttributesExceeded", 409):
            client.put_attributes(**ITEM, Attributes=many)
        assert get(client, "book") == {}
        client.put_attributes(**ITEM, Attributes=many[:256])
        assert len(get(client, "book")["a"]) == 256

    def test_256_pairs_a_delete(self, client: Any) -> None:
        put(client, "book", b="1")
        many = [{"Name": "a", "Value": str(number)} for number in range(256)]
        with refused("NumberSubmittedAttributesExceeded", 409):
            client.delete_attributes(**ITEM, Attributes=[*many, {"Name": "b"}])
        assert get(client, "book") == {"b": "1"}
        client.delete_attributes(**ITEM, Attributes=[*many[1:], {"Name": "b"}])
        assert get(client, "book") == {}

    def test_256_pairs_an_item(self, client: Any) -> None:
        many = [pair("a", str(number)) for number in range(256)]
        client.put_attributes(**ITEM, Attributes=many)
        with refused("NumberItemAttributesExceeded", 409):
            put(client, "book", b="1")
        assert len(get(client, "book")["a"]) == 256
        put(client, "book", replace=False, a="7")
        put(client, "book", a="new")
        assert get(client, "book") == {"a": "new"}
