"""The floor of PostgreSQL: psycopg, binding as Django does, or with prepared statements."""

from __future__ import annotations

from typing import Any

import psycopg

from .sql_driver import SQLDriver


class PsycopgDriver(SQLDriver):
    name = "psycopg"
    distribution = "psycopg"
    types = ("TEXT", "BYTEA")

    def __init__(self, database: dict[str, Any], *, prepared: bool) -> None:
        super().__init__()
        self.note += ", prepared" if prepared else ", bound by the client as Django does"
        self._prepared = prepared
        self._place = {
            "host": database["HOST"],
            "port": database["PORT"],
            "user": database["USER"],
            "dbname": database["NAME"],
        }

    def connect(self) -> Any:
        if self._prepared:
            return psycopg.connect(**self._place, autocommit=True, prepare_threshold=0)
        return psycopg.connect(
            **self._place,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
        )
