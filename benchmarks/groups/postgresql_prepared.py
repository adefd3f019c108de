"""The same with parameters bound by the server, and statements prepared."""

from __future__ import annotations

from ..contestant import Contestant
from ..stage import Stage
from . import Group
from .postgresql import contestants as of_postgresql

OPTIONS = {"server_side_binding": True, "prepare_threshold": 0}


def contestants(stage: Stage) -> list[Contestant]:
    stage.note(f"Django's OPTIONS: {OPTIONS}.")
    return of_postgresql(stage, prepared=True, options=OPTIONS)


GROUP = Group("db on PostgreSQL, prepared statements", contestants, bulk=False)
