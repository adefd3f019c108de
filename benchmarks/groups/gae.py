"""``gae://`` beside Google's own client, on Google's emulator."""

from __future__ import annotations

import os

from servers.datastore import Datastore

from ..contestant import Contestant
from ..stage import Stage
from . import Group


def contestants(stage: Stage) -> list[Contestant]:
    server = stage.server(Datastore())
    stage.note("The server is Google's emulator, in Java; its time is most of every number here.")
    os.environ["DATASTORE_EMULATOR_HOST"] = server.address
    stage.configure(KEY_VALUE_STORES={"default": "gae://benchmarks/store"})
    # Google's client is imported once the emulator is known.
    from ..contestants.datastore_client import (
        CountedStore,
        DatastoreCalls,
        DatastoreEntities,
        count_requests,
    )

    count_requests()
    return [CountedStore(), DatastoreCalls(), DatastoreEntities()]


GROUP = Group("gae", contestants, bulk=False)
