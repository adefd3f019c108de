"""What is an expression of the SimpleDB stand-in's Select: its quotes, its limits, its errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import SimpleDB
from .client import connect, names, put, refused


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with SimpleDB() as server:
        client = connect(server)
        client.create_domain(DomainName="mydomain")
        put(client, "new", {"Year": "2007"}, domain="mydomain")
        put(client, "old", {"Year": "1959"}, domain="mydomain")
        yield client


def where(client: Any, condition: str) -> set[str]:
    return set(names(client, f"select * from mydomain where {condition}"))


class TestQuoting:
    def test_any_name_between_backticks(self, client: Any) -> None:
        client.create_domain(DomainName="my-domain.x")
        put(client, "i", {"abc`123": "1", "order": "2", "'\"": "3"}, domain="my-domain.x")
        found = "select `order` from `my-domain.x` where `abc``123` = '1' and `'\"` = '3'"
        assert names(client, found) == ["i"]

    def test_any_value_in_either_quotes(self, client: Any) -> None:
        client.create_domain(DomainName="quoting")
        for name in ("'", '"', "''", "a'b", "`", "%", "\\", "a\nb", " "):
            put(client, name, domain="quoting", x=name)
            for quote in "'\"":
                text = name.replace(quote, quote * 2)
                found = f"select * from quoting where itemName() = {quote}{text}{quote}"
                assert names(client, found) == [name]
                assert names(client, found.replace("itemName()", "x")) == [name]

    def test_a_percent_sign_that_is_no_wildcard(self, client: Any) -> None:
        client.create_domain(DomainName="percent")
        for name in ("100%", "100x", "100%x", "x100%"):
            put(client, name, domain="percent", x=name)
        like = "select * from percent where itemName() like"
        assert set(names(client, rf"{like} '100\%%'")) == {"100%", "100%x"}
        assert set(names(client, rf"{like} '%100\%'")) == {"100%", "x100%"}
        assert set(names(client, f"{like} '100%'")) == {"100%", "100x", "100%x"}


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "select",
        "select *",
        "select * from",
        "select * mydomain",
        "select from mydomain",
        "delete from mydomain",
        "select * from mydomain where",
        "select * from mydomain where Year",
        "select * from mydomain where Year = ",
        "select * from mydomain where Year = 1979",
        "select * from mydomain where Year = Title",
        "select * from mydomain where Year = `1979`",
        "select * from mydomain where '1979' = Year",
        "select * from mydomain where Year == '1979'",
        "select * from mydomain where Year <> '1979'",
        "select * from mydomain where Year = '1979",
        "select * from mydomain where Title = 'Heaven's'",
        "select * from mydomain where Year = '1979' and",
        "select * from mydomain where (Year = '1979'",
        "select * from mydomain where Year = '1979')",
        "select * from mydomain where Year in ()",
        "select * from mydomain where Year in '1979'",
        "select * from mydomain where Year between '1' or '2'",
        "select * from mydomain where Year like 'a%b'",
        "select * from mydomain where Year is '1979'",
        "select * from mydomain where every(itemName()) = '1'",
        "select * from mydomain where order = '1'",
        "select * from mydomain where Null = '1'",
        "select * from my-domain",
        "select * from 9domain",
        "select * from 'mydomain'",
        "select *, Year from mydomain",
        "select count(Year) from mydomain",
        "select * from mydomain limit",
        "select * from mydomain limit 0",
        "select * from mydomain limit 2501",
        "select * from mydomain limit -1",
        "select * from mydomain limit '5'",
        "select * from mydomain limit 5 where Year = '1'",
        "select * from mydomain where Year > '1' limit 5 order by Year",
        "select * from mydomain where Year > '1' order Year",
        "select * from mydomain where Year > '1' order by Year, Title",
        "select * from mydomain; select * from mydomain",
    ],
)
def test_what_is_no_expression(client: Any, expression: str) -> None:
    with refused("InvalidQueryExpression", 400):
        names(client, expression)


class TestLimits:
    def test_20_comparisons_of_one_attribute(self, client: Any) -> None:
        years = [f"'{year}'" for year in range(1990, 2011)]
        inside = ", ".join(years[:20])
        assert where(client, f"Year in ({inside})") == {"new"}
        with refused("InvalidNumberValueTests", 400):
            where(client, f"Year in ({', '.join(years)})")
        with refused("InvalidNumberValueTests", 400):
            where(client, " or ".join(f"Year = {year}" for year in years))
        with refused("InvalidNumberValueTests", 400):
            where(client, " or ".join(["Year between '1' and '2'"] * 11))

    def test_20_comparisons_of_all_attributes(self, client: Any) -> None:
        tests = [f"a{number} = '1'" for number in range(20)]
        assert where(client, " or ".join(tests)) == set()
        with refused("InvalidNumberPredicates", 400):
            where(client, " or ".join([*tests, "more is null"]))
        with refused("InvalidNumberPredicates", 400):
            where(client, " or ".join([*tests, "a1 = '2'"]))

    def test_an_expression_is_needed(self, client: Any) -> None:
        with refused("MissingParameter", 400):
            client.select()
