"""The SimpleDB stand-in's pages of a Select: sizes, tokens, empty pages and partial counts."""

from __future__ import annotations

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
    client = connect(server)
    client.create_domain(DomainName="shop")
    return client


def fill(client: Any, number: int, value: str = "1") -> list[str]:
    wanted = [f"i{index:05}" for index in range(number)]
    for start in range(0, number, 25):
        items = [
            {"Name": name, "Attributes": [{"Name": "x", "Value": value}]}
            for name in wanted[start : start + 25]
        ]
        client.batch_put_attributes(DomainName="shop", Items=items)
    return wanted


def pages(client: Any, expression: str) -> list[list[str]]:
    """The names of every page, empty ones included, the way botocore's paginator walks them."""
    walk = client.get_paginator("select").paginate(SelectExpression=expression, ConsistentRead=True)
    return [[item["Name"] for item in page.get("Items", [])] for page in walk]


def counts(client: Any, expression: str) -> list[list[int]]:
    """The counts of every page; a page that counted nothing may have no item at all."""
    walk = client.get_paginator("select").paginate(SelectExpression=expression, ConsistentRead=True)
    return [
        [int(item["Attributes"][0]["Value"]) for item in page.get("Items", [])] for page in walk
    ]


def flat(lists: list[list[Any]]) -> list[Any]:
    return [entry for page in lists for entry in page]


SORTED = "select itemName() from shop where itemName() is not null order by itemName()"


class TestSize:
    def test_100_items_unless_a_limit_is_given(self, client: Any) -> None:
        wanted = fill(client, 230)
        found = pages(client, SORTED)
        assert [len(page) for page in found] == [100, 100, 30]
        assert flat(found) == wanted
        assert [len(page) for page in pages(client, f"{SORTED} limit 90")] == [90, 90, 50]
        assert [len(page) for page in pages(client, f"{SORTED} limit 2500")] == [230]

    def test_a_limit_of_all_there_is_needs_no_second_page(self, client: Any) -> None:
        fill(client, 5)
        assert [len(page) for page in pages(client, f"{SORTED} limit 5")] == [5]

    def test_2500_items(self, client: Any) -> None:
        fill(client, 2510)
        found = pages(client, "select itemName() from shop limit 2500")
        assert [len(page) for page in found] == [2500, 10]
        assert len(set(flat(found))) == 2510

    def test_one_megabyte(self, client: Any) -> None:
        value = [{"Name": f"part{index}", "Value": "x" * 1000} for index in range(100)]
        for number in range(25):
            client.put_attributes(DomainName="shop", ItemName=f"i{number:02}", Attributes=value)
        found = pages(client, "select * from shop limit 2500")
        assert [len(page) for page in found] == [9, 9, 7]
        assert len(set(flat(found))) == 25
        assert [len(page) for page in pages(client, "select itemName() from shop")] == [25]

    def test_what_the_condition_leaves_over_may_be_an_empty_page(self, client: Any) -> None:
        put(client, "a", x="1")
        put(client, "b", x="2")
        found = pages(client, "select * from shop where itemName() > '' and x = '1' limit 1")
        assert flat(found) == ["a"]
        condition = "x = '1' and itemName() is not null order by itemName()"
        assert pages(client, f"select * from shop where {condition} limit 1") == [["a"], []]


class TestKnobs:
    def test_small_pages(self, server: SimpleDB, client: Any) -> None:
        wanted = fill(client, 7)
        server.set(page_items=3)
        assert [len(page) for page in pages(client, SORTED)] == [3, 3, 1]
        assert flat(pages(client, SORTED)) == wanted
        assert counts(client, "select count(*) from shop") == [[3], [3], [1]]

    def test_empty_pages(self, server: SimpleDB, client: Any) -> None:
        wanted = fill(client, 4)
        server.set(empty_pages=2, page_items=2)
        assert pages(client, SORTED) == [[], [], wanted[:2], [], [], wanted[2:]]

    def test_partial_counts_some_with_no_item(self, server: SimpleDB, client: Any) -> None:
        fill(client, 4)
        server.set(empty_pages=2, page_items=3)
        found = counts(client, "select count(*) from shop")
        assert found == [[0], [], [3], [0], [], [1]]
        assert sum(flat(found)) == 4

    def test_a_walk_that_runs_out_of_time(self, server: SimpleDB, client: Any) -> None:
        wanted = fill(client, 6)
        put(client, wanted[4], x="2")
        server.set(scan_items=2)
        condition = "x = '2' and itemName() is not null order by itemName()"
        assert pages(client, f"select * from shop where {condition}") == [[], [], [wanted[4]]]
        assert counts(client, "select count(*) from shop where x = '2'")[-1] != []
        assert sum(flat(counts(client, "select count(*) from shop where x = '2'"))) == 1
        assert len(counts(client, "select count(*) from shop where x = '2'")) == 3

    def test_time_that_is_up_at_once(self, server: SimpleDB, client: Any) -> None:
        wanted = fill(client, 3)
        server.set(select_seconds=-1)
        assert pages(client, SORTED) == [[name] for name in wanted]


