"""The commands of Tokyo Tyrant's binary protocol, answered as ttserver 1.1.41 answers them.

``reply = commands.answer(0x30, stream)``: bytes to send, or None for no answer at all. A command
that ``-mask`` forbids reads its request all the same; what it says then is at each command.
"""

from __future__ import annotations

import math
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable

from .functions import copy, misc, sync
from .mask import Mask
from .records import Failed, Records
from .request import (
    MOST_ARGUMENTS,
    Dropped,
    arguments,
    check,
    integers,
    lengths,
    listed,
    parts,
    sized,
)
from .status import status
from .stream import Stream

LONGEST_NAME = 1023
INT_MIN = -(2**31)
TRILLION = 1e12

YES, NO = b"\0", b"\1"


class Commands:
    """All commands on one set of records; one at a time, as the databases' own locks have it."""

    def __init__(self, records: Records, mask: Mask) -> None:
        self.records = records
        self.mask = mask
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.began = time.time()

    def answer(self, code: int, stream: Stream) -> bytes | None:
        if code not in COMMANDS:
            return None
        name, command = COMMANDS[code]
        self.counts[name] += 1
        try:
            return command(self, stream)
        except Dropped:
            return None

    def do(self, name: str, miss: str, action: Callable[[], object]) -> bytes:
        """Yes, or no: the one word for forbidden, for missing and for failed."""
        with self.lock:
            try:
                if self.mask.forbids(name):
                    return NO
                action()
            except Failed:
                self.counts[miss] += 1
                return NO
        return YES

    # Writing.

    def put(self, stream: Stream) -> bytes:
        return self._write(stream, "put", self.records.put)

    def putkeep(self, stream: Stream) -> bytes:
        return self._write(stream, "putkeep", self.records.keep)

    def putcat(self, stream: Stream) -> bytes:
        return self._write(stream, "putcat", self.records.append)

    def putnr(self, stream: Stream) -> bytes:
        self._write(stream, "putnr", self.records.put)
        return b""

    def _write(self, stream: Stream, name: str, action: Callable[[bytes, bytes], None]) -> bytes:
        key, value = parts(stream, *lengths(stream, 2))
        return self.do(name, "put_miss", lambda: action(key, value))

    def putshl(self, stream: Stream) -> bytes:
        *sizes, width = integers(stream, 3)
        check(*sizes)
        check(width, largest=2**31)
        key, value = parts(stream, *sizes)
        return self.do("putshl", "put_miss", lambda: self.records.shift(key, value, width))

    def out(self, stream: Stream) -> bytes:
        (key,) = parts(stream, *lengths(stream, 1))
        return self.do("out", "out_miss", lambda: self.records.out(key))

    def addint(self, stream: Stream) -> bytes:
        size, number = integers(stream, 2)
        check(size)
        (key,) = parts(stream, size)
        result = INT_MIN

        def add() -> None:
            nonlocal result
            result = self.records.add_int(key, number)

        # The smallest number is what the database says for "failed", so it is not to be had.
        code = self.do("addint", "", add)
        return code + struct.pack(">i", result) if code == YES and result != INT_MIN else NO

    def adddouble(self, stream: Stream) -> bytes:
        size = stream.int32()
        numbers = stream.read(16)
        if numbers is None or stream.ended:
            raise Dropped
        check(size)
        whole, fraction = struct.unpack(">qq", numbers)
        (key,) = parts(stream, size)
        result = math.nan

        def add() -> None:
            nonlocal result
            result = self.records.add_double(key, whole + fraction / TRILLION)

        code = self.do("adddouble", "", add)
        if code == NO or math.isnan(result):
            return NO
        rest, whole_part = math.modf(result)
        if not -(2**63) <= whole_part < 2**63:
            whole_part = -(2**63)
        return code + struct.pack(">qq", int(whole_part), int(rest * TRILLION))

    def vanish(self, stream: Stream) -> bytes:
        return self.do("vanish", "", self.records.vanish)

    # Reading.

    def get(self, stream: Stream) -> bytes:
        (key,) = parts(stream, *lengths(stream, 1))
        found: list[bytes] = []
        code = self.do("get", "get_miss", lambda: found.append(self.records.get(key)))
        return code + b"".join(map(sized, found))

    def vsiz(self, stream: Stream) -> bytes:
        (key,) = parts(stream, *lengths(stream, 1))
        found: list[int] = []
        code = self.do("vsiz", "", lambda: found.append(len(self.records.get(key))))
        return code + b"".join(struct.pack(">I", size) for size in found)

    def mget(self, stream: Stream) -> bytes:
        """Forbidden, it says yes, and that it found nothing."""
        (count,) = integers(stream, 1)
        check(count, largest=MOST_ARGUMENTS)
        keys = arguments(stream, count)
        found: list[tuple[bytes, bytes]] = []

        def look() -> None:
            found.extend((k, self.records.get(k)) for k in keys if k in self.records.values)

        self.do("mget", "", look)
        entries = (struct.pack(">II", len(key), len(value)) + key + value for key, value in found)
        return YES + struct.pack(">I", len(found)) + b"".join(entries)

    def fwmkeys(self, stream: Stream) -> bytes:
        """Forbidden, it says yes, and that there is none."""
        size, most = integers(stream, 2)
        check(size)
        (prefix,) = parts(stream, size)
        found: list[bytes] = []
        self.do("fwmkeys", "", lambda: found.extend(self.records.keys(prefix, most)))
        return YES + listed(found)

    def iterinit(self, stream: Stream) -> bytes:
        return self.do("iterinit", "", self.records.rewind)

    def iternext(self, stream: Stream) -> bytes:
        found: list[bytes] = []
        code = self.do("iternext", "", lambda: found.append(self.records.next()[0]))
        return code + b"".join(map(sized, found))

    def rnum(self, stream: Stream) -> bytes:
        """Forbidden, it says yes, and zero."""
        return self._number("rnum", self.records.count)

    def size(self, stream: Stream) -> bytes:
        """The same; the number is not the real server's, which counts pages and buckets."""
        return self._number("size", self.records.size)

    def _number(self, name: str, ask: Callable[[], int]) -> bytes:
        with self.lock:
            return YES + struct.pack(">Q", 0 if self.mask.forbids(name) else ask())

    def stat(self, stream: Stream) -> bytes:
        """Forbidden, it still tells what was asked how often."""
        # Counting their size walks over the records, and others may be writing.
        with self.lock:
            about = {} if self.mask.forbids("stat") else status(self.records, self.began)
        for name in (*(name for name, _ in COMMANDS.values()), "put_miss", "out_miss", "get_miss"):
            about[f"cnt_{name}"] = self.counts[name]
        return YES + sized("".join(f"{name}\t{told}\n" for name, told in about.items()).encode())

    # The rest.

    def misc(self, stream: Stream) -> bytes:
        """Forbidden, it says yes, and does nothing: a putlist looks stored."""
        size, _, count = integers(stream, 3)
        check(size, largest=LONGEST_NAME)
        check(count, largest=MOST_ARGUMENTS)
        name = stream.read(size)
        if name is None and not stream.ended:
            raise Dropped
        given = arguments(stream, count)
        function = (name or b"").split(b"\0")[0]
        found: list[bytes] = []
        code = self.do("misc", "", lambda: found.extend(misc(self.records, function, given)))
        if self.mask.forbids("misc"):
            code = YES
        return code + listed(found)

    def sync(self, stream: Stream) -> bytes:
        return self.do("sync", "", lambda: sync(self.records, []))

    def optimize(self, stream: Stream) -> bytes:
        parts(stream, *lengths(stream, 1))
        return self.do("optimize", "", lambda: sync(self.records, []))

    def copy(self, stream: Stream) -> bytes:
        (path,) = parts(stream, *lengths(stream, 1))
        return self.do("copy", "", lambda: copy(self.records, path))

    def restore(self, stream: Stream) -> bytes:
        """There is no update log here to restore from."""
        size, *_ = integers(stream, 4)
        check(size)
        parts(stream, size)
        return NO

    def setmst(self, stream: Stream) -> bytes:
        size, port, *_ = integers(stream, 5)
        check(size)
        check(port, largest=2**31)
        parts(stream, size)
        return self.do("setmst", "", lambda: None)

    def ext(self, stream: Stream) -> bytes:
        """There is no Lua here, as in ttserver unless it was built with it."""
        name, _, key, value = integers(stream, 4)
        check(name, largest=LONGEST_NAME)
        check(key, value)
        parts(stream, name, key, value)
        return NO

    def repl(self, stream: Stream) -> bytes:
        """Nobody replicates from here."""
        raise Dropped


