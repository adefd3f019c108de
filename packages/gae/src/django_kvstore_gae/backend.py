"""Cells as entities of one kind in one Datastore namespace: what each operation asks and answers.

``DatastoreBackend`` is what ``gae://project/namespace?kind=KVStore&database=sessions`` opens.

An entity's version says whether somebody has changed it, so nothing here needs a transaction: a
mutation made for one version does nothing when that is no longer the one there, and says so.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from django_kvstore.backend import Backend, KeyPage, Page, Write
from django_kvstore.params import Param, positive
from django_kvstore.url import StoreURL

from .params import read_credentials, read_database, read_kind

if TYPE_CHECKING:
    from .entities import Found
    from .session import Session

#: How long to wait, in seconds, before another try at what others changed: about as long as a write
#: takes. With 32 contenders that is twice as fast as to start with a millisecond.
_PAUSES = (0.02, 0.2)

_NAMESPACE = re.compile(r"[A-Za-z0-9._\-]{0,100}", re.ASCII)


class DatastoreBackend(Backend):
    """Entities of Google Cloud Datastore, which is Firestore in Datastore mode."""

    scheme = "gae"
    params = (
        Param("kind", read_kind, "KVStore", "The kind of the entities."),
        Param(
            "database",
            read_database,
            "",
            "The database's id; without it, the project's default one.",
        ),
        Param("timeout", positive, 10.0, "Seconds to wait for an answer."),
        Param(
            "credentials",
            read_credentials,
            None,
            "A service account's key file, or in OPTIONS the dict it holds; without it, the "
            "application default credentials.",
            secret=True,
        ),
    )

    atomic = True
    iterable = True
    clearable = True

    #: An entity has 1,048,572 bytes, and besides the record the names of its key, up to 5 KB.
    cell_bytes = 1_040_000

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        if len(url.hosts) > 1 or url.username is not None:
            raise ValueError("the URL names one project, as in 'gae://project/namespace'")
        if not _NAMESPACE.fullmatch(url.path):
            raise ValueError(
                f"the Datastore namespace '{url.path}' is not up to 100 ASCII letters, digits or "
                "any of . _ -"
            )
        self._lock = Lock()
        self._opened: Session | None = None
        self._inherited: list[Session] = []

    # One cell.

    def get(self, key: str) -> bytes | None:
        return self.get_many([key]).get(key)

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        self.set_many({key: record}, expires)

    def delete(self, key: str) -> bool:
        return self.delete_many([key]) > 0

    def take(self, key: str) -> bytes | None:
        session = self._session()
        for _ in self.tries(*_PAUSES):
            found = session.lookup([key]).get(key)
            if found is None or session.replace(key, found.version, None, None):
                break
        return None if found is None else found.record

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        session = self._session()
        if old is None:
            if new is None:
                return self.get(key) is None
            return session.insert(key, new, expires)
        found = session.lookup([key]).get(key)
        return (
            found is not None
            and found.record == old
            and session.replace(key, found.version, new, expires)
        )

    def update(self, key: str, change: Callable[[bytes | None], Write | None]) -> None:
        # As the base class has it, but the version of what was read saves reading it again.
        session = self._session()
        for _ in self.tries(*_PAUSES):
            found = session.lookup([key]).get(key)
            write = change(None if found is None else found.record)
            if write is None:
                return
            if found is not None:
                done = session.replace(key, found.version, *write)
            else:
                done = write.record is None or session.insert(key, write.record, write.expires)
            if done:
                return

    # Many cells.

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        return {key: found.record for key, found in self._session().lookup(keys).items()}

    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        self.in_turn(self._session().upsert(cells, expires))

    def delete_many(self, keys: Sequence[str]) -> int:
        return self.in_turn(self._deletes(keys))

    def _deletes(self, keys: Sequence[str]) -> Iterator[int]:
        # Datastore does not tell whether it deleted anything; that the version was there does.
        session, remaining = self._session(), keys
        for _ in self.tries(*_PAUSES):
            found = session.lookup(remaining, light=True)
            remaining = yield from session.delete(found.values())
            if not remaining:
                break

    # The cells of a prefix.

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        found, following = self._session().query(prefix, cursor, limit)
        return Page([(each.cell, each.record) for each in found], following)

    def scan_keys(self, prefix: str, cursor: str | None, limit: int) -> KeyPage:
        found, following = self._session().query(prefix, cursor, limit, light=True)
        now = time.time()
        return KeyPage([each.cell for each in found if not each.expired(now)], following)

    def clear(self, prefix: str) -> int:
        def steps() -> Iterator[int]:
            for page in self._pages(prefix):
                now = time.time()
                expired = [each for each in page if each.expired(now)]
                changed = yield from _uncounted(self._session().delete(expired))
                alive = [each for each in page if not each.expired(now)]
                changed += yield from self._session().delete(alive)
                if changed:
                    yield from self._deletes(changed)

        return self.in_turn(steps())

    def purge(self, prefix: str, now: float) -> int:
        # One that somebody has changed meanwhile stays.
        return self.in_turn(
            done
            for page in self._pages(prefix)
            for done in self._session().delete([each for each in page if each.expired(now)])
        )

    def _pages(self, prefix: str) -> Iterator[list[Found]]:
        cursor = None
        while True:
            found, cursor = self._session().query(prefix, cursor, 500, light=True)
            yield found
            if cursor is None:
                return

    # The engine's life. There is nothing to provision: Datastore makes a kind by writing to it.

    @property
    def place(self) -> Hashable:
        where = (self.options["database"], self.options["kind"])
        return (self.scheme, self.url.location, self.url.path, *where)

    def check(self, **kwargs: Any) -> Iterable[CheckMessage]:
        if kwargs.get("deploy") and os.environ.get("DATASTORE_EMULATOR_HOST"):
            yield CheckWarning(
                f"The store '{self.alias}' talks to the emulator that DATASTORE_EMULATOR_HOST "
                "names.",
                hint="An emulator keeps nothing safe: unset the variable to reach Google Cloud.",
                id="django_kvstore.gae.W001",
            )

    def close(self) -> None:
        # gRPC closes a channel that nobody holds: those who wait for an answer still get it.
        self._opened = None

    def forked(self) -> None:
        # gRPC's channels do not survive a fork. The parent's is kept, unused, because gRPC may
        # hang when it is torn down here; its lock may be held by a thread that is not here.
        self._lock = Lock()
        if self._opened is not None:
            self._inherited.append(self._opened)
            self._opened = None

    def _session(self) -> Session:
        session = self._opened
        if session is not None:
            return session
        with self._lock:
            session = self._opened
            if session is None:
                # Here because of what it costs: importing Google's client takes half a second.
                from .session import Session

                session = self._opened = Session(self)
            return session


def _uncounted(steps: Generator[int, None, list[str]]) -> Generator[int, None, list[str]]:
    """Go through the steps, and count nothing for each."""
    while True:
        try:
            next(steps)
        except StopIteration as over:
            changed: list[str] = over.value
            return changed
        yield 0
