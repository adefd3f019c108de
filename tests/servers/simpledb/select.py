"""The language of Select: one expression in, one ``Query`` out, or InvalidQueryExpression.

``parse("select itemName() from shop where year > '1975' order by year limit 10")``
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from .error import ServiceError
from .limits import (
    COMPARISONS,
    DEFAULT_ITEMS_PER_PAGE,
    ITEMS_PER_PAGE,
    SELECTED_ATTRIBUTES,
)
from .predicate import (
    ITEM_NAME,
    Condition,
    Items,
    Test,
    both,
    complement,
    either,
    intersection,
    like,
)

TOKEN = re.compile(
    r"""\s*(?:
        (?P<value> '(?:[^']|'')*' | "(?:[^"]|"")*" )
      | (?P<name> `(?:[^`]|``)+` )
      | (?P<item> itemName\(\) )
      | (?P<count> (?i:count)\(\*\) )
      | (?P<word> [A-Za-z_$][A-Za-z0-9_$]* )
      | (?P<number> [0-9]+ )
      | (?P<sign> != | <= | >= | [=<>(),*] )
      | (?P<end> \Z )
    )""",
    re.VERBOSE,
)

# Developer Guide, "Select Quoting Rules": these are names only between backticks.
RESERVED = re.compile(
    "and|asc|between|by|desc|every|from|in|intersection|is|like|limit|not|null|or|order|select|where",
    re.IGNORECASE,
)

COMPARE: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Query:
    """What a Select asks for. ``attributes`` is None for ``*``; ``sort`` is an attribute's name."""

    domain: str
    count: bool
    attributes: tuple[str, ...] | None
    where: Condition
    sorted: bool
    sort: str | None
    descending: bool
    limit: int
    identity: str
    """The domain, the "where" and the "order by": a NextToken belongs to these three.

    Developer Guide, "Count": tokens of count(*) and of other output lists are interchangeable.
    """


def wrong(message: str) -> ServiceError:
    return ServiceError("InvalidQueryExpression", f"The query expression is not valid. {message}")


class Parser:
    """A recursive descent, one method a rule; ``words`` are the tokens, ``at`` the next one."""

    def __init__(self, expression: str) -> None:
        self.words: list[tuple[str, str]] = []
        self.at = 0
        self.tests: dict[str | None, int] = {}
        self.sortable: set[str | None] = set()
        place = 0
        while True:
            match = TOKEN.match(expression, place)
            if match is None:
                raise wrong(f"Nothing can start with {expression[place : place + 20]!r}.")
            kind = match.lastgroup or ""
            text = match[kind]
            if kind in ("value", "name"):
                quote = text[0]
                text = text[1:-1].replace(quote * 2, quote)
            elif kind == "word" and RESERVED.fullmatch(text):
                kind, text = "keyword", text.lower()
            self.words.append((kind, text))
            if kind == "end":
                break
            place = match.end()

    def accept(self, kind: str, *texts: str) -> str | None:
        """The next token's text when it is of this kind and one of these, else None."""
        found, text = self.words[self.at]
        if found != kind or (texts and text not in texts):
            return None
        self.at += 1
        return text

    def expect(self, kind: str, *texts: str) -> str:
        text = self.accept(kind, *texts)
        if text is None:
            wanted = " or ".join(texts) or kind
            raise wrong(f"{wanted} was expected before {self.words[self.at][1]!r}.")
        return text

    def name(self) -> str:
        text = self.accept("name")
        return self.expect("word") if text is None else text

    def query(self) -> Query:
        self.expect("keyword", "select")
        count, attributes = self.output()
        self.expect("keyword", "from")
        domain = self.name()
        start = self.at
        where: Condition = Items(lambda name, item: True)
        if self.accept("keyword", "where"):
            where = self.conditions()
        is_sorted, sort, descending = self.order()
        identity = repr([domain, self.words[start : self.at]])
        limit = 0 if count else DEFAULT_ITEMS_PER_PAGE
        if self.accept("keyword", "limit"):
            limit = int(self.expect("number"))
            # Developer Guide, "Count": the maximum does not apply to count(*).
            if limit < 1 or (limit > ITEMS_PER_PAGE and not count):
                raise wrong(f"The limit is 1 to {ITEMS_PER_PAGE}.")
        self.expect("end")
        self.measure(attributes)
        return Query(domain, count, attributes, where, is_sorted, sort, descending, limit, identity)

    def output(self) -> tuple[bool, tuple[str, ...] | None]:
        if self.accept("sign", "*"):
            return False, None
        if self.accept("item"):
            return False, ()
        if self.accept("count"):
            return True, ()
        attributes = [self.name()]
        while self.accept("sign", ","):
            attributes.append(self.name())
        return False, tuple(attributes)

    def order(self) -> tuple[bool, str | None, bool]:
        if not self.accept("keyword", "order"):
            return False, None, False
        self.expect("keyword", "by")
        sort = ITEM_NAME if self.accept("item") else self.name()
        if sort not in self.sortable:
            raise ServiceError("InvalidSortExpression")
        return True, sort, self.accept("keyword", "asc", "desc") == "desc"

    def conditions(self) -> Condition:
        # The guide describes intersection as one of the results of whole predicates, so it
        # binds less tightly than what predicates are made of.
        left = self.alternatives()
        while self.accept("keyword", "intersection"):
            left = intersection(left, self.alternatives())
        return left

    def alternatives(self) -> Condition:
        left = self.conjunction()
        while self.accept("keyword", "or"):
            left = either(left, self.conjunction())
        return left

    def conjunction(self) -> Condition:
        left = self.term()
        while self.accept("keyword", "and"):
            left = both(left, self.term())
        return left

    def term(self) -> Condition:
        if self.accept("keyword", "not"):
            return complement(self.term())
        if self.accept("sign", "("):
            inner = self.conditions()
            self.expect("sign", ")")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        every = self.accept("keyword", "every") is not None
        if every:
            self.expect("sign", "(")
        attribute = ITEM_NAME if not every and self.accept("item") else self.name()
        if every:
            self.expect("sign", ")")
        if self.accept("keyword", "is"):
            negated = self.accept("keyword", "not") is not None
            self.expect("keyword", "null")
            self.tests[attribute] = self.tests.get(attribute, 0) + 1
            exists = Test(attribute, lambda value: True)
            if not negated:
                return complement(exists)
            self.sortable.add(attribute)
            return exists
        first = self.at
        passes = self.value_test()
        values = sum(kind == "value" for kind, _ in self.words[first : self.at])
        self.tests[attribute] = self.tests.get(attribute, 0) + values
        self.sortable.add(attribute)
        return Test(attribute, passes, every)

    def value_test(self) -> Callable[[str], bool]:
        sign = self.accept("sign", *COMPARE)
        if sign:
            compare, constant = COMPARE[sign], self.expect("value")
            return lambda value: compare(value, constant)
        if self.accept("keyword", "not"):
            self.expect("keyword", "like")
            unlike = like(self.expect("value"))
            return lambda value: not unlike(value)
        if self.accept("keyword", "like"):
            return like(self.expect("value"))
        if self.accept("keyword", "between"):
            low = self.expect("value")
            self.expect("keyword", "and")
            high = self.expect("value")
            return lambda value: low <= value <= high
        self.expect("keyword", "in")
        self.expect("sign", "(")
        values = {self.expect("value")}
        while self.accept("sign", ","):
            values.add(self.expect("value"))
        self.expect("sign", ")")
        return values.__contains__

    def measure(self, attributes: tuple[str, ...] | None) -> None:
        """Developer Guide, "Limits": comparisons and attributes of one expression."""
        if attributes and len(attributes) > SELECTED_ATTRIBUTES:
            raise ServiceError("TooManyRequestedAttributes")
        if max(self.tests.values(), default=0) > COMPARISONS:
            raise ServiceError("InvalidNumberValueTests")
        # The limit of 20 attributes is within this one: each has a comparison at least.
        if sum(self.tests.values()) > COMPARISONS:
            raise ServiceError("InvalidNumberPredicates")


def parse(expression: str) -> Query:
    return Parser(expression).query()
