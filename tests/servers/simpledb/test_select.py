"""The SimpleDB stand-in's Select language, on the guide's own sample of books, CDs and DVDs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import SimpleDB
from .client import connect, names, put, refused, values

# The facts of the Developer Guide's "Sample Query Data Set".
SIRENS, TROPIC, STUFF = "0385333498", "0802131786", "1579124585"
BETWEEN, HUNDREDS, HEAVEN = "B000T9886K", "B00005JPLW", "B000SF3NGK"
SAMPLE: dict[str, dict[str, Any]] = {
    SIRENS: {
        "Title": "The Sirens of Titan",
        "Author": "Kurt Vonnegut",
        "Year": "1959",
        "Pages": "00336",
        "Keyword": {"Book", "Paperback"},
        "Rating": {"*****", "5 stars", "Excellent"},
    },
    TROPIC: {
        "Title": "Tropic of Cancer",
        "Author": "Henry Miller",
        "Year": "1934",
        "Pages": "00318",
        "Keyword": "Book",
        "Rating": "****",
    },
    STUFF: {
        "Title": "The Right Stuff",
        "Author": "Tom Wolfe",
        "Year": "1979",
        "Pages": "00304",
        "Keyword": {"Book", "Hardcover", "American"},
        "Rating": {"****", "4 stars"},
    },
    BETWEEN: {
        "Title": "In Between",
        "Author": "Paul Van Dyk",
        "Year": "2007",
        "Keyword": {"CD", "Trance"},
        "Rating": "4 stars",
    },
    HUNDREDS: {
        "Title": "300",
        "Author": "Zack Snyder",
        "Year": "2007",
        "Keyword": {"DVD", "Action", "Frank Miller"},
        "Rating": {"***", "3 stars", "Not bad"},
    },
    HEAVEN: {
        "Title": "Heaven's Gonna Burn Your Eyes",
        "Author": "Thievery Corporation",
        "Year": "2002",
        "Rating": "*****",
    },
}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with SimpleDB() as server:
        client = connect(server)
        client.create_domain(DomainName="mydomain")
        for name, attributes in SAMPLE.items():
            put(client, name, attributes, domain="mydomain")
        yield client


def where(client: Any, condition: str) -> set[str]:
    return set(names(client, f"select * from mydomain where {condition}"))


# Each with the result that the guide prints for it.
GUIDE: list[tuple[str, set[str]]] = [
    ("Title = 'The Right Stuff'", {STUFF}),
    ("Year > '1985'", {BETWEEN, HUNDREDS, HEAVEN}),
    ("Rating like '****%'", {SIRENS, TROPIC, STUFF, HEAVEN}),
    ("Pages < '00320'", {TROPIC, STUFF}),
    ("Year > '1975' and Year < '2008'", {STUFF, BETWEEN, HUNDREDS, HEAVEN}),
    ("Year between '1975' and '2008'", {STUFF, BETWEEN, HUNDREDS, HEAVEN}),
    ("Rating = '***' or Rating = '*****'", {SIRENS, HUNDREDS, HEAVEN}),
    (
        "(Year > '1950' and Year < '1960') or Year like '193%' or Year = '2007'",
        {SIRENS, TROPIC, BETWEEN, HUNDREDS},
    ),
    ("Rating = '4 stars' or Rating = '****'", {TROPIC, STUFF, BETWEEN}),
    ("Keyword = 'Book' and Keyword = 'Hardcover'", set()),
    ("Keyword = 'Book' intersection Keyword = 'Hardcover'", {STUFF}),
    ("every(Keyword) in ('Book', 'Paperback')", {SIRENS, TROPIC}),
    ("Rating = '****'", {TROPIC, STUFF}),
    ("every(Rating) = '****'", {TROPIC}),
]


@pytest.mark.parametrize(("condition", "expected"), GUIDE, ids=[case[0] for case in GUIDE])
def test_the_guides_queries(client: Any, condition: str, expected: set[str]) -> None:
    assert where(client, condition) == expected


ALL = set(SAMPLE)
OTHERS: list[tuple[str, set[str]]] = [
    ("Year != '2007'", ALL - {BETWEEN, HUNDREDS}),
    ("Year >= '2002'", {BETWEEN, HUNDREDS, HEAVEN}),
    ("Year <= '1959'", {SIRENS, TROPIC}),
    # An attribute that an item does not have passes no test, not even "!=".
    ("Pages != '00304'", {SIRENS, TROPIC}),
    ("Pages not like '%4'", {SIRENS, TROPIC}),
    ("not Pages = '00304'", ALL - {STUFF}),
    ("Keyword != 'Book'", {SIRENS, STUFF, BETWEEN, HUNDREDS}),
    ("every(Keyword) != 'Book'", {BETWEEN, HUNDREDS}),
    ("Keyword = 'Book' and every(Keyword) != 'CD'", {SIRENS, TROPIC, STUFF}),
    ("every(Keyword) != 'CD' and Keyword = 'Trance'", set()),
    ("every(Keyword) > 'B' and Keyword = 'CD'", {BETWEEN}),
    ("Year between '1959' and '1979'", {SIRENS, STUFF}),
    ("Year in ('1934', '2002', '1066')", {TROPIC, HEAVEN}),
    ("Title like '%Between'", {BETWEEN}),
    ("Title like '%of%'", {SIRENS, TROPIC}),
    ("Title like '300'", {HUNDREDS}),
    ("Keyword is null", {HEAVEN}),
    ("Keyword is not null", ALL - {HEAVEN}),
    ("not (Keyword is null or Pages is not null)", {BETWEEN, HUNDREDS}),
    ("Title = 'Heaven''s Gonna Burn Your Eyes'", {HEAVEN}),
    ('Title = "Heaven\'s Gonna Burn Your Eyes"', {HEAVEN}),
    ("`Title` = '300'", {HUNDREDS}),
    ("title = '300'", set()),
    ("Title = '300' AND Year = '2007' AND NOT Year = '1'", {HUNDREDS}),
    # "and" binds tighter than "or", and both tighter than "intersection".
    ("Year = '1934' or Year = '2007' and Title = '300'", {TROPIC, HUNDREDS}),
    ("Year = '2007' intersection Title = '300' or Title = 'In Between'", {BETWEEN, HUNDREDS}),
    ("(Year = '2007' intersection Title = '300') or Year = '1934'", {TROPIC, HUNDREDS}),
    # Two attributes: each value for itself, and "and" by item.
    ("Keyword = 'Book' and Rating = '4 stars'", {STUFF}),
    (f"itemName() = '{STUFF}'", {STUFF}),
    (f"itemName() in ('{STUFF}', '{HEAVEN}', 'none')", {STUFF, HEAVEN}),
    ("itemName() like 'B000%'", {BETWEEN, HUNDREDS, HEAVEN}),
    ("itemName() >= 'B000S' and itemName() < 'B000T'", {HEAVEN}),
    ("itemName() between '0' and '1'", {SIRENS, TROPIC}),
    ("itemName() != '0802131786' and Pages is not null", {SIRENS, STUFF}),
    ("itemName() is not null", ALL),
]


@pytest.mark.parametrize(("condition", "expected"), OTHERS, ids=[case[0] for case in OTHERS])
def test_what_else_the_language_says(client: Any, condition: str, expected: set[str]) -> None:
    assert where(client, condition) == expected


class TestOutput:
    def select(self, client: Any, output: str) -> dict[str, Any]:
        expression = f"select {output} from mydomain where itemName() = '{STUFF}'"
        answer = client.select(SelectExpression=expression, ConsistentRead=True)
        return {item["Name"]: values(item.get("Attributes", [])) for item in answer["Items"]}

    def test_everything(self, client: Any) -> None:
        assert self.select(client, "*") == {STUFF: SAMPLE[STUFF]}

    def test_names(self, client: Any) -> None:
        assert self.select(client, "itemName()") == {STUFF: {}}

    def test_some_attributes(self, client: Any) -> None:
        expected = {"Year": "1979", "Keyword": {"Book", "Hardcover", "American"}}
        assert self.select(client, "Year, `Keyword`, none") == {STUFF: expected}

    def test_a_count(self, client: Any) -> None:
        assert self.select(client, "count(*)") == {"Domain": {"Count": "1"}}

    def test_nothing_found(self, client: Any) -> None:
        answer = client.select(SelectExpression="select * from mydomain where Year = '1'")
        assert "Items" not in answer
        assert "NextToken" not in answer

    def test_an_attribute_called_count(self, client: Any) -> None:
        assert names(client, "select count from mydomain where count = '1'") == []

    def test_256_attributes_and_no_more(self, client: Any) -> None:
        wanted = [f"a{number}" for number in range(256)]
        self.select(client, ", ".join(wanted))
        with refused("TooManyRequestedAttributes", 400):
            self.select(client, ", ".join([*wanted, "more"]))


class TestOrder:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ("Year < '1980' order by Year asc", [TROPIC, SIRENS, STUFF]),
            ("Year < '1980' order by Year", [TROPIC, SIRENS, STUFF]),
            (
                "Year = '2007' intersection Author is not null order by Author desc",
                [HUNDREDS, BETWEEN],
            ),
            ("Year < '1980' order by Year limit 2", [TROPIC, SIRENS]),
            ("Keyword is null and Title is not null order by Title", [HEAVEN]),
            ("itemName() is not null order by itemName()", sorted(SAMPLE)),
            ("itemName() like 'B%' order by itemName() DESC", [BETWEEN, HEAVEN, HUNDREDS]),
            # Of several values the one that comes first in the order says where an item is.
            ("Keyword in ('Book', 'CD') order by Keyword", [STUFF, SIRENS, TROPIC, BETWEEN]),
            ("Keyword in ('Book', 'CD') order by Keyword desc", [BETWEEN, SIRENS, STUFF, TROPIC]),
            # An item without the attribute is not in the result that is sorted by it.
            ("Pages > '0' or Year = '2007' order by Pages desc", [SIRENS, TROPIC, STUFF]),
        ],
    )
    def test_sorts(self, client: Any, condition: str, expected: list[str]) -> None:
        assert names(client, f"select * from mydomain where {condition}") == expected

    @pytest.mark.parametrize(
        "rest",
        [
            "order by Year asc",
            "order by itemName()",
            "where Title = '300' order by Year",
            "where Author is null order by Author",
        ],
    )
    def test_by_what_no_predicate_constrains(self, client: Any, rest: str) -> None:
        with refused("InvalidSortExpression", 400):
            names(client, f"select * from mydomain {rest}")

    def test_without_an_order_there_is_none(self, client: Any) -> None:
        found = names(client, "select itemName() from mydomain")
        assert sorted(found) == sorted(SAMPLE)
        assert found not in (list(SAMPLE), sorted(SAMPLE), sorted(SAMPLE, reverse=True))

    def test_sorts_by_utf8_bytes(self, client: Any) -> None:
        client.create_domain(DomainName="bytes")
        # In UTF-16 the emoji would come before the ligature.
        ordered = [" ", "A", "Z", "a", "é", "ﬁ", "😀"]
        for name in ordered:
            put(client, name, domain="bytes", x="1")
        expression = "select * from bytes where itemName() > '' order by itemName()"
        assert names(client, expression) == ordered
