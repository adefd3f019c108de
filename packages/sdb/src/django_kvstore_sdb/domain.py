"""What one process asks of its SimpleDB domain: items, batches and pages, in requests it takes.

``Domain(backend).get("shop:greeting")``

Importing this module imports boto3, which takes a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django_kvstore.errors import OutcomeUnknown, Refused, Unavailable

from . import expressions
from .condition import ConditionUnmet
from .connection import Connection
from .failures import NoSuchDomain
from .items import Found, Item, batches, delete_batches, read_attributes
from .listing import Listed, cells_of, read_count
from .names import to_item_name

if TYPE_CHECKING:
    from .backend import SimpleDBBackend

#: One request of a larger write; it returns for how many items it was.


class Domain:
    """The domain that the backend's URL names; safe to share between threads."""

    def __init__(self, backend: SimpleDBBackend) -> None:
        self._backend = backend
        self._name = backend.url.location
        self._connection = Connection(backend)

    # One cell, one request.

    def get(self, cell: str) -> Found | None:
        """Return what is in the cell, None when there is no such cell."""
        answer = self._connection.call(
            "get_attributes", ItemName=to_item_name(cell), ConsistentRead=True
        )
        return read_attributes(answer.get("Attributes", ()))

    def put(
        self,
        cell: str,
        record: bytes,
        expires: float | None,
        condition: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write the cell if the condition holds, where there is one; say whether it did."""
        item = Item.of(cell, record, expires)
        expected = {"Expected": condition} if condition else {}
        try:
            self._connection.call(
                "put_attributes", ItemName=item.name, Attributes=item.attributes, **expected
            )
        except ConditionUnmet as unmet:
            return unmet.retried and self._was_put(cell, item)
        return True

    def _was_put(self, cell: str, item: Item) -> bool:
        """Say whether a put that was turned away was done nevertheless."""
        try:
            found = self.get(cell)
        except (Unavailable, Refused) as problem:
            raise self._unknown(problem.reason) from problem
        # No other write has its version.
        return found is not None and found.version == item.version

    def delete(self, item_name: str, condition: Mapping[str, Any]) -> bool:
        """Delete the item if the condition holds; say whether it did."""
        try:
            self._connection.call("delete_attributes", ItemName=item_name, Expected=condition)
        except ConditionUnmet as unmet:
            if unmet.retried and unmet.absent:
                raise self._unknown("the item is gone.") from unmet.__cause__
            return False
        return True

    def _unknown(self, found: str) -> OutcomeUnknown:
        return self._backend.error(
            OutcomeUnknown,
            f"a write that SimpleDB was too busy for at first may be done all the same: {found}",
            hint="It may or may not have been done: read first, then decide.",
        )

    # Many cells.

    def named(self, output: str, cells: Iterable[str]) -> Iterator[Listed]:
        """Yield those of the cells that are there."""
        names = list(dict.fromkeys(map(to_item_name, cells)))
        for at in range(0, len(names), expressions.NAMES):
            some = names[at : at + expressions.NAMES]
            for items, _ in self._select(expressions.named(self._name, output, some)):
                yield from cells_of(items)

    def puts(self, cells: Mapping[str, bytes], expires: float | None) -> Iterator[int]:
        """Write the cells, whatever they held, in batches; yield how many at a time."""
        items = (Item.of(cell, record, expires) for cell, record in cells.items())
        for batch in batches(items):
            yield self._batch("batch_put_attributes", batch)

    def deletes(self, item_names: Iterable[str]) -> Iterator[int]:
        """Delete the items in batches; yield how many at a time."""
        for batch in delete_batches(list(item_names)):
            yield self._batch("batch_delete_attributes", batch)

    def _batch(self, method: str, items: list[Any]) -> int:
        self._connection.call(method, Items=items)
        return len(items)

    # The cells of a prefix.

    def page(
        self, output: str, prefix: str, cursor: str | None, limit: int, only: str = ""
    ) -> tuple[list[Listed], str | None]:
        """Return items in the order of their names; the cursor is the name of the last one."""
        expression = expressions.page(
            self._name, output, prefix, after=cursor, limit=limit, only=only
        )
        for items, more in self._select(expression):
            if items:
                return list(cells_of(items, prefix)), items[-1]["Name"] if more else None
        return [], None

    def pages(self, output: str, prefix: str, only: str = "") -> Iterator[list[Listed]]:
        """Yield all items, as many at a time as there may be."""
        cursor = None
        while True:
            listed, cursor = self.page(output, prefix, cursor, expressions.PAGE_ITEMS, only)
            yield listed
            if cursor is None:
                return

    def count(self, prefix: str, only: str) -> int:
        """Return how many items there are in the range of the prefix."""
        pages = self._select(expressions.count(self._name, prefix, only))
        return sum(read_count(items) for items, _ in pages)

    def _select(self, expression: str) -> Iterator[tuple[list[Any], bool]]:
        """Yield the items of each page, and whether another one follows.

        A page may be empty and yet be followed by others, when the service took its time.
        """
        token: dict[str, str] = {}
        while True:
            answer = self._connection.call(
                "select", SelectExpression=expression, ConsistentRead=True, **token
            )
            following = answer.get("NextToken")
            yield answer.get("Items", []), bool(following)
            if not following:
                return
            token = {"NextToken": following}

    # The domain's own life.

    def create(self) -> bool:
        """Create the domain unless it is there; say whether it was created."""
        try:
            self._connection.call("domain_metadata")
        except NoSuchDomain:
            self._connection.call("create_domain")
            return True
        return False

    def close(self) -> None:
        """Close the connections that nobody is using; another call opens what it needs."""
        self._connection.close()
