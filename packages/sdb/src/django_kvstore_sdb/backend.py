"""Cells as items of one SimpleDB domain: what each operation asks and answers.

``SimpleDBBackend`` is what ``sdb://domain?region=eu-west-1`` opens.

Each write gives its item a version that no other write has, in the same atomic call. So a
condition on the version holds just when nobody has written since, and a plain `set`, which needs
no condition of its own, breaks those of all others.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_kvstore.backend import Backend, KeyPage, Page
from django_kvstore.errors import OutcomeUnknown, Unavailable
from django_kvstore.params import Param, positive, whole
from django_kvstore.url import StoreURL

from . import expressions
from .condition import THERE, ConditionUnmet, has_version
from .items import RECORD_BYTES, Item, Seen, batches, delete_batches, read_record
from .listing import Listed, cells_of, read_count
from .names import is_exact, to_item_name

if TYPE_CHECKING:
    from .connection import Connection

_DOMAIN = re.compile(r"[A-Za-z0-9_.\-]{3,255}", re.ASCII)

#: What a cell's name is read from. Every cell has f, so none is left out for having no n.
_NAMES = "f, n"


class SimpleDBBackend(Backend):
    """Items of Amazon SimpleDB, through boto3."""

    scheme = "sdb"
    params = (
        Param("region", str, None, "The AWS region of the domain.", aliases=("region_name",)),
        Param(
            "aws_access_key",
            str,
            None,
            "The access key's id; without it, boto3 looks for credentials by itself.",
            secret=True,
            aliases=("aws_access_key_id",),
        ),
        Param("aws_secret_access_key", str, None, "The access key's secret.", secret=True),
        Param("aws_session_token", str, None, "The token of temporary credentials.", secret=True),
        Param("timeout", positive, 10.0, "Seconds to wait for an answer; a listing may take 5."),
        Param("connect_timeout", positive, 3.0, "Seconds to wait for a connection."),
        Param("attempts", whole, 5, "How often to send, in all, what SimpleDB is too busy for."),
        Param("max_pool_connections", whole, 16, "Idle connections to keep."),
        Param("endpoint_url", str, None, "Another server than Amazon's, for tests."),
    )

    atomic = True
    iterable = True
    clearable = True

    cell_bytes = RECORD_BYTES

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._domain = url.location
        if len(url.hosts) != 1 or url.path or not _DOMAIN.fullmatch(self._domain):
            raise ValueError(
                "the URL names one domain of 3 to 255 ASCII letters, digits or any of _ . -, "
                "as in 'sdb://domain?region=eu-west-1'"
            )
        if (params["aws_access_key"] is None) != (params["aws_secret_access_key"] is None):
            raise ValueError("'aws_access_key' and 'aws_secret_access_key' go together")
        if url.username is not None:
            raise ValueError(
                "credentials are not part of the URL's host: give 'aws_access_key' and "
                "'aws_secret_access_key'"
            )
        self._lock = Lock()
        self._opened: Connection | None = None

    # One cell, one request.

    def get(self, key: str) -> Seen | None:
        answer = self._connection().call(
            "get_attributes", ItemName=to_item_name(key), ConsistentRead=True
        )
        return read_record(answer.get("Attributes", ()))

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._put(key, record, expires)

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        return self._put(key, record, expires, has_version(None))

    def delete(self, key: str) -> bool:
        return self._delete(to_item_name(key), THERE)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        if old is None:
            return self.get(key) is None if new is None else self.add(key, new, expires)
        # A record that we have read knows its version; another one costs a read.
        found = old if isinstance(old, Seen) else self.get(key)
        while found is not None and found == old:
            condition = has_version(found.version)
            if new is None:
                done = self._delete(to_item_name(key), condition)
            else:
                done = self._put(key, new, expires, condition)
            if done:
                return True
            # Somebody has written since; perhaps the same bytes.
            found = self.get(key)
        return False

    def _put(
        self,
        key: str,
        record: bytes,
        expires: float | None,
        condition: dict[str, Any] | None = None,
    ) -> bool:
        item = Item.of(key, record, expires)
        expected = {"Expected": condition} if condition else {}
        try:
            self._connection().call(
                "put_attributes", ItemName=item.name, Attributes=item.attributes, **expected
            )
        except ConditionUnmet as unmet:
            # Turned away, and done nevertheless? No other write has its version.
            found = self.get(key) if unmet.retried else None
            return found is not None and found.version == item.version
        return True

    def _delete(self, name: str, condition: dict[str, Any]) -> bool:
        try:
            self._connection().call("delete_attributes", ItemName=name, Expected=condition)
        except ConditionUnmet:
            return False
        return True

    # Many cells.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for listed in self._named("*", keys):
            record = read_record(listed.attributes)
            if record is not None:
                found[listed.cell] = record
        return found

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        items = (Item.of(key, record, expires) for key, record in cells.items())
        put = partial(self._connection().call, "batch_put_attributes")
        self._in_turn(partial(put, Items=batch) for batch in batches(items))

    def delete_many(self, keys: Sequence[str]) -> int:
        # Batches tell nothing of what was there.
        names = [listed.name for listed in self._named(_NAMES, keys)]
        self._in_turn(self._deletes(names))
        return len(names)

    def _named(self, output: str, keys: Iterable[str]) -> Iterator[Listed]:
        names = list(dict.fromkeys(map(to_item_name, keys)))
        for at in range(0, len(names), expressions.NAMES):
            some = names[at : at + expressions.NAMES]
            expression = expressions.named(self._domain, output, some)
            for items, _ in self._connection().select(expression):
                yield from cells_of(items)

    def _deletes(self, names: list[str]) -> Iterator[Callable[[], object]]:
        for batch in delete_batches(names):
            yield partial(self._connection().call, "batch_delete_attributes", Items=batch)

    def _in_turn(self, steps: Iterable[Callable[[], object]]) -> None:
        """Take the steps of one write; a failure after the first leaves it done in part."""
        begun = False
        try:
            for step in steps:
                step()
                begun = True
        except Unavailable as problem:
            if not begun:
                raise
            raise self.error(
                OutcomeUnknown,
                f"{problem.reason} Part of the work had been done before that.",
                hint="Do all of it again, where that does no harm.",
            ) from problem

    # The cells of a prefix.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        listed, following = self._page("*", prefix, cursor, limit)
        records = ((each.cell, read_record(each.attributes)) for each in listed)
        return Page([(cell, record) for cell, record in records if record is not None], following)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        listed, following = self._page(
            _NAMES, prefix, cursor, limit, only=expressions.alive(time.time())
        )
        return KeyPage([each.cell for each in listed], following)

    def count(self, prefix: str) -> int:
        if not is_exact(prefix):
            return super().count(prefix)
        expression = expressions.count(self._domain, prefix, expressions.alive(time.time()))
        pages = self._connection().select(expression)
        return sum(read_count(items) for items, _ in pages)

    def clear(self, prefix: str) -> int:
        total = 0

        def steps() -> Iterator[Callable[[], object]]:
            nonlocal total
            for listed in self._pages(_NAMES, prefix):
                yield from self._deletes([each.name for each in listed])
                total += len(listed)

        self._in_turn(steps())
        return total

    def purge(self, prefix: str, now: float) -> int:
        pages = self._pages(f"{_NAMES}, v", prefix, only=expressions.expired(now))
        # One that somebody has written since stays.
        return sum(
            self._delete(each.name, has_version(each.version)) for page in pages for each in page
        )

    def _page(
        self, output: str, prefix: str, cursor: str | None, limit: int, only: str = ""
    ) -> tuple[list[Listed], str | None]:
        """Return items in the order of their names; the cursor is the name of the last one."""
        expression = expressions.page(
            self._domain, output, prefix, after=cursor, limit=limit, only=only
        )
        for items, more in self._connection().select(expression):
            if items:
                return list(cells_of(items, prefix)), items[-1]["Name"] if more else None
        return [], None

    def _pages(self, output: str, prefix: str, only: str = "") -> Iterator[list[Listed]]:
        cursor = None
        while True:
            listed, cursor = self._page(output, prefix, cursor, expressions.PAGE_ITEMS, only)
            yield listed
            if cursor is None:
                return

    # The engine's life.

    def provision(self) -> bool:
        """Create the domain where there is none."""
        connection = self._connection()
        if connection.finds_domain():
            return False
        connection.call("create_domain")
        return True

    def check(self, **kwargs: Any) -> Iterable[CheckMessage]:
        endpoint = self.options["endpoint_url"]
        if kwargs.get("deploy") and endpoint is not None:
            yield CheckWarning(
                f"The store '{self.alias}' does not talk to Amazon, but to its 'endpoint_url'.",
                hint="That is for tests: leave it out, and give the region.",
                id="django_kvstore.sdb.W001",
            )

    def close(self) -> None:
        connection = self._opened
        if connection is not None:
            connection.close()

    def forked(self) -> None:
        # The parent's connections are the parent's. The client is not closed: another thread may
        # have held one of its locks, or this one.
        self._lock = Lock()
        self._opened = None

    def _connection(self) -> Connection:
        connection = self._opened
        if connection is not None:
            return connection
        with self._lock:
            if self._opened is None:
                # Here because of what it costs: importing boto3 takes a quarter of a second, and
                # reading the service's description some more.
                from .connection import Connection

                self._opened = Connection(self)
            return self._opened
