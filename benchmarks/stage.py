"""Where a group plays: its folder, its servers, its core, and Django's settings.

``with Stage() as stage: server = stage.server(Memcached)``
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import django
from django.conf import settings

from servers.server import Server

AnyServer = TypeVar("AnyServer", bound=Server)


#: Where Linux keeps files in memory, and how many bytes must be free there.
_MEMORY, _ROOM = Path("/dev/shm"), 4 * 2**30


class Missing(Exception):
    """Something that the group, or a contestant, cannot do without is not on this machine."""


class Stage:
    """Everything that one group's process opens, and closes at the end."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.machine = {
            "processor": processor(),
            "cores": str(os.cpu_count()),
            "memory": memory(),
            "system": f"{platform.system()} {platform.release()}",
            "Python": platform.python_version(),
            "Django": django.get_version(),
            "day": time.strftime("%Y-%m-%d"),
        }
        self._stack = ExitStack()

    def __enter__(self) -> Stage:
        folder = tempfile.TemporaryDirectory(prefix="kvb-", dir=memory_folder())
        self.folder = Path(self._stack.enter_context(folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def later(self, close: Callable[[], Any]) -> None:
        """Have something done at the end."""
        self._stack.callback(close)

    def server(self, server: AnyServer) -> AnyServer:
        """Start a server on this process's one core; raises `Missing`."""
        reason = server.available()
        if reason:
            raise Missing(f"{server.name}: {reason}")
        self.pin()
        self._stack.enter_context(server)
        return server

    def pin(self) -> None:
        """Keep this process, and the servers that it starts from now on, on one core."""
        if not hasattr(os, "sched_setaffinity"):
            self.note("Client and server are not pinned to one core: this system cannot do it.")
            return
        core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {core})
        self.note("Client and server are pinned to one core.")

    def note_files(self) -> None:
        """Note where the folder's files lie."""
        where = "in memory" if memory_folder() else "on the disk, and some calls wait for it"
        self.note(f"Files lie {where}.")

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def configure(self, **given: Any) -> None:
        """Configure Django, once a process."""
        settings.configure(
            **{
                "SECRET_KEY": "a benchmark's, of which nobody needs to keep the secret",
                "USE_TZ": True,
                "INSTALLED_APPS": ["django_kvstore"],
                **given,
            }
        )
        django.setup()


def memory_folder() -> str | None:
    """Return a folder whose files are in memory, where this system has one that is large enough.

    A disk would be most of what is measured: SQLite waits for it at each checkpoint.
    """
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        return str(_MEMORY)
    return None


def processor() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory() -> str:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
