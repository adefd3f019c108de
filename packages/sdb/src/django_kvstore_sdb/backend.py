"""Cells as items of one SimpleDB domain: what each operation asks and answers.

``SimpleDBBackend`` is what ``sdb://domain?region=eu-west-1`` opens.

Each write gives its item a version that no other write has, in the same atomic call. So a
condition on the version holds just when nobody has written since, and a plain `set`, which needs
no condition of its own, breaks those of all others.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_kvstore.backend import Backend, KeyPage, Page, Write
from django_kvstore.params import Param, positive, whole
from django_kvstore.url import StoreURL

from . import expressions
from .condition import THERE, has_version
from .items import NEVER, RECORD_BYTES, Found, expiry_text
from .listing import NAMES, records_of
from .names import is_exact, to_item_name

if TYPE_CHECKING:
    from .domain import Domain

_DOMAIN = re.compile(r"[A-Za-z0-9_.\-]{3,255}", re.ASCII)


def read_endpoint(text: object) -> str:
    """Read the URL of a server that speaks SimpleDB's protocol."""
    if not re.match(r"https?://[^/]", str(text)):
        raise ValueError("it is no http:// or https:// URL")
    return str(text)


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
        Param("attempts", whole, 4, "How often to send, in all, what SimpleDB is too busy for."),
        Param("max_pool_connections", whole, 16, "Idle connections to keep."),
        Param("endpoint_url", read_endpoint, None, "Another server than Amazon's, for tests."),
    )

    atomic = True
    iterable = True
    clearable = True

    cell_bytes = RECORD_BYTES

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        if len(url.hosts) != 1 or url.path or not _DOMAIN.fullmatch(url.location):
            raise ValueError(
                "the URL names one domain of 3 to 255 ASCII letters, digits or any of _ . -, "
                "as in 'sdb://domain?region=eu-west-1'"
            )
        if url.username is not None:
            raise ValueError(
                "credentials do not stand before the domain: give 'aws_access_key' and "
                "'aws_secret_access_key'"
            )
        both = {params["aws_access_key"] is None, params["aws_secret_access_key"] is None}
        if len(both) == 2 or (both == {True} and params["aws_session_token"] is not None):
            raise ValueError(
                "'aws_access_key' and 'aws_secret_access_key' go together, and 'aws_session_token' "
                "with both"
            )
        self._lock = Lock()
        self._opened: Domain | None = None

    # One cell.

    def get(self, key: str) -> bytes | None:
        found = self._domain().get(key)
        return None if found is None else found.record

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self._domain().put(key, record, expires)

    def add(self, key: str, record: bytes, expires: float | None) -> bool:
        return self._domain().put(key, record, expires, has_version(None))

    def delete(self, key: str) -> bool:
        return self._domain().delete(to_item_name(key), THERE)

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        if old is None and new is not None:
            return self.add(key, new, expires)
        for _ in self.tries():
            found = self._domain().get(key)
            if found is None or found.record != old:
                return found is None and old is None
            # Refused, somebody wrote since; perhaps the same bytes again, so look again.
            if self._replace(key, found, Write(new, expires)):
                break
        return True

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        # As in the core, but by the version that was read: a request less.
        for _ in self.tries():
            found = self._domain().get(key)
            write = change(None if found is None else found.record)
            if write is None or self._replace(key, found, write):
                return

    def _replace(self, key: str, found: Found | None, write: Write) -> bool:
        """Write or delete the cell if nobody has written since it was read; say whether so."""
        condition = has_version(None if found is None else found.version)
        if write.record is None:
            return self._domain().delete(to_item_name(key), condition)
        return self._domain().put(key, write.record, write.expires, condition)

    # Many cells.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        return dict(records_of(self._domain().named("*", keys)))

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        self.in_turn(self._domain().puts(cells, expires))

    def delete_many(self, keys: Sequence[str]) -> int:
        # Batches tell nothing of what was there.
        names = [listed.name for listed in self._domain().named(NAMES, keys)]
        return self.in_turn(self._domain().deletes(names))

    # The cells of a prefix.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        listed, following = self._domain().page("*", prefix, cursor, limit)
        return Page(list(records_of(listed)), following)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        alive = expressions.alive(time.time())
        listed, following = self._domain().page(NAMES, prefix, cursor, limit, alive)
        return KeyPage([each.cell for each in listed], following)

    def count(self, prefix: str) -> int:
        if is_exact(prefix):
            return self._domain().count(prefix, expressions.alive(time.time()))
        return super().count(prefix)

    def clear(self, prefix: str) -> int:
        domain = self._domain()

        def steps() -> Iterator[int]:
            now = expiry_text(time.time())
            for page in domain.pages(f"{NAMES}, x", prefix):
                # What has expired is deleted too, and does not count.
                expired = [each.name for each in page if (each.expires or NEVER) <= now]
                for _ in domain.deletes(expired):
                    yield 0
                gone = set(expired)
                yield from domain.deletes(each.name for each in page if each.name not in gone)

        return self.in_turn(steps())

    def purge(self, prefix: str, now: float) -> int:
        domain = self._domain()
        pages = domain.pages(f"{NAMES}, v", prefix, expressions.expired(now))
        # One that somebody has written since stays.
        return self.in_turn(
            domain.delete(each.name, has_version(each.version)) for page in pages for each in page
        )

    # The engine's life.

    @property
    def place(self) -> Hashable:
        where = (self.options["region"], self.options["endpoint_url"])
        return (self.scheme, self.url.location, *where)

    def provision(self) -> bool:
        return self._domain().create()

    def check(self, **kwargs: Any) -> Iterable[CheckMessage]:
        if kwargs.get("deploy") and self.options["endpoint_url"] is not None:
            yield CheckWarning(
                f"The store '{self.alias}' does not talk to Amazon, but to its 'endpoint_url'.",
                hint="That is for tests: leave it out, and give the region.",
                id="django_kvstore.sdb.W001",
            )

    def close(self) -> None:
        domain = self._opened
        if domain is not None:
            domain.close()

    def forked(self) -> None:
        # The connections are the parent's. They are not closed, because another thread may have
        # held one of the client's locks, which nobody would release here; nor ours.
        self._lock = Lock()
        self._opened = None

    def _domain(self) -> Domain:
        domain = self._opened
        if domain is not None:
            return domain
        with self._lock:
            if self._opened is None:
                # Here because of what it costs: importing boto3 takes a quarter of a second, and
                # making a client reads the descriptions of Amazon's services.
                from .domain import Domain

                self._opened = Domain(self)
            return self._opened
