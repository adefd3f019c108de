"""Backends of the small server that are wrong about the network, in one way each."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from django_kvstore import KVStoreError, OutcomeUnknown, Page, StoreURL, Unavailable

from .fault import breaks
from .shelf import Shelf, decoded, encoded

CUT = "test_a_write_that_was_cut_is_told_as_it_is"


@breaks("failure-unknown", CUT)
class CallsALostReplyAnOutage(Shelf):
    lost = Unavailable


@breaks("failure-unknown", CUT)
class LetsErrorsOut(Shelf):
    """The client's own errors reach the application."""

    def _receive(self, connection: socket.socket) -> Any:
        try:
            return super()._receive(connection)
        except OSError as error:
            raise EOFError("the connection has ended") from error


class Repeats(Shelf):
    """It sends every request that failed once more, as redis-py does."""

    def _ask(self, do: str, writes: bool = False, **arguments: Any) -> Any:
        try:
            return super()._ask(do, writes, **arguments)
        except KVStoreError:
            return super()._ask(do, writes, **arguments)


@breaks("failure-unknown", CUT)
class CountsTwice(Repeats):
    pass


@breaks("failure-unknown", "test_a_write_whose_answer_was_lost_is_sent_once")
class SendsTwice(Repeats):
    pass


@breaks("failure-timeout", "test_a_silent_server_keeps_nobody_waiting")
class WaitsWithoutEnd(Shelf):
    timeout = None


