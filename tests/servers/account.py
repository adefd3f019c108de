"""The user of this machine that a server runs as.

``Account.of(("postgres", "nobody"))`` is the first that exists, when the tests run as root; for
everybody else it is oneself, because only root can change.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.failure import ServerError


@dataclass(frozen=True)
class Account:
    uid: int = -1
    gid: int = -1

    @classmethod
    def of(cls, names: tuple[str, ...]) -> Account:
        if os.geteuid() == 0:
            for name in names:
                with contextlib.suppress(KeyError):
                    entry = pwd.getpwnam(name)
                    return cls(entry.pw_uid, entry.pw_gid)
        return cls()

    @property
    def is_another(self) -> bool:
        return self.uid >= 0

    def own(self, path: Path) -> None:
        """Give it a file or folder."""
        if self.is_another:
            os.chown(path, self.uid, self.gid)

    def run(self, command: tuple[str, ...], text: str, cwd: Path, env: dict[str, str]) -> str:
        """Run a program to its end, with ``text`` as its input, and return its output."""
        user: dict[str, Any] = {}
        if self.is_another:
            user = {"user": self.uid, "group": self.gid, "extra_groups": []}
        try:
            done = subprocess.run(
                command,
                check=False,
                input=text,
                capture_output=True,
                text=True,
                timeout=60,
                cwd=cwd,
                env=env,
                **user,
            )
        except subprocess.TimeoutExpired as error:
            raise ServerError(f"{command[0]} took more than a minute") from error
        if done.returncode:
            said = f"{done.stdout}{done.stderr}".rstrip()
            raise ServerError(f"{command[0]} ended with {done.returncode}\n{said}")
        return str(done.stdout)
