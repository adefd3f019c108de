"""Cells as Datastore's messages: the entity of a cell, what changes it, what asks for it.

``Entities("project", "", "namespace", "KVStore").upsert("shop:greeting", record, expires)``

An entity has the property ``record``, and ``expires`` when it has an expiry: a timestamp, as a
TTL policy wants it. Neither is indexed: a record is too large, and an index of times that only
grow is a hot spot (https://cloud.google.com/datastore/docs/ttl).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from google.cloud import datastore_v1 as datastore

from .names import end_of_range, to_cell, to_key_name

#: The first second that no timestamp of Datastore's holds. What expires later never does.
_YEAR_10000: Final = 253_402_300_800

_KEY = datastore.PropertyReference(name="__key__")
_IN_ORDER = datastore.PropertyOrder(property=_KEY)
_EXPIRES = datastore.PropertyMask(paths=["expires"])
_AT_LEAST = datastore.PropertyFilter.Operator.GREATER_THAN_OR_EQUAL
_BELOW = datastore.PropertyFilter.Operator.LESS_THAN
_ALL_OF = datastore.CompositeFilter.Operator.AND


class Found(NamedTuple):
    """An entity as it was read: its cell and version, its expiry, and its record if asked for."""

    cell: str
    version: int
    expires: float | None
    record: bytes

    def expired(self, now: float) -> bool:
        """Say whether it had expired by `now`."""
        return self.expires is not None and self.expires <= now


class Entities:
    """The entities of one kind in one namespace of one database."""

    def __init__(self, project: str, database: str, namespace: str, kind: str) -> None:
        self.project = project
        self.database = database
        self.kind = kind
        self.partition = datastore.PartitionId(
            project_id=project, database_id=database, namespace_id=namespace
        )

    def insert(self, cell: str, record: bytes, expires: float | None) -> datastore.Mutation:
        """Return what writes the cell if it is absent."""
        return datastore.Mutation(insert=self._entity(cell, record, expires))

    def upsert(
        self, cell: str, record: bytes, expires: float | None, version: int | None = None
    ) -> datastore.Mutation:
        """Return what writes the cell; given a version, only while it has that one."""
        entity = self._entity(cell, record, expires)
        return datastore.Mutation(upsert=entity, base_version=version)

    def delete(self, cell: str, version: int) -> datastore.Mutation:
        """Return what deletes the cell while it has that version."""
        return datastore.Mutation(delete=self._key(cell), base_version=version)

    def commit(self, mutations: Iterable[datastore.Mutation]) -> datastore.CommitRequest:
        """Return the request that does these, each by itself."""
        return datastore.CommitRequest(
            project_id=self.project,
            database_id=self.database,
            mode=datastore.CommitRequest.Mode.NON_TRANSACTIONAL,
            mutations=mutations,
        )

    def lookup(self, cells: Iterable[str], *, light: bool) -> datastore.LookupRequest:
        """Return the request for these; a light one does without the records."""
        return datastore.LookupRequest(
            project_id=self.project,
            database_id=self.database,
            keys=[self._key(cell) for cell in cells],
            property_mask=_EXPIRES if light else None,
        )

    def query(
        self, prefix: str, cursor: str | None, limit: int, *, light: bool
    ) -> datastore.RunQueryRequest:
        """Return the request for a page of a prefix; a light one does without the records."""
        start = to_key_name(prefix)
        end = end_of_range(start)
        bounds = [(_AT_LEAST, start)] if start else []
        bounds += [(_BELOW, end)] if end is not None else []
        query = datastore.Query(
            kind=[datastore.KindExpression(name=self.kind)],
            order=[_IN_ORDER],
            limit=limit,
            start_cursor=base64.b64decode(cursor) if cursor else b"",
        )
        if bounds:
            filters = [self._bound(operator, name) for operator, name in bounds]
            query.filter = datastore.Filter(
                composite_filter=datastore.CompositeFilter(op=_ALL_OF, filters=filters)
            )
        return datastore.RunQueryRequest(
            project_id=self.project,
            database_id=self.database,
            partition_id=self.partition,
            query=query,
            property_mask=_EXPIRES if light else None,
        )

    def read(self, result: datastore.EntityResult) -> Found:
        """Take one result of a lookup or a query apart."""
        # The plain protobuf message below Google's wrapper: ten times as fast.
        found = datastore.EntityResult.pb(result)
        properties = found.entity.properties
        expires = None
        if "expires" in properties:
            timestamp = properties["expires"].timestamp_value
            expires = timestamp.seconds + timestamp.nanos / 1e9
        record = properties["record"].blob_value if "record" in properties else b""
        cell = to_cell(found.entity.key.path[-1].name)
        return Found(cell, found.version, expires, record)

    def _key(self, cell: str) -> datastore.Key:
        return self._named(to_key_name(cell))

    def _named(self, name: str) -> datastore.Key:
        element = datastore.Key.PathElement(kind=self.kind, name=name)
        return datastore.Key(partition_id=self.partition, path=[element])

    def _bound(self, operator: int, name: str) -> datastore.Filter:
        value = datastore.Value(key_value=self._named(name))
        condition = datastore.PropertyFilter(property=_KEY, op=operator, value=value)
        return datastore.Filter(property_filter=condition)

    def _entity(self, cell: str, record: bytes, expires: float | None) -> datastore.Entity:
        properties = {"record": datastore.Value(blob_value=record, exclude_from_indexes=True)}
        if expires is not None and expires < _YEAR_10000:
            # Down to the microsecond below, as Datastore does.
            microseconds = math.floor(max(expires, 0.0) * 1_000_000)
            moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
            properties["expires"] = datastore.Value(
                timestamp_value=moment.replace(microsecond=microseconds % 1_000_000),
                exclude_from_indexes=True,
            )
        return datastore.Entity(key=self._key(cell), properties=properties)


def cursor_text(cursor: bytes) -> str:
    """Return a query's cursor as the text that `Entities.query` takes."""
    return base64.b64encode(cursor).decode()
