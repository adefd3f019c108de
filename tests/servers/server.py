"""The noun ``Server``: one engine's process, started on a free port in a folder of its own.

``with Memcached() as server: ...``; ``server.kill()``, ``server.restart()`` on the same port and
data. A subclass says what to run and when it is ready; starting, stopping, ports, folders and the
death of the test process are settled here, once.
"""

from __future__ import annotations

import abc
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import ClassVar, TypeVar

from django_kvstore_testing.port import HOST, Port, busy
from servers.account import Account
from servers.failure import ServerError

Self = TypeVar("Self", bound="Server")

LEASH = Path(__file__).with_name("leash.py")


class Server(abc.ABC):
    """One server process. Made without any I/O; ``start`` and ``with`` start it.

    Its folder, port and data stay from the first ``start`` to ``close``, so ``stop`` and
    ``start``, or ``restart``, bring it back where its clients look for it. When the test process
    dies, even by SIGKILL, the server dies with it and its folder goes.
    """

    name: ClassVar[str]
    """What people call it: "PostgreSQL"."""

    users: ClassVar[tuple[str, ...]] = ()
    """Whom to run it as when the tests run as root: the first of these that exists."""

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    start_seconds: ClassVar[float] = 30.0
    stop_seconds: ClassVar[float] = 15.0

    def __init__(self) -> None:
        self.host = HOST
        self.owner: int | None = None
        self._port: Port | None = None
        self._folder: Path | None = None
        self._leash: subprocess.Popen[bytes] | None = None
        self._joined = False

    # What a subclass says.

    @abc.abstractmethod
    def available(self) -> str | None:
        """None when it can be started here; otherwise what is missing and how to install it."""

    @abc.abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments; it must stay in the foreground."""

    def prepare(self) -> None:  # noqa: B027, most need nothing
        """Make the data that the first start needs, in ``folder``."""

    def environment(self) -> dict[str, str]:
        """What is added to this process's environment for the server's."""
        return {}

    def ready(self) -> bool:
        """True when the server answers. Called again and again, so it must not block for long."""
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False

    # What everybody uses.

    @property
    def port(self) -> int:
        if self._port is None:
            raise ServerError(f"{self.name} has no port before it is started")
        return self._port.number

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def folder(self) -> Path:
        """The server's own folder: its data, sockets and log. It goes with ``close``."""
        if self._folder is None:
            raise ServerError(f"{self.name} has no folder before it is started")
        return self._folder

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def running(self) -> bool:
        if self._joined:
            return self.ready()
        return self._leash is not None and self._leash.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; a running one is left as it is."""
        if self.running:
            return
        self._refuse_if_joined()
        reason = self.available()
        if reason:
            raise ServerError(f"{self.name}: {reason}")
        first = self._folder is None
        try:
            if first:
                self._make_folder()
                self._port = Port.claim()
                self.prepare()
            deadline = time.monotonic() + self.start_seconds
            while not self._started_before(deadline):
                # Somebody else's server sits on the port. A new one may go elsewhere; one that
                # clients know already waits for its place.
                if first and self._port is not None:
                    self._port.release()
                    self._port = Port.claim()
                else:
                    time.sleep(0.1)
        except BaseException:
            self.kill()
            if first:
                self.close()
            raise

    def stop(self) -> None:
        """End it in an orderly way, or by force when that takes too long. Its data stay."""
        self._refuse_if_joined()
        if self._leash is not None and self.running:
            self._leash.send_signal(self.stop_signal)
            try:
                self._leash.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it and all it started with SIGKILL, as a crash would, and wait for the end."""
        self._refuse_if_joined()
        if self._leash is not None and self.running:
            self._leash.send_signal(signal.SIGUSR1)
            self._leash.wait()

    def restart(self) -> None:
        """Stop it and start it again on the same port and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it and remove its folder and data; a joined one is only let go."""
        if not self._joined:
            self.stop()
            if self._port is not None:
                self._port.release()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
        self._port = self._folder = self._leash = None
        self._joined = False

    def join(self, port: int, folder: Path) -> None:
        """Be a second handle on a server that another process started, and never end it."""
        self._port, self._folder, self._joined = Port(port, None), folder, True
        if not self.ready():
            raise self._failure(f"was said to be on {self.address}, but does not answer")

    def __enter__(self: Self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        place = f" on {self.address}" if self._port else ""
        return f"<{self.name}{place}, {'running' if self.running else 'not running'}>"

    # What subclasses build on.

    def run(self, *command: str, text: str = "") -> str:
        """Run a program of the engine to its end as the server's user, and return its output."""
        return self._account.run(command, text, self.folder, self._environment())

    def _refuse_if_joined(self) -> None:
        if self._joined:
            raise ServerError(f"{self!r} belongs to another process; start one of your own")

    def _make_folder(self) -> None:
        # Short, because a Unix socket's path has 107 bytes; outside pytest's own temporary
        # folder, because only its owner may enter that and the server may be somebody else.
        self._folder = Path(tempfile.mkdtemp(prefix="kvs-"))
        self._account.own(self._folder)

    @property
    def _account(self) -> Account:
        return Account.of(self.users)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment()}

    def _failure(self, what: str) -> ServerError:
        return ServerError.showing(self.log, f"{self.name} {what}")

    def _started_before(self, deadline: float) -> bool:
        """Start the process; False when it ended because its port is somebody else's."""
        account = self._account
        numbers = (self.owner or os.getpid(), account.uid, account.gid)
        leash = [sys.executable, "-I", "-S", str(LEASH), *map(str, numbers), str(self.folder)]
        with self.log.open("ab") as log:
            self._leash = subprocess.Popen(
                [*leash, *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
                start_new_session=True,
            )
        pause = 0.01
        while True:
            # Asked before ready(): what answers after our process ended is not ours.
            status = self._leash.poll()
            if status is None and self.ready():
                return True
            late = time.monotonic() > deadline
            if status is not None:
                if busy(self.port) and not late:
                    return False
                raise self._failure(f"ended with status {status} before it answered")
            if late:
                raise self._failure(f"did not answer within {self.start_seconds} seconds")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
