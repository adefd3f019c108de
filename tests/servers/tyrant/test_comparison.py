"""The stand-in answers random requests as the real ttserver does, byte for byte.

Needs a ttserver on PATH or named by KVSTORE_TTSERVER. What the two may differ in is left out or
put in order first: a hash's order, sizes in bytes, and the times and numbers of processes in stat.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from . import Database, TokyoTyrant, Tyrant, TyrantStandIn
from .wire import (
    BIG,
    ITERINIT,
    ITERNEXT,
    NO,
    RNUM,
    STAT,
    SYNC,
    VANISH,
    YES,
    adddouble,
    addint,
    ask,
    command,
    connect,
    exchange,
    fwmkeys,
    get,
    mget,
    misc,
    out,
    put,
    putcat,
    putkeep,
    putnr,
    putshl,
    sized,
    vsiz,
)

REQUESTS = 1000
KEYS = [b"", b"a", b"ab", b"abc", b"b", b"b\0", b"b\xff", b"c", b"\xff", b"n", b"d"]
VALUES = [b"", b"1", b"four", b"eightlet", bytes(4), bytes(8), b"x" * 70_000]


class Requests:
    """An endless row of requests, the same for the same seed."""

    def __init__(self, seed: int, *, ordered: bool) -> None:
        self.random = random.Random(seed)
        self.ordered = ordered

    def key(self) -> bytes:
        return self.random.choice(KEYS)

    def value(self) -> bytes:
        return self.random.choice(VALUES)

    def some(self, most: int = 4) -> list[bytes]:
        return [self.key() for _ in range(self.random.randrange(most))]

    def list_of_pairs(self) -> list[bytes]:
        pairs = [part for key in self.some() for part in (key, self.value())]
        return pairs + [self.key()] * self.random.randrange(2)

    def text(self) -> bytes:
        return self.random.choice([b"0", b"1", b"3", b"-1", b" 2", b"+1x", b"", b"x"])

    def writing(self) -> bytes:
        key, value, pick = self.key(), self.value(), self.random
        number = pick.choice([0, 1, -1, 2**31 - 1, -(2**31), 77])
        return pick.choice(
            [
                put(key, value),
                putkeep(key, value),
                putcat(key, value[:9]),
                putshl(key, value, pick.choice([0, 3, 9, 2**31 - 1])),
                putnr(key, value) + RNUM,
                out(key),
                addint(key, number),
                adddouble(key, number, pick.choice([0, 5 * 10**11, -(10**11)])),
                misc("put", key, value),
                misc("putkeep", key, value),
                misc("putcat", key, value[:9]),
                misc("putlist", *self.list_of_pairs()),
                misc("out", *self.some()),
                misc("outlist", *self.some()),
            ]
        )

    def reading(self) -> bytes:
        key, pick = self.key(), self.random
        requests = [
            get(key),
            mget(*self.some(6)),
            vsiz(key),
            RNUM,
            fwmkeys(key, -1),
            misc("get", *self.some()),
            misc("getlist", *self.some()),
            misc("getpart", key, *[self.text() for _ in range(pick.randrange(3))]),
            misc(pick.choice(["", "no such name", "put", "getpart", "regex\0"])),
        ]
        if self.ordered:
            requests += [
                fwmkeys(key, pick.randrange(4)),
                misc("range", *[key, self.text(), self.key()][: pick.randrange(4)]),
            ]
        return pick.choice(requests)

    def odd(self) -> bytes:
        """Bad lengths, with something or nothing after them, and requests that break off."""
        pick = self.random
        bad = pick.choice([BIG, -1, -(2**31), 2**31 - 1])
        code = pick.choice([0x10, 0x11, 0x12, 0x18])
        cut = self.writing()
        return pick.choice(
            [
                command(code, bad, 1) + self.writing(),
                command(code, 1, bad) + self.reading(),
                command(0x13, 1, 1, bad) + self.reading(),
                command(0x60, bad, 1) + self.reading(),
                command(0x61, bad, bytes(16)) + self.reading(),
                command(0x31, 3, sized(self.key()), bad) + self.reading(),
                command(0x90, 7, 0, 4, b"putlist", sized(*self.some()), bad) + RNUM,
                command(0x90, bad, 0, 0) + RNUM,
                command(0x90, 2, 0, bad) + RNUM,
                command(0x68, 1, 0, bad, 1) + RNUM,
                command(0x99) + self.reading(),
                b"\n" + self.reading(),
                b"words\n" + self.reading(),
                cut[: pick.randrange(len(cut))],
                self.writing() + self.reading() + self.writing() + RNUM,
            ]
        )

    def next(self) -> bytes:
        return self.random.choices([self.writing, self.reading, self.odd], [6, 5, 2])[0]()


def walk(tyrant: Tyrant) -> list[bytes]:
    """All keys by the iterator."""
    with connect(tyrant) as connection:
        assert ask(connection, ITERINIT, 1) == YES
        keys = []
        while ask(connection, ITERNEXT, 1) == YES:
            (size,) = struct.unpack(">i", ask(connection, b"", 4))
            keys.append(ask(connection, b"", size))
    return keys


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("database", ["hash", "btree", "memory-hash", "memory-tree"])
def test_the_two_answer_alike(
    database: Database, seed: int, available: Callable[..., None]
) -> None:
    available(TokyoTyrant(), optional=True)
    ordered = database in ("btree", "memory-tree")
    requests = Requests(seed, ordered=ordered)
    with TyrantStandIn(database) as stand_in, TokyoTyrant(database) as real:
        for count in range(REQUESTS):
            request = requests.next()
            answers = [exchange(server, request) for server in (stand_in, real)]
            if not ordered and command(0x58) in request:
                answers = [bytes(sorted(answer)) for answer in answers]
            assert answers[0] == answers[1], (count, request[:200])
            if count % 300 == 299:
                walks = [walk(server) for server in (stand_in, real)]
                if not ordered:
                    walks = [sorted(keys) for keys in walks]
                assert walks[0] == walks[1]
        told = [exchange(server, STAT)[5:].decode().splitlines() for server in (stand_in, real)]
        for line in ("type", "rnum", "version", "cnt_put", "cnt_misc", "cnt_get_miss"):
            assert [x for x in told[0] if x.startswith(f"{line}\t")] == [
                x for x in told[1] if x.startswith(f"{line}\t")
            ]
        names = [{x.partition("\t")[0] for x in lines} for lines in told]
        assert names[0] - {"fatal"} == names[1] - {"fatal"}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("database", ["btree", "memory-tree"])
def test_a_trees_cursor_moves_alike(
    database: Database, seed: int, available: Callable[..., None]
) -> None:
    """Records are added between the steps, and others than the one under the cursor removed."""
    available(TokyoTyrant(), optional=True)
    pick = random.Random(seed)
    with TyrantStandIn(database) as stand_in, TokyoTyrant(database) as real:
        for count in range(REQUESTS):
            key = pick.choice(KEYS)
            request = pick.choice(
                [
                    ITERINIT,
                    ITERNEXT,
                    ITERNEXT,
                    misc("iterinit"),
                    misc("iterinit", key),
                    misc("iternext"),
                    misc("range", key, b"2"),
                    misc("range", key, b"9", pick.choice(KEYS)),
                    put(key, b"1"),
                    SYNC,
                    fwmkeys(key, 2),
                ]
            )
            answers = [exchange(server, request) for server in (stand_in, real)]
            assert answers[0] == answers[1], (count, request)
            if count % 100 == 99:
                assert [exchange(server, VANISH + ITERNEXT) for server in (stand_in, real)] == [
                    YES + NO
                ] * 2
