"""``db://`` on SQLite, with its write-ahead log, beside the bare module."""

from __future__ import annotations

from sqlite3 import sqlite_version

from diskcache import Cache
from key_value.aio.stores.disk import DiskStore

from ..contestant import Contestant
from ..contestants.cashews_cache import Cashews
from ..contestants.constance_settings import Constance
from ..contestants.disk_cache import DiskCache
from ..contestants.django_cache import DatabaseCache
from ..contestants.py_key_value import PyKeyValue
from ..contestants.sqlite_driver import PRAGMAS, SQLiteDriver
from ..contestants.store import Store
from ..databases import ALIASES, database_settings, sqlite_entry
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    entries = [sqlite_entry(stage.folder / f"{alias}.db", PRAGMAS) for alias in ALIASES]
    stage.configure(**database_settings(*entries))
    stage.machine["SQLite"] = sqlite_version
    stage.note("SQLite everywhere with journal_mode = WAL and synchronous = NORMAL.")
    stage.note_files()
    # A model can be made only once Django is configured.
    from ..contestants.orm import ORM

    folder = stage.folder
    disk = Cache(str(folder / "py-key-value"), eviction_policy="none", size_limit=2**40)
    stage.later(disk.close)
    return [
        Store(),
        SQLiteDriver(folder),
        DatabaseCache(),
        ORM(),
        DiskCache(folder),
        Constance("constance"),
        PyKeyValue(lambda: DiskStore(disk_cache=disk), clear=disk.clear),
        Cashews(f"disk://?directory={folder / 'cashews'}&shards=1"),
    ]


GROUP = Group("db on SQLite", contestants)
