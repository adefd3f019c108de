"""Gives all processes of one test run the same server.

``with shared(PostgreSQL(), tmp_path_factory.getbasetemp().parent) as server: ...`` in a session
fixture: alone, the server stops when the fixture ends; under pytest-xdist the first worker to
come starts it, the others join, and it ends with the process that started the workers.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from servers.server import Server

AnyServer = TypeVar("AnyServer", bound=Server)

# What this process started for others too. Kept, because a process that is let go of while it
# runs is a warning, and the tests take warnings for errors.
_STARTED: list[Server] = []


@contextlib.contextmanager
def shared(server: AnyServer, meeting_place: Path, *, name: str = "") -> Iterator[AnyServer]:
    """Yield that server, running, or one like it that another process of this run started.

    ``meeting_place`` is a folder that the processes of one run have in common, and no other run;
    ``name`` tells apart several shared servers of one class. A shared server must not be killed
    or restarted: others use it. Those tests start one of their own.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        with server:
            yield server
        return
    label = name or type(server).__name__.lower()
    record = meeting_place / f"{label}.server.json"
    with (meeting_place / f"{label}.server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if record.exists():
            found = json.loads(record.read_text())
            server.join(found["port"], Path(found["folder"]))
        else:
            # execnet starts each worker as a child of the process that hands out the tests.
            server.owner = os.getppid()
            server.start()
            _STARTED.append(server)
            record.write_text(json.dumps({"port": server.port, "folder": str(server.folder)}))
    yield server
