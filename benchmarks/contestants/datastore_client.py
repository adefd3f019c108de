"""The floors of Google Cloud Datastore: its generated client making the store's calls, and the
client of entities above it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any

import grpc
from google.api_core.exceptions import AlreadyExists
from google.auth.credentials import AnonymousCredentials
from google.cloud import datastore
from google.cloud import datastore_v1 as v1
from google.cloud.datastore_v1.services.datastore.transports import DatastoreGrpcTransport
from ormsgpack import packb, unpackb

from ..contestant import KeyValue, Role
from .store import Store

PROJECT = "benchmarks"
KIND = "Bare"
_CALLS = ("lookup", "commit", "run_query", "begin_transaction", "run_aggregation_query")

#: How often each call was made in this process, once `count_requests` was called.
_made: Counter[str] = Counter()


def count_requests() -> None:
    """Count the requests that Google's generated client makes, whoever calls it."""
    for name in _CALLS:
        _count(name)


def _count(name: str) -> None:
    plain: Callable[..., Any] = getattr(v1.DatastoreClient, name)

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        _made[name] += 1
        return plain(self, *arguments, **named)

    setattr(v1.DatastoreClient, name, counted)


class CountedStore(Store):
    """Our store, whose requests are counted."""

    def requests(self) -> int:
        return sum(_made.values())


class DatastoreCalls(KeyValue):
    """The generated client, with requests made of its own messages."""

    name = "google-cloud-datastore"
    role: Role = "floor"
    distribution = "google-cloud-datastore"
    note = "the generated client's lookup and commit, with ormsgpack"

    def open(self) -> None:
        channel = grpc.insecure_channel(os.environ["DATASTORE_EMULATOR_HOST"])
        transport = DatastoreGrpcTransport(channel=channel, credentials=AnonymousCredentials())
        self._client = v1.DatastoreClient(transport=transport)
        self._partition = v1.PartitionId(project_id=PROJECT)

    def close(self) -> None:
        self._client.transport.close()

    def requests(self) -> int:
        return sum(_made.values())

    def _key(self, key: str) -> Any:
        path = [v1.Key.PathElement(kind=KIND, name=key)]
        return v1.Key(partition_id=self._partition, path=path)

    def _entity(self, key: str, value: Any) -> Any:
        record = v1.Value(blob_value=packb(value), exclude_from_indexes=True)
        return v1.Entity(key=self._key(key), properties={"record": record})

    def _lookup(self, keys: list[str]) -> Any:
        request = v1.LookupRequest(project_id=PROJECT, keys=[self._key(key) for key in keys])
        return self._client.lookup(request=request, retry=None, timeout=30)

    def _commit(self, mutations: list[Any]) -> Any:
        request = v1.CommitRequest(
            project_id=PROJECT,
            mode=v1.CommitRequest.Mode.NON_TRANSACTIONAL,
            mutations=mutations,
        )
        return self._client.commit(request=request, retry=None, timeout=30)

    def get(self, key: str) -> Any:
        return self.get_many([key]).get(key)

    def set(self, key: str, value: Any) -> None:
        self._commit([v1.Mutation(upsert=self._entity(key, value))])

    def add(self, key: str, value: Any) -> bool:
        try:
            self._commit([v1.Mutation(insert=self._entity(key, value))])
        except AlreadyExists:
            return False
        return True

    def incr(self, key: str) -> int:
        while True:
            found = self._lookup([key]).found
            if not found:
                if self.add(key, 1):
                    return 1
                continue
            result = v1.EntityResult.pb(found[0])
            total: int = unpackb(result.entity.properties["record"].blob_value) + 1
            mutation = v1.Mutation(upsert=self._entity(key, total), base_version=result.version)
            if not self._commit([mutation]).mutation_results[0].conflict_detected:
                return total

    def delete(self, key: str) -> None:
        self._commit([v1.Mutation(delete=self._key(key))])

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        found = map(v1.EntityResult.pb, self._lookup(keys).found)
        return {
            each.entity.key.path[-1].name: unpackb(each.entity.properties["record"].blob_value)
            for each in found
        }

    def set_many(self, values: dict[str, Any]) -> None:
        mutations = [v1.Mutation(upsert=self._entity(*item)) for item in values.items()]
        for at in range(0, len(mutations), 500):
            self._commit(mutations[at : at + 500])

    def delete_many(self, keys: list[str]) -> None:
        mutations = [v1.Mutation(delete=self._key(key)) for key in keys]
        for at in range(0, len(mutations), 500):
            self._commit(mutations[at : at + 500])

    def clear(self) -> None:
        entities: Any = datastore.Client(project=PROJECT)
        with closing(entities):
            query = entities.query(kind=KIND)
            query.keys_only()
            keys = [entity.key.name for entity in query.fetch()]
        if keys:
            self.delete_many(keys)


class DatastoreEntities(KeyValue):
    """Google's client as its tutorial has it."""

    name = "its Client"
    distribution = "google-cloud-datastore"
    note = "google.cloud.datastore.Client with entities, and ormsgpack"

    def open(self) -> None:
        self._client: Any = datastore.Client(project=PROJECT)

    def close(self) -> None:
        self._client.close()

    def _key(self, key: str) -> Any:
        return self._client.key("Entities", key)

    def _entity(self, key: str, value: Any) -> Any:
        made: Any = datastore.Entity
        entity = made(self._key(key), exclude_from_indexes=("record",))
        entity["record"] = packb(value)
        return entity

    def requests(self) -> int:
        return sum(_made.values())

    def get(self, key: str) -> Any:
        entity = self._client.get(self._key(key))
        return None if entity is None else unpackb(entity["record"])

    def set(self, key: str, value: Any) -> None:
        self._client.put(self._entity(key, value))

    def delete(self, key: str) -> None:
        self._client.delete(self._key(key))

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        found = self._client.get_multi([self._key(key) for key in keys])
        return {entity.key.name: unpackb(entity["record"]) for entity in found}

    def set_many(self, values: dict[str, Any]) -> None:
        entities = [self._entity(*item) for item in values.items()]
        for at in range(0, len(entities), 500):
            self._client.put_multi(entities[at : at + 500])

    def delete_many(self, keys: list[str]) -> None:
        self._client.delete_multi([self._key(key) for key in keys])

    def clear(self) -> None:
        query = self._client.query(kind="Entities")
        query.keys_only()
        keys = [entity.key for entity in query.fetch()]
        for at in range(0, len(keys), 500):
            self._client.delete_multi(keys[at : at + 500])
