"""``tyrant://`` beside a bare socket, on a ttserver where there is one."""

from __future__ import annotations

from servers.tyrant import TokyoTyrant, Tyrant, TyrantStandIn

from ..contestant import Contestant
from ..contestants.store import Store
from ..contestants.tyrant_socket import TyrantOf2010, TyrantSocket
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    real = TokyoTyrant("hash").available() is None
    kind: type[Tyrant] = TokyoTyrant if real else TyrantStandIn
    if not real:
        stage.note("No ttserver is here: the server is the tests' stand-in, which is in Python.")
    # A server for each, so that nobody walks over the others' keys.
    ours, floor, old = (stage.server(kind("hash", thnum=16)) for _ in range(3))
    stage.configure(KEY_VALUE_STORES={"default": f"tyrant://{ours.address}"})
    return [
        Store(),
        TyrantSocket((floor.host, floor.port)),
        TyrantOf2010((old.host, old.port)),
    ]


GROUP = Group("tyrant", contestants)
