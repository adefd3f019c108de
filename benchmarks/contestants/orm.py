"""Django's ORM: a model of a key and the serialized value, as one would write it oneself."""

from __future__ import annotations

from typing import Any

from django.db import connections, models
from ormsgpack import packb, unpackb

from ..contestant import KeyValue


class Row(models.Model):
    """The model; its table is made by `ORM.open`, without migrations."""

    key: Any = models.CharField(max_length=255, primary_key=True)
    value: Any = models.BinaryField()

    class Meta:
        app_label = "benchmarks"
        db_table = "benchmark_orm"


class ORM(KeyValue):
    name = "the ORM"
    distribution = "Django"
    note = "with ormsgpack in a BinaryField"

    def __init__(self, database: str = "orm") -> None:
        self._database = database
        self._rows = Row._default_manager.using(database)

    def open(self) -> None:
        with connections[self._database].schema_editor() as editor:
            editor.create_model(Row)

    def close_thread(self) -> None:
        connections.close_all()

    def clear(self) -> None:
        self._rows.all().delete()

    def get(self, key: str) -> Any:
        try:
            return unpackb(self._rows.get(pk=key).value)
        except Row.DoesNotExist:
            return None

    def set(self, key: str, value: Any) -> None:
        self._rows.update_or_create(pk=key, defaults={"value": packb(value)})

    def delete(self, key: str) -> bool:
        return bool(self._rows.filter(pk=key).delete()[0])

    def add(self, key: str, value: Any) -> bool:
        _, added = self._rows.get_or_create(pk=key, defaults={"value": packb(value)})
        return bool(added)

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        return {row.key: unpackb(row.value) for row in self._rows.filter(pk__in=keys)}

    def set_many(self, values: dict[str, Any]) -> None:
        rows = [Row(key=key, value=packb(value)) for key, value in values.items()]
        # MySQL's upsert takes the unique key that there is, and no name of one.
        by_key = connections[self._database].vendor != "mysql"
        self._rows.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=["value"],
            unique_fields=["key"] if by_key else None,
        )

    def delete_many(self, keys: list[str]) -> int:
        return int(self._rows.filter(pk__in=keys).delete()[0])

    def walk(self) -> int:
        rows = ((row.key, unpackb(row.value)) for row in self._rows.iterator())
        return sum(1 for _ in rows)