@breaks("failure-timeout", "test_a_late_answer_is_nobodys")
class TakesALateAnswer(Shelf):
    """A connection on which nothing came in time goes back into the pool."""

    def _discard(self, connection: socket.socket) -> None:
        self._give_back(connection)

    def _take(self) -> tuple[socket.socket, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._connect(), False


@breaks("failure-outage", "test_a_write_that_was_never_sent_is_an_outage")
class NeverKnows(Shelf):
    unsent = OutcomeUnknown


@breaks("failure-outage", "test_a_write_that_was_never_sent_is_an_outage")
class HidesTheCause(Shelf):
    def _ask(self, do: str, writes: bool = False, **arguments: Any) -> Any:
        try:
            return super()._ask(do, writes, **arguments)
        except KVStoreError as error:
            raise error from None


@breaks("flags-expires", "test_what_is_written_late_has_expired")
class KeepsWhatIsLate(Shelf):
    """As ``if ttl > 0: arguments += ["PX", ttl]`` does."""

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        late = expires is not None and expires <= time.time()
        super().set(key, record, None if late else expires)


@breaks("iteration-pages", "test_a_page_may_end_at_any_key")
class SpellsItsCursorsInASCII(Shelf):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells, following = super().scan(prefix, cursor, limit)
        spelled = following and following.encode("ascii", "replace").decode()
        return Page(cells, spelled)


@breaks("splitting-parts", "test_deleting_many_deletes_the_parts_of_each")
class TakesTheFirst(Shelf):
    """Of many cells that it deletes it returns one record."""

    def take_many(self, keys: Sequence[str]) -> tuple[int, dict[str, bytes]]:
        number, found = super().take_many(keys)
        return number, dict(list(found.items())[:1])


@breaks("failure-connections", "test_a_failed_call_keeps_no_connection")
class LeaksConnections(Shelf):
    leaked: ClassVar[list[socket.socket]] = []

    def _discard(self, connection: socket.socket) -> None:
        self.leaked.append(connection)


@breaks("failure-connections", "test_a_failed_call_keeps_no_connection")
class RunsOutOfConnections(Shelf):
    """A place in its pool is given back by calls that succeed."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._places = threading.Semaphore(20)

    def _take(self) -> tuple[socket.socket, bool]:
        self._places.acquire()
        return super()._take()

    def _give_back(self, connection: socket.socket) -> None:
        super()._give_back(connection)
        self._places.release()


@breaks("failure-recovery", "test_an_idle_connection_that_died_hurts_no_reader")
class TrustsItsPool(Shelf):
    def _take(self) -> tuple[socket.socket, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), False
        return self._connect(), False


@breaks("failure-recovery", "test_the_first_call_on_ended_connections_works")
class WritesWithoutLooking(Shelf):
    """It sends a write on an idle connection without a look whether the server has ended it."""

    def _take(self) -> tuple[socket.socket, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._connect(), False


@breaks("life-close", "test_close_ends_the_connections_of_every_thread")
class ClosesItsOwnConnections(Shelf):
    """close() ends the connections that the calling thread used last."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._owners: dict[socket.socket, int] = {}

    def _give_back(self, connection: socket.socket) -> None:
        self._owners[connection] = threading.get_ident()
        super()._give_back(connection)

    def close(self) -> None:
        me = threading.get_ident()
        with self._lock:
            own = [idle for idle in self._idle if self._owners[idle] == me]
            self._idle = [idle for idle in self._idle if idle not in own]
        for connection in own:
            connection.close()


@breaks("life-threads", "test_close_leaves_a_waiting_call_alone")
class ClosesConnectionsInUse(Shelf):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._made: list[socket.socket] = []

    def _connect(self) -> socket.socket:
        self._made.append(super()._connect())
        return self._made[-1]

    def close(self) -> None:
        super().close()
        for connection in self._made:
            with suppress(OSError):  # it was closed before
                connection.shutdown(socket.SHUT_RDWR)


class Remembers(Shelf):
    """It does not ask again for what it read before, until it writes."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._known: dict[str, bytes | None] = {}

    def remembers(self, record: bytes | None) -> bool:
        raise NotImplementedError

    def _ask(self, do: str, writes: bool = False, **arguments: Any) -> Any:
        if writes:
            self._known.clear()
        return super()._ask(do, writes, **arguments)

    def get(self, key: str) -> bytes | None:
        if key in self._known:
            return self._known[key]
        record = super().get(key)
        if self.remembers(record):
            self._known[key] = record
        return record


@breaks("flags-shared", "test_a_read_is_never_behind_another_process")
class RemembersValues(Remembers):
    def remembers(self, record: bytes | None) -> bool:
        return record is not None


@breaks("flags-shared", "test_a_read_is_never_behind_another_process")
class RemembersMisses(Remembers):
    def remembers(self, record: bytes | None) -> bool:
        return record is None


@breaks("life-secrets", "test_no_secret_is_in_an_error_of_the_network")
class ShowsItsPassword(Shelf):
    def failed(self, kind: type[KVStoreError], reason: str) -> KVStoreError:
        # Not by `error`, which hides the secrets that it knows.
        return kind(f"{self.url.text}: {reason}", alias=self.alias, scheme=self.scheme)


@breaks("life-check", "test_check_raises_nothing_in_an_outage")
class ChecksTheServer(Shelf):
    def check(self, **kwargs: Any) -> list[Any]:
        self.ping()
        return []


@breaks("life-fork", "test_a_fork_shares_no_connection")
class SharesItsPoolOverAFork(TrustsItsPool):
    def forked(self) -> None:
        self._lock = threading.Lock()


@breaks("replicas-writes", "test_an_atomic_call_sees_the_last_write")
class PopsFromAReplica(Shelf):
    def take(self, key: str) -> bytes | None:
        (text,) = self._ask("get", names=[key], replica=True)
        return decoded(text) if self.delete(key) else None

    def update(self, key: str, change: Any) -> None:
        (text,) = self._ask("get", names=[key], replica=True)
        write = change(decoded(text))
        if write is None:
            return
        if write.record is None:
            self.delete(key)
        else:
            self.set(key, write.record, write.expires)


@breaks("flags-expires", "test_every_way_of_writing_gives_the_expiry")
class DropsTheExpiryOfASwap(Shelf):
    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return super().compare_and_set(key, old, new, None if old is not None else expires)


@breaks("flags-expires", "test_every_way_of_writing_takes_the_expiry_away")
class KeepsTheExpiryOfASwap(Shelf):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._times: dict[str, float | None] = {}

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        super().set(key, record, expires)
        self._times[key] = expires

    def compare_and_set(
        self, key: str, old: bytes | None, new: bytes | None, expires: float | None
    ) -> bool:
        return super().compare_and_set(key, old, new, expires or self._times.get(key))


@breaks("flags-expires", "test_every_cell_of_a_bulk_write_expires")
class ExpiresTheFirstBatch(Shelf):
    def set_many(self, cells: Mapping[str, bytes], expires: float | None) -> None:
        names = list(cells)
        for start in range(0, len(names), 100):
            batch = {name: encoded(cells[name]) for name in names[start : start + 100]}
            self._ask("set", writes=True, cells=batch, expires=None if start else expires)


@breaks("iteration-changes", "test_a_walk_over_what_shrinks_and_grows_lists_a_key_once")
class ListsTwiceWhenItShrinks(Shelf):
    """As Redis' SCAN: a table that shrinks is gone through again from an earlier place."""

    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._last: list[str] = []

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        kept = self.get_many(self._last) if cursor and self._last else {}
        if cursor and 0 < len(kept) < len(self._last) / 4:
            self._last = []
            cursor = min(kept)[:-1]
        cells, following = super().scan(prefix, cursor, limit)
        self._last = [name for name, _ in cells]
        return Page(cells, following)


@breaks("iteration-once", "test_walks_of_many_pages_list_every_key_once")
class SkipsTheLastOfAPage(Shelf):
    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        cells, following = super().scan(prefix, cursor, limit)
        return Page(cells[:-1] if following else cells, following)


@breaks("namespaces-apart", "test_namespaces_stay_apart_while_threads_use_them")
class ExchangesPrefixes(Shelf):
    """The last prefix is kept for all threads, and read again."""

    prefix: str = ""

    def _full(self, key: str) -> str:
        self.prefix, _, rest = key.partition(":")
        time.sleep(0)
        return f"{self.prefix}:{rest}"

    def get(self, key: str) -> bytes | None:
        return super().get(self._full(key))

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        super().set(self._full(key), record, expires)


@breaks("life-provision", "test_provisioning_again_changes_nothing")
class EmptiesWhatItProvisions(Shelf):
    def provision(self) -> bool:
        self.clear("")
        return False


@breaks("life-provision", "test_provisioning_again_changes_nothing")
class AlwaysProvisions(Shelf):
    def provision(self) -> bool:
        return True


@breaks("life-check", "test_check_returns_messages")
class RaisesInItsCheck(Shelf):
    def check(self, **kwargs: Any) -> list[Any]:
        raise KeyError("timeout")


@breaks("life-lazy", "test_making_a_store_does_no_io")
class ReadsAFileAtOnce(Shelf):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        Path(__file__).read_text()


@breaks("life-lazy", "test_making_a_store_does_no_io")
class ConnectsWhenMade(Shelf):
    def __init__(self, alias: str, url: StoreURL, params: Mapping[str, Any]) -> None:
        super().__init__(alias, url, params)
        self._give_back(self._connect())


@breaks("backend-delete", "test_3_delete_says_whether_there_was_a_cell")
class AlwaysDeletes(Shelf):
    def delete(self, key: str) -> bool:
        super().delete(key)
        return True


@breaks("backend-scan", "test_8_scan_lists_the_cells_of_a_prefix")
class DeclaresAScan(Shelf):
    """A flag that is declared and not kept."""

    def scan(self, prefix: str, cursor: str | None, limit: int) -> Page:
        raise self.unsupported("list its keys", "iterable")


@breaks("flags-expires", "test_expires_itself_is_as_declared")
class DeclaresItsExpiry(Shelf):
    """A flag that is declared and not kept."""

    def set(self, key: str, record: bytes, expires: float | None) -> None:
        super().set(key, record, None)


@breaks("flags-limits", "test_declared_flags_are_booleans")
class KnowsItsFlagsLater(Shelf):
    """A flag that is known after the first connection."""

    durable: Any = True

    def _connect(self) -> socket.socket:
        self.durable = False
        return super()._connect()
