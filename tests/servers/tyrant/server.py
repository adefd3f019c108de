"""The classes `TyrantStandIn` and `TokyoTyrant` start the stand-in and the real ttserver.

``with TyrantStandIn("btree") as server: connect(server.host, server.port)``
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from servers.server import Server

from .records import KINDS

Database = Literal["hash", "btree", "memory-hash", "memory-tree"]


class Tyrant(Server):
    """What the two have in common: a database, and ttserver's options by their own names.

    The options are attributes: change one, ``restart``, and the same data are served in another
    way, for example read-only or with commands masked.
    """

    def __init__(
        self,
        database: Database = "hash",
        *,
        mask: str = "",
        unmask: str = "",
        thnum: int = 8,
        tout: int = 0,
        read_only: bool = False,
    ) -> None:
        super().__init__()
        self.database: Database = database
        self.mask = mask
        self.unmask = unmask
        self.thnum = thnum
        self.tout = tout
        self.read_only = read_only

    def options(self, dash: str) -> list[str]:
        """The options that both take, with one dash or two."""
        numbers = {"host": self.host, "port": self.port, "thnum": self.thnum, "tout": self.tout}
        options = [text for name, n in numbers.items() for text in (f"{dash}{name}", str(n))]
        for name, expression in (("mask", self.mask), ("unmask", self.unmask)):
            options += [f"{dash}{name}", expression] if expression else []
        return options


class TyrantStandIn(Tyrant):
    name = "Tokyo Tyrant's stand-in"

    def available(self) -> str | None:
        return None

    def command(self) -> list[str]:
        mode = ["--read-only"] if self.read_only else []
        command = [sys.executable, "-m", "servers.tyrant", "--db", self.database]
        return [*command, *self.options("--"), *mode]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).parents[2])}


class TokyoTyrant(Tyrant):
    """A real ttserver, from PATH or wherever KVSTORE_TTSERVER says."""

    name = "ttserver"

    def available(self) -> str | None:
        if program() is None:
            return (
                "no ttserver on PATH, and KVSTORE_TTSERVER names none: "
                "build Tokyo Tyrant 1.1.41, which Debian has no package of"
            )
        return None

    def command(self) -> list[str]:
        path = KINDS[self.database].name
        mode = "#mode=r" if self.read_only else ""
        return [str(program()), "-le", *self.options("-"), path + mode]


def program() -> str | None:
    return shutil.which(os.environ.get("KVSTORE_TTSERVER") or "ttserver")
