"""One memcached server: its pool of connections, and what its failures mean.

``server.run(lambda connection: connection.get(b"key"))``
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
)

from django_kvstore.errors import (
    CorruptValue,
    KVStoreError,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Timeout,
    Unavailable,
    ValueTooLarge,
)
from django_kvstore.line import Address, show
from django_kvstore.records import BadRecord

from .commands import NoConnectionLeft
from .connection import Connection
from .generations import Generations

T = TypeVar("T")
E = TypeVar("E", bound=KVStoreError)

#: What a connection raises: the client's errors, the socket's, and two over unreadable answers.
_FAILURES: Final = (OSError, MemcacheError, ValueError, KeyError)


class ErrorMaker(Protocol):
    """`django_kvstore.Backend.error`."""

    def __call__(self, kind: type[E], reason: str, *, hint: str = ...) -> E: ...


class Server:
    """One server; thread-safe, and without a connection until there is something to ask."""

    def __init__(self, address: Address, options: Mapping[str, Any], error: ErrorMaker) -> None:
        #: What rendezvous hashing knows it by, too.
        self.name = show(address)
        self._address = address
        self._options = options
        self._error = error
        self._start()

    def _start(self) -> None:
        # The one used last is at the right end and is used next.
        self._idle: deque[Connection] = deque()
        self.generations = Generations(self._options["refresh"])

    def start_over(self) -> None:
        """Leave the connections to the parent process, with a lock that nobody holds."""
        # This closes the child's handles alone: nothing is sent, and the parent's stay open.
        self._start()

    # Asking.

    def run(self, ask: Callable[[Connection], T], *, writes: bool = False) -> T:
        """Return what `ask` makes of a connection that is its own meanwhile.

        An idle connection may have died with a restart of the server. It is looked at before a
        write, and when it fails although nothing can have been written, `ask` is called once more
        with a new one. Every failure closes its connection, lest the next to use it be given a
        late answer to somebody else's question.

        All of it has `timeout` seconds, connecting and asking for a generation included.
        """
        until = time.monotonic() + self._options["timeout"]
        connection = self._take_idle(look=writes)
        while True:
            fresh = connection is None
            if connection is None:
                connection = self._connect(until)
            connection.line.until = until
            try:
                answer = ask(connection)
            except KVStoreError:  # `ask` decided against sending: the connection is in order
                self._give_back(connection)
                raise
            except _FAILURES as failure:
                connection.close()
                final = isinstance(failure, TimeoutError) or _is_refusal(failure)
                if fresh or final or connection.may_have_written:
                    raise self._told(failure, connection) from failure
                connection = None
            except BaseException:
                connection.close()
                raise
            else:
                self._give_back(connection)
                return answer

    def no_room(self, connection: Connection, record_bytes: int) -> ValueTooLarge:
        """Return the error for a record that the server would refuse; it was not sent.

        The server would delete the old value, too.
        """
        return self._error(
            ValueTooLarge,
            f"a record of {record_bytes} bytes does not fit the memcached server {self.name}, "
            f"whose items have {connection.largest_item} at most.",
            hint="The old value stays. Give the store's URL 'item_bytes="
            f"{connection.largest_record}', so that larger values are split, or start the "
            "server with a larger -I.",
        )

    def no_versions(self) -> NotSupported:
        """Return the error for a server that can change no entry on a condition; none was."""
        return self._error(
            NotSupported,
            f"the memcached server {self.name} gives its entries no versions, so none can be "
            "changed atomically.",
            hint="This step changed nothing, and what the call had stored before it stays. Start "
            "the server without the option -C.",
        )

    def prepare(self) -> None:
        """Raise `Unavailable` if the server is out of reach; costs no request if it is not."""
        self.run(lambda connection: None, writes=True)

    def clear(self, prefix: str) -> int:
        """Give the prefix a new generation, so that its entries are gone."""
        self.run(lambda connection: self.generations.renew(connection, prefix), writes=True)
        return 1

    # The pool. Every step is one operation on a deque, which is atomic.

    def close_idle(self, older_than: float = -1.0) -> None:
        """Close the connections that nobody has used for so many seconds."""
        oldest = time.monotonic() - older_than
        while self._idle:
            try:
                connection = self._idle.popleft()
            except IndexError:
                return
            if connection.last_used > oldest:
                self._idle.appendleft(connection)
                return
            connection.close()

    def _take_idle(self, *, look: bool) -> Connection | None:
        oldest = time.monotonic() - self._options["idle_timeout"]
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            # After a long silence a firewall may have forgotten it, and would say nothing.
            if connection.last_used > oldest and not (look and connection.line.disturbed()):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        connection.writing = 0
        if len(self._idle) < self._options["pool_size"]:
            self._idle.append(connection)
        else:
            connection.close()

    def _connect(self, until: float) -> Connection:
        timeout, left = self._options["timeout"], max(until - time.monotonic(), 0.001)
        limit = min(self._options["connect_timeout"], left)
        try:
            return Connection(self._address, connect_timeout=limit, timeout=timeout)
        except TimeoutError as failure:
            raise self._error(
                Timeout,
                f"connecting to the memcached server {self.name} took longer than {limit:.3g} s.",
                hint="Nothing was sent. See that it runs and that no firewall is between.",
            ) from failure
        except (OSError, ValueError) as failure:  # ValueError: a name that cannot be looked up
            raise self._error(
                Unavailable,
                f"the memcached server {self.name} cannot be reached ({failure}).",
                hint="Nothing was sent. See that it runs, and that the store's URL is right.",
            ) from failure

    # Failures.

    def _told(self, failure: Exception, connection: Connection) -> KVStoreError:
        """Return the error that tells of a failure what the caller must know."""
        server = f"the memcached server {self.name}"
        if isinstance(failure, BadRecord):
            return self._error(
                CorruptValue,
                f"{server} holds something of its own: {failure}.",
                hint="Clear the store: that gives it a new one.",
            )
        if isinstance(failure, NoConnectionLeft):
            return self._error(
                Unavailable,
                f"{server} has reached the limit of its connections, and accepts no other.",
                hint="Nothing was written. Start it with a larger -c, or give the store's URL a "
                "smaller 'pool_size': each process keeps so many connections.",
            )
        if _words(failure) == "unauthenticated":
            return self._error(
                Refused,
                f"{server} refused: it wants a user name and a password.",
                hint="Nothing was written. Start it without -Y and -S: neither is supported.",
            )
        if _is_refusal(failure) and connection.writing <= 1:
            return self._refused(failure, server, writes=connection.writing > 0)
        if connection.may_have_written:
            return self._error(
                OutcomeUnknown,
                f"{server} was sent a write, and its answer was lost ({_words(failure)}).",
                hint="It may or may not have happened: read first, then decide.",
            )
        if isinstance(failure, TimeoutError):
            return self._error(
                Timeout,
                f"{server} did not answer within {self._options['timeout']:g} s.",
                hint="Nothing was written. See how busy it is, or give the store's URL a "
                "longer 'timeout'.",
            )
        return self._error(
            Unavailable,
            f"{server} gave no proper answer ({_words(failure)}).",
            hint="Nothing was written. See that it runs and that it is a memcached.",
        )

    def _refused(self, failure: Exception, server: str, *, writes: bool) -> KVStoreError:
        words = _words(failure)
        if not writes:
            return self._error(
                Unavailable,
                f"{server} refused to answer: {words}.",
                hint="Nothing was written. See that it is a memcached, and what its log says.",
            )
        if "too large" in words:
            return self._error(
                ValueTooLarge,
                f"{server} refused the value: {words}.",
                hint="memcached deletes the old value then. Start it with a larger -I, or give "
                "the store's URL a smaller 'item_bytes'.",
            )
        if "out of memory" in words:
            return self._error(
                Refused,
                f"{server} refused the value: {words}.",
                hint="The value was not stored, and memcached may have dropped the old one. Start "
                "it with more memory (-m), or without -M, so that it makes room.",
            )
        return self._error(
            Unavailable,
            f"{server} refused: {words}.",
            hint="The value was not stored. See that it is a memcached, and what its log says.",
        )


def _is_refusal(failure: Exception) -> bool:
    """Say whether the server answered in full, and the answer was no."""
    return isinstance(failure, (MemcacheClientError, MemcacheServerError)) and not isinstance(
        failure, MemcacheUnexpectedCloseError
    )


def _words(failure: Exception) -> str:
    said = failure.args[0] if failure.args else ""
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(failure)
    return text or type(failure).__name__