class TestCount:
    def test_neither_default_nor_maximum_applies(self, client: Any) -> None:
        fill(client, 2510)
        assert counts(client, "select count(*) from shop") == [[2510]]
        assert counts(client, "select count(*) from shop limit 2505") == [[2505], [5]]

    def test_a_limit_counts_so_many_and_gives_a_token(self, client: Any) -> None:
        fill(client, 5)
        answer = client.select(
            SelectExpression="select count(*) from shop limit 2", ConsistentRead=True
        )
        assert answer["Items"][0]["Attributes"] == [{"Name": "Count", "Value": "2"}]
        assert answer["NextToken"]

    def test_nothing(self, client: Any) -> None:
        assert counts(client, "select count(*) from shop") == [[0]]


class TestToken:
    def first(self, client: Any, expression: str) -> str:
        answer = client.select(SelectExpression=expression, ConsistentRead=True)
        return str(answer["NextToken"])

    def test_belongs_to_its_condition_and_order(self, client: Any) -> None:
        fill(client, 5)
        client.create_domain(DomainName="other")
        token = self.first(client, "select * from shop where x = '1' order by x limit 2")
        for other in (
            "select * from shop where x = '2' order by x limit 2",
            "select * from shop where x = '1' order by x desc limit 2",
            "select * from shop where x = '1' limit 2",
            "select * from other where x = '1' order by x limit 2",
        ):
            with refused("InvalidNextToken", 400):
                client.select(SelectExpression=other, NextToken=token, ConsistentRead=True)

    def test_goes_on_with_another_output_or_limit(self, client: Any) -> None:
        wanted = fill(client, 9)
        token = self.first(client, SORTED.replace("itemName()", "count(*)", 1) + " limit 4")
        answer = client.select(SelectExpression=SORTED, NextToken=token, ConsistentRead=True)
        assert [item["Name"] for item in answer["Items"]] == wanted[4:]

    @pytest.mark.parametrize("token", ["made up", "AAAA", "W10=", "é", "bnVsbA=="])
    def test_made_up(self, client: Any, token: str) -> None:
        with refused("InvalidNextToken", 400):
            client.select(SelectExpression=SORTED, NextToken=token)

    @pytest.mark.parametrize(
        "expression", [SORTED, f"{SORTED} desc", "select * from shop", "select x from shop"]
    )
    def test_writes_during_a_walk_neither_hide_nor_repeat_the_others(
        self, client: Any, expression: str
    ) -> None:
        wanted = fill(client, 40)
        walk = client.get_paginator("select").paginate(
            SelectExpression=f"{expression} limit 3", ConsistentRead=True
        )
        found: list[str] = []
        for number, page in enumerate(walk):
            found += [item["Name"] for item in page["Items"]]
            put(client, f"new{number}", x="1")
            put(client, f"i0{number}new", x="1")
            for name in found[-2:]:
                if name in wanted:
                    client.delete_attributes(DomainName="shop", ItemName=name)
        assert sorted(name for name in found if name in wanted) == wanted

    @pytest.mark.parametrize("direction", ["asc", "desc"])
    def test_walks_by_an_attribute_whose_values_repeat(self, client: Any, direction: str) -> None:
        for number in range(20):
            put(client, f"i{number:02}", x=str(number // 7))
        ordered = f"select * from shop where x is not null order by x {direction} limit 3"
        found = flat(pages(client, ordered))
        assert found == [
            f"i{number:02}" for number in sorted(range(20), reverse=direction == "desc")
        ]
