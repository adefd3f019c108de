"""The floor of MariaDB: PyMySQL, the driver under Django's connection too."""

from __future__ import annotations

from typing import Any

import pymysql

from .sql_driver import SQLDriver


class PyMySQLDriver(SQLDriver):
    name = "PyMySQL"
    distribution = "PyMySQL"
    # A text's default collation takes two keys for one.
    types = ("VARBINARY(255)", "LONGBLOB")
    overwrite = "ON DUPLICATE KEY UPDATE value = VALUES(value)"
    leave = "ON DUPLICATE KEY UPDATE value = value"

    def __init__(self, database: dict[str, Any]) -> None:
        super().__init__()
        self._place = {
            "host": database["HOST"],
            "port": int(database["PORT"]),
            "user": database["USER"],
            "database": database["NAME"],
            "charset": "utf8mb4",
        }

    def quote(self, name: str) -> str:
        return f"`{name}`"

    def connect(self) -> Any:
        return pymysql.connect(**self._place, autocommit=True)

    def get_many(self, keys: list[str]) -> dict[str, Any]:
        return {key.decode(): value for key, value in super().get_many(keys).items()}  # type: ignore[attr-defined]
