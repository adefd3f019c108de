"""The stand-in's commands are one at a time, also that which tells of the records' size."""

from __future__ import annotations

from pathlib import Path

from .commands import Commands
from .mask import Mask
from .records import KINDS, Records
from .stream import Stream


def test_nobody_writes_while_stat_counts(tmp_path: Path) -> None:
    seen: list[bool] = []

    class Watched(Records):
        def size(self) -> int:
            seen.append(commands.lock.locked())
            return super().size()

    kind = KINDS["memory-hash"]
    commands = Commands(Watched(kind, tmp_path / "records"), Mask(""))
    # stat reads nothing more of the stream.
    stream: Stream = None  # type: ignore[assignment]
    assert b"rnum\t0" in commands.stat(stream)
    assert seen == [True]
    assert not commands.lock.locked()
