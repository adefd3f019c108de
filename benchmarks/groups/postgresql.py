"""``db://`` on PostgreSQL as Django connects to it by default."""

from __future__ import annotations

from typing import Any

from servers.postgresql import PostgreSQL

from ..contestant import Contestant
from ..contestants.constance_settings import Constance
from ..contestants.django_cache import DatabaseCache
from ..contestants.psycopg_driver import PsycopgDriver
from ..contestants.store import Store
from ..databases import database_settings
from ..stage import Stage
from . import Group


def contestants(
    stage: Stage, *, prepared: bool = False, options: dict[str, Any] | None = None
) -> list[Contestant]:
    server = stage.server(PostgreSQL())
    stage.machine["PostgreSQL"] = server.sql("SHOW server_version").strip()
    database = {**server.django_database(), "OPTIONS": options or {}}
    stage.configure(**database_settings(database))
    # A model can be made only once Django is configured.
    from ..contestants.orm import ORM

    return [
        Store(),
        PsycopgDriver(database, prepared=prepared),
        DatabaseCache(),
        ORM(),
        Constance("constance"),
    ]


GROUP = Group("db on PostgreSQL, Django's default settings", contestants)
