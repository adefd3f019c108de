"""What one process asks of Datastore: lookups, commits and queries, in requests it takes.

``Session(backend).lookup(["shop:greeting"])``

Importing this module imports Google's client, which takes half a second.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from google.api_core.exceptions import AlreadyExists
from google.cloud.datastore_v1 import Mutation, QueryResultBatch

from django_kvstore.errors import Refused, Unavailable

from .connection import Connection
from .entities import Entities, Found, cursor_text

if TYPE_CHECKING:
    from .backend import DatastoreBackend

#: What one request may hold: https://cloud.google.com/datastore/docs/concepts/limits
LOOKUP_KEYS: Final = 1000
COMMIT_MUTATIONS: Final = 500
#: Of Datastore's 10 MiB; its emulator takes no more than 4 (seen).
COMMIT_BYTES: Final = 3_500_000
#: A page with records of a megabyte each would be large enough; Datastore itself gives fewer.
PAGE: Final = 1000

T = TypeVar("T")

_NOT_FINISHED = QueryResultBatch.MoreResultsType.NOT_FINISHED


class Session:
    """A connection and the entities that are reached by it; safe to share between threads."""

    def __init__(self, backend: DatastoreBackend) -> None:
        self._backend = backend
        self._connection = Connection(backend)
        self._entities = Entities(
            self._connection.project,
            backend.options["database"],
            backend.url.path,
            backend.options["kind"],
        )

    def lookup(self, cells: Iterable[str], *, light: bool = False) -> dict[str, Found]:
        """Return those of the cells that are there; light: without their records."""
        found: dict[str, Found] = {}
        for batch in _batches(dict.fromkeys(cells), LOOKUP_KEYS):
            request = self._entities.lookup(batch, light=light)
            while request.keys:
                answer = self._connection.call("lookup", request)
                for entity in map(self._entities.read, answer.found):
                    found[entity.cell] = entity
                if len(answer.deferred) == len(request.keys):
                    raise self._backend.error(
                        Unavailable,
                        "Datastore put off looking up every key that it was asked for.",
                        hint="Try again, or ask for fewer keys at a time.",
                    )
                request.keys = answer.deferred
        return found

    def insert(self, cell: str, record: bytes, expires: float | None) -> bool:
        """Write the cell if it is absent; say whether it was."""
        try:
            self._commit([self._entities.insert(cell, record, expires)])
        except Refused as refusal:
            if isinstance(refusal.__cause__, AlreadyExists):
                return False
            raise
        return True

    def replace(self, cell: str, version: int, new: bytes | None, expires: float | None) -> bool:
        """Write the cell, or delete it, while it has that version; say whether it had."""
        if new is None:
            mutation = self._entities.delete(cell, version)
        else:
            mutation = self._entities.upsert(cell, new, expires, version)
        return not any(self._commit([mutation]))

    def upsert(self, cells: Mapping[str, bytes], expires: float | None) -> Iterator[int]:
        """Write the cells whatever they held, in batches; yield how many at a time."""
        for batch in self._upserts(cells, expires):
            yield self._commit(batch).count(False)

    def delete(self, found: Iterable[Found]) -> Generator[int, None, list[str]]:
        """Delete entities as they were found, in batches; yield how many at a time.

        Returns the cells that have been changed since.
        """
        changed: list[str] = []
        for batch in _batches(found, COMMIT_MUTATIONS):
            deletes = [self._entities.delete(each.cell, each.version) for each in batch]
            conflicts = self._commit(deletes)
            pairs = zip(batch, conflicts, strict=True)
            changed += [each.cell for each, conflict in pairs if conflict]
            # Where all were changed nothing was done.
            if not all(conflicts):
                yield conflicts.count(False)
        return changed

    def query(
        self, prefix: str, cursor: str | None, limit: int, *, light: bool = False
    ) -> tuple[list[Found], str | None]:
        """Return a page of the cells that start with `prefix`, and the next page's cursor."""
        limit = min(limit, PAGE)
        request = self._entities.query(prefix, cursor, limit, light=light)
        batch = self._connection.call("run_query", request).batch
        found = [self._entities.read(result) for result in batch.entity_results]
        # Asked for the rest after the last one, the emulator goes on promising more (seen).
        last = len(found) < limit and batch.more_results != _NOT_FINISHED
        page = [each for each in found if each.cell.startswith(prefix)]
        if last:
            return page, None
        if batch.end_cursor in (b"", request.query.start_cursor):
            raise self._backend.error(
                Unavailable,
                "Datastore stopped a query where it had begun.",
                hint="Try again, or ask for fewer entries at a time.",
            )
        return page, cursor_text(batch.end_cursor)

    def _upserts(
        self, cells: Mapping[str, bytes], expires: float | None
    ) -> Iterator[list[Mutation]]:
        batch: list[Mutation] = []
        size = 0
        for cell, record in cells.items():
            if batch and (len(batch) == COMMIT_MUTATIONS or size + len(record) > COMMIT_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(self._entities.upsert(cell, record, expires))
            size += len(record) + 2000  # the key and what goes with it
        if batch:
            yield batch

    def _commit(self, mutations: Sequence[Mutation]) -> list[bool]:
        """Commit, and say of each mutation whether it was in conflict and did nothing."""
        request = self._entities.commit(mutations)
        answer = self._connection.call("commit", request, writes=len(mutations))
        return [result.conflict_detected for result in answer.mutation_results]


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