COMMANDS: dict[int, tuple[str, Callable[[Commands, Stream], bytes]]] = {
    0x10: ("put", Commands.put),
    0x11: ("putkeep", Commands.putkeep),
    0x12: ("putcat", Commands.putcat),
    0x13: ("putshl", Commands.putshl),
    0x18: ("putnr", Commands.putnr),
    0x20: ("out", Commands.out),
    0x30: ("get", Commands.get),
    0x31: ("mget", Commands.mget),
    0x38: ("vsiz", Commands.vsiz),
    0x50: ("iterinit", Commands.iterinit),
    0x51: ("iternext", Commands.iternext),
    0x58: ("fwmkeys", Commands.fwmkeys),
    0x60: ("addint", Commands.addint),
    0x61: ("adddouble", Commands.adddouble),
    0x68: ("ext", Commands.ext),
    0x70: ("sync", Commands.sync),
    0x71: ("optimize", Commands.optimize),
    0x72: ("vanish", Commands.vanish),
    0x73: ("copy", Commands.copy),
    0x74: ("restore", Commands.restore),
    0x78: ("setmst", Commands.setmst),
    0x80: ("rnum", Commands.rnum),
    0x81: ("size", Commands.size),
    0x88: ("stat", Commands.stat),
    0x90: ("misc", Commands.misc),
    0xA0: ("repl", Commands.repl),
}
