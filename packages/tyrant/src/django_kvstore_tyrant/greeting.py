"""What a server is asked before its first use: which database it serves, and what it forbids.

``server = greet(connection)``, and ``server.kind`` is ``"B+ tree"``.

A command that ``-mask`` forbids is answered like a miss or, worse, like a success: `putlist` that
stores nothing, `mget` that finds nothing. So each command that the backend uses is tried once on
a record of this greeting's own, which the last command removes, all in one round trip.
"""

from __future__ import annotations

import secrets
from typing import Any, Final, NamedTuple

from . import protocol
from .connection import Connection

#: What stat calls the databases that hold keys and values of any bytes.
_KINDS: Final = ("hash", "B+ tree", "on-memory hash", "on-memory tree")
_HINT: Final = "Start ttserver without -mask, or with -unmask for these after it."


class Server(NamedTuple):
    """What is known of a server: its database, and the byte order of its counters."""

    kind: str
    big_endian: bool

    @property
    def ordered(self) -> bool:
        """Whether it lists keys in the order of their bytes, and finds any of them at once."""
        return "tree" in self.kind

    @property
    def takes_lists(self) -> bool:
        """Whether `misc putlist` overwrites: on a B+ tree file it adds a second record."""
        return self.kind != "B+ tree"


class Unusable(Exception):
    """This server cannot be used as it was started; `hint` says what to change."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def greet(connection: Connection) -> Server:
    """Try every command; raises `Unusable`, ``OSError`` or ``ProtocolError``."""
    name = b"\0\0" + secrets.token_bytes(14)
    commands = {
        "stat": protocol.stat(),
        "putkeep": protocol.putkeep(name, b"ab"),
        "putshl": protocol.putshl(name, b"cd", 3),
        "get": protocol.get(name),
        "mget": protocol.mget([name]),
        "fwmkeys": protocol.fwmkeys(name, 1),
        "put": protocol.put(name, bytes(4)),
        "addint": protocol.addint(name, 1),
        # A function that no database has: that it fails shows that the call went through.
        "misc": protocol.misc(b"kvstore", [], protocol.UNLOGGED),
        "out": protocol.out(name),
    }
    replies = dict(zip(commands, connection.run(list(commands.values())), strict=True))
    status = replies["stat"]
    _check_status(status)
    forbidden = _forbidden(name, replies)
    if forbidden:
        if "out" in forbidden:
            connection.run([protocol.misc(b"out", [name])])
        raise Unusable(f"the server refuses {', '.join(forbidden)}.", _mend(forbidden))
    return Server(status["type"], status.get("bigend") == "1")


def _forbidden(name: bytes, replies: dict[str, Any]) -> list[str]:
    written = (b"ab" * replies["putkeep"] + b"cd" * replies["putshl"])[-3:]
    expected = {
        "putkeep": True,
        "putshl": True,
        # Where nothing could be written, nothing shows whether reading is allowed.
        "get": written or None,
        "mget": {name: written} if written else {},
        "fwmkeys": [name] if written else [],
        "put": True,
        "addint": 1 if replies["put"] else replies["addint"],
        "misc": None,
        "out": True if written or replies["put"] else replies["out"],
    }
    return [command for command, reply in expected.items() if replies[command] != reply]


def _check_status(status: dict[str, str]) -> None:
    kind = status.get("type")
    if kind is None:
        raise Unusable("the server refuses stat.", _HINT)
    if kind not in _KINDS:
        raise Unusable(
            f"the server serves a database of the type {kind!r}.",
            "Start ttserver with a hash (name.tch or *) or a B+ tree (name.tcb or +).",
        )
    if "fatal" in status:
        raise Unusable(
            f"the server's database is broken: {status['fatal']}.",
            "Repair it with tchmgr or tcbmgr optimize, or restore a copy.",
        )


def _mend(forbidden: list[str]) -> str:
    if {"put", "putkeep", "putshl"} <= set(forbidden):
        return (
            "It looks read-only: start ttserver without '#mode=r', with room on its disk, and "
            f"without -mask, or with -unmask {','.join(forbidden)} after it."
        )
    return f"Start ttserver without -mask, or with -unmask {','.join(forbidden)} after it."
