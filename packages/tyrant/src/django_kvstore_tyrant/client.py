"""Requests to one server: a connection for each, stale ones renewed, failures told apart.

``client.ask(protocol.get(b"key"))``, and ``client.tell(protocol.put(b"key", b"value"))``.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from django_kvstore.errors import KVStoreError, OutcomeUnknown, Refused, Timeout, Unavailable
from django_kvstore.line import dial, show

from .connection import SLOWEST, Connection
from .greeting import Server, Unusable, greet
from .pool import Pool
from .protocol import Command, ProtocolError

E = TypeVar("E", bound=KVStoreError)

_FAILURES: Final = (OSError, ProtocolError)


class Client:
    """Thread-safe; opens nothing before the first request. `alias` is for the errors."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        connect_timeout: float,
        timeout: float,
        pool_size: int,
        alias: str,
    ) -> None:
        self._address = address
        self._where = show(address)
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._pool_size = pool_size
        self._alias = alias
        self._pool = Pool(pool_size)
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """What the server said when it was last connected to."""
        if self._server is None:
            self._pool.give(self._open())
        assert self._server is not None
        return self._server

    def ask(self, *commands: Command) -> list[Any]:
        """Return the replies to commands that may be sent twice, because they only read.

        Raises `Unavailable` or `Timeout`.
        """
        return self._run(commands, writes=False)

    def tell(self, *commands: Command) -> list[Any]:
        """Return the replies to commands that write, which are sent once.

        Raises `Unavailable` when the server cannot have got them, `OutcomeUnknown` when it may.
        """
        return self._run(commands, writes=True)

    def _run(self, commands: tuple[Command, ...], *, writes: bool) -> list[Any]:
        idle = self._pool.take()
        while True:
            connection = idle or self._open()
            try:
                replies = connection.run(commands)
            except _FAILURES as error:
                if writes and connection.sent:
                    raise self.error(
                        OutcomeUnknown,
                        f"a write was sent to {self._where} and its answer was lost: {error}.",
                        hint="It may have happened or not: read, then decide.",
                    ) from error
                if isinstance(error, TimeoutError):
                    raise self._late(error) from error
                if idle is None:
                    raise self._lost(error) from error
                # It had been ended without a sign of it; a fresh one tells.
                idle = None
            else:
                self._pool.give(connection)
                return replies

    def must(self, done: bool) -> None:
        """Raise `Refused` unless the server did what fails only when it cannot write."""
        if not done:
            raise self.error(
                Refused,
                f"{self._where} failed to write.",
                hint="See that its disk has room, and that its database is opened for writing.",
            )

    def error(self, kind: type[E], reason: str, *, hint: str = "") -> E:
        """Make an error as the backend does, without holding it: it holds the client."""
        return kind(reason, alias=self._alias, scheme="tyrant", hint=hint)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def weed(self) -> None:
        """Close the idle connections that the server has ended."""
        self._pool.weed()

    def forget(self) -> None:
        """Leave the idle connections to the process that this one was forked from."""
        self._pool = Pool(self._pool_size)

    def _open(self) -> Connection:
        try:
            line = dial(
                self._address,
                connect_timeout=self._connect_timeout,
                timeout=self._timeout,
                pace=SLOWEST,
            )
        except TimeoutError as error:
            raise self._late(error) from error
        except OSError as error:
            raise self.error(
                Unavailable,
                f"{self._where} cannot be reached: {error}.",
                hint="Is ttserver running there, and does no firewall stand between?",
            ) from error
        connection = Connection(line)
        try:
            self._server = greet(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, Unusable):
                raise self.error(
                    Refused, f"{self._where}: {error.reason}", hint=error.hint
                ) from error
            if isinstance(error, TimeoutError):
                raise self._late(error) from error
            if isinstance(error, _FAILURES):
                raise self._lost(error) from error
            raise
        return connection

    def _late(self, error: OSError) -> KVStoreError:
        return self.error(
            Timeout,
            f"{self._where} did not answer in time.",
            hint="Is it ttserver that listens there? Raise 'timeout' or 'connect_timeout' in the "
            "URL if it is merely slow.",
        )

    def _lost(self, error: Exception) -> KVStoreError:
        return self.error(
            Unavailable,
            f"the connection to {self._where} failed: {error}.",
            hint="Is it ttserver that listens there?",
        )
