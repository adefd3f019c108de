"""``db://`` on MariaDB, by way of PyMySQL."""

from __future__ import annotations

import pymysql

from servers.mariadb import MariaDB

from ..contestant import Contestant
from ..contestants.django_cache import DatabaseCache
from ..contestants.pymysql_driver import PyMySQLDriver
from ..contestants.store import Store
from ..databases import database_settings
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    pymysql.install_as_MySQLdb()
    server = stage.server(MariaDB())
    stage.machine["MariaDB"] = server.sql("SELECT version()").strip()
    stage.note("Django reaches MariaDB by PyMySQL here, which is in Python; so does the floor.")
    database = server.django_database()
    stage.configure(**database_settings(database))
    # A model can be made only once Django is configured.
    from ..contestants.orm import ORM

    return [Store(), PyMySQLDriver(database), DatabaseCache(), ORM()]


GROUP = Group("db on MariaDB", contestants)
