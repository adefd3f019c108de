"""What a call costs where there are a hundred times as many keys."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice
from typing import Any

from django.db import connections

from servers.postgresql import PostgreSQL

from ..contestant import Columns, Contestant
from ..contestants.sqlite_driver import PRAGMAS
from ..contestants.store import Store
from ..databases import sqlite_entry
from ..operations import SINGLE, Operation
from ..result import Entrant
from ..rounds import Match, Samples
from ..scale import Scale
from ..stage import Missing, Stage
from ..workload import Workload
from . import Measurement

FEW, MANY = "few keys", "many keys"
#: Entries of a page.
PAGE = 250
_MEASURED = ("get_hit", "set_over", "set_new", "delete")


class SizedStore(Store):
    """A store of so many keys."""

    def __init__(self, alias: str, name: str, role: Any) -> None:
        super().__init__(alias)
        self.name = name
        self.role = role

    def page(self, cursor: str | None) -> int:
        return len(self._store.scan("", cursor, PAGE).entries)

    def cursors(self, keys: int) -> list[str | None]:
        """Return where forty pages begin that lie all over the store."""
        found: list[str | None] = []
        cursor = None
        apart = max(1, keys // PAGE // 40)
        for number in range(keys // PAGE - 1):
            if number % apart == 0:
                found.append(cursor)
            _, cursor = self._store.backend.scan_keys(self._store.coder.prefix(""), cursor, PAGE)
        return found


def _pages(who: Contestant, work: Workload, number: int) -> Columns:
    assert isinstance(who, SizedStore)
    if not hasattr(who, "starts"):
        who.starts = cycle(who.cursors(len(work.keys)))  # type: ignore[attr-defined]
    return (list(islice(who.starts, number)),)  # type: ignore[attr-defined]


def measure(stage: Stage, scale: Scale) -> tuple[list[Entrant], Samples]:
    engines = ["sqlite"]
    databases = {"default": sqlite_entry(stage.folder / "scaling.db", PRAGMAS)}
    databases["sqlite"] = databases["default"]
    try:
        server = stage.server(PostgreSQL())
    except Missing as missing:
        stage.note(f"Left out: {missing}.")
    else:
        engines.append("postgresql")
        databases["postgresql"] = server.django_database()
        stage.machine["PostgreSQL"] = server.sql("SHOW server_version").strip()
    sizes = {"few": scale.few, "many": scale.many}
    stage.configure(
        DATABASES=databases,
        KEY_VALUE_STORES={
            f"{engine}_{size}": f"db://{size}?using={engine}"
            for engine in engines
            for size in sizes
        },
    )
    names = {"few": FEW, "many": MANY}
    samples: Samples = {}
    for engine in engines:
        samples.update(_of_engine(engine, names, sizes, scale))
    stage.note(f"Few keys are {scale.few:,}, many are {scale.many:,}.")
    stage.note_files()
    stage.note(f"A page is {PAGE} entries, of forty that lie all over the store.")
    return [Entrant(names["many"], "ours"), Entrant(names["few"], "floor")], samples


def _of_engine(engine: str, names: dict[str, str], sizes: dict[str, int], scale: Scale) -> Samples:
    contestants = [
        SizedStore(f"{engine}_{size}", names[size], {"many": "ours", "few": "floor"}[size])
        for size in ("many", "few")
    ]
    match = Match(contestants, 200, scale)
    for each, size in zip(contestants, ("many", "few"), strict=True):
        each.open()
        match.works[each.name] = Workload(200, sizes[size])
    match.fill()
    with connections[engine].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if engine == "postgresql" else "PRAGMA optimize")
    for operation in (*SINGLE, Operation("page", "one page", "page", _pages)):
        if operation.name in (*_MEASURED, "page"):
            match.play(replace(operation, name=f"{engine}_{operation.name}"))
    for each in contestants:
        each.close()
    return match.samples


GROUP = Measurement("Cost per call, by the number of keys", measure)
