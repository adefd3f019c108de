"""Tokyo Tyrant's traps, one by one: the stand-in has them all, and the real one where there is one.

Every expectation here was seen on ttserver 1.1.41. Where KVSTORE_TTSERVER names one, or one is on
PATH, each test runs on it too; so does a comparison of the two over some thousand random requests.
"""

from __future__ import annotations

import itertools
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.failure import ServerError

from . import Database, TokyoTyrant, Tyrant, TyrantStandIn
from .wire import (
    BIG,
    FAILED_LIST,
    ITERINIT,
    ITERNEXT,
    NO,
    NOTHING,
    OPTIMIZE,
    RESTORE,
    RNUM,
    SETMST,
    SIZE,
    STAT,
    SYNC,
    VANISH,
    YES,
    adddouble,
    addint,
    ask,
    command,
    connect,
    copy,
    exchange,
    ext,
    found,
    fwmkeys,
    get,
    mget,
    misc,
    number,
    out,
    pairs,
    put,
    putcat,
    putkeep,
    putnr,
    putshl,
    rest,
    sized,
    value,
    vsiz,
)

IMPLEMENTATIONS = [TyrantStandIn, TokyoTyrant]
DATABASES: list[Database] = ["hash", "btree", "memory-hash", "memory-tree"]
EACH = list(itertools.product(IMPLEMENTATIONS, DATABASES))


def name(parameter: object) -> str | None:
    return getattr(parameter, "__name__", None)


@pytest.fixture(scope="module", params=EACH, ids=lambda each: f"{each[0].__name__}-{each[1]}")
def running(request: pytest.FixtureRequest, available: Callable[..., None]) -> Iterator[Tyrant]:
    implementation, database = request.param
    made: Tyrant = implementation(database)
    available(made, optional=True)
    with made:
        yield made


@pytest.fixture
def tyrant(running: Tyrant) -> Tyrant:
    assert exchange(running, VANISH) == YES
    return running


@pytest.fixture(params=IMPLEMENTATIONS, ids=name)
def implementation(request: pytest.FixtureRequest, available: Callable[..., None]) -> type[Tyrant]:
    kind: type[Tyrant] = request.param
    available(kind(), optional=True)
    return kind


def test_records_are_written_read_and_removed(tyrant: Tyrant) -> None:
    assert exchange(tyrant, get(b"a")) == exchange(tyrant, vsiz(b"a")) == NO
    assert exchange(tyrant, put(b"a", b"one") + get(b"a") + vsiz(b"a")) == (
        YES + value(b"one") + YES + struct.pack(">i", 3)
    )
    assert exchange(tyrant, putkeep(b"a", b"two") + putkeep(b"b", b"two")) == NO + YES
    assert exchange(tyrant, putcat(b"a", b"+") + putcat(b"c", b"+") + get(b"a")) == (
        YES + YES + value(b"one+")
    )
    assert exchange(tyrant, mget(b"a", b"none", b"b", b"a")[:-5] + sized(b"c")) == pairs(
        a=b"one+", b=b"two", c=b"+"
    )
    assert exchange(tyrant, RNUM) == number(3)
    assert exchange(tyrant, out(b"a") + out(b"a") + get(b"a")) == YES + NO + NO


@pytest.mark.parametrize(
    "key", [b"", b"\0", b"\n", b" ", b"\xff\xfe", b"k" * 70_000, b"\xc8\x10\0\0\0\1"]
)
@pytest.mark.parametrize("size", [0, 1, 65_536, 3 * 2**20])
def test_any_bytes_are_a_key_and_a_value(tyrant: Tyrant, key: bytes, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert exchange(tyrant, put(key, content) + get(key)) == YES + value(content)
    assert exchange(tyrant, fwmkeys(b"", -1)) == found(key)


def test_putnr_has_no_answer(tyrant: Tyrant) -> None:
    assert exchange(tyrant, putnr(b"a", b"1") + get(b"a")) == value(b"1")


def test_putshl_keeps_the_end_of_all_but_a_new_record(tyrant: Tyrant) -> None:
    assert exchange(tyrant, putshl(b"a", b"hello", 3) + get(b"a")) == YES + value(b"hello")
    assert exchange(tyrant, putshl(b"a", b"XY", 3) + get(b"a")) == YES + value(b"oXY")
    assert exchange(tyrant, putshl(b"a", b"Z", 0) + get(b"a")) == YES + value(b"")


def test_addint_wraps_at_32_bits_and_cannot_say_the_smallest(tyrant: Tyrant) -> None:
    assert exchange(tyrant, addint(b"n", 2**31 - 1)) == YES + struct.pack(">i", 2**31 - 1)
    # It says "failed", and has done it.
    assert exchange(tyrant, addint(b"n", 1)) == NO
    assert exchange(tyrant, get(b"n")) == value(struct.pack("=i", -(2**31)))
    assert exchange(tyrant, addint(b"n", 5)) == YES + struct.pack(">i", 5 - 2**31)
    assert exchange(tyrant, put(b"text", b"12") + addint(b"text", 1)) == YES + NO
    assert exchange(tyrant, addint(b"zero", 0) + get(b"zero")) == YES + bytes(4) + value(bytes(4))


def test_adddouble_loses_what_a_double_loses(tyrant: Tyrant) -> None:
    half = 5 * 10**11
    assert exchange(tyrant, adddouble(b"d", 1, half)) == YES + struct.pack(">qq", 1, half)
    assert exchange(tyrant, adddouble(b"d", -4, -half // 2)) == YES + struct.pack(
        ">qq", -2, -(half + half // 2)
    )
    assert exchange(tyrant, get(b"d")) == value(struct.pack("=d", -2.75))
    assert exchange(tyrant, adddouble(b"big", 2**53, 0))[:9] == YES + struct.pack(">q", 2**53)
    assert exchange(tyrant, adddouble(b"big", 1, 0))[:9] == YES + struct.pack(">q", 2**53)
    assert exchange(tyrant, put(b"text", b"12") + adddouble(b"text", 1, 0)) == YES + NO


def test_fwmkeys_stops_where_it_is_told(tyrant: Tyrant) -> None:
    assert exchange(tyrant, misc("putlist", b"a", b"", b"ab", b"", b"b", b"")) == found()
    assert exchange(tyrant, fwmkeys(b"a", 0)) == exchange(tyrant, fwmkeys(b"c", 9)) == found()
    assert len(exchange(tyrant, fwmkeys(b"", 2))) in (5 + 5 + 6, 5 + 5 + 5)
    keys = {exchange(tyrant, fwmkeys(b"a", -1)), exchange(tyrant, fwmkeys(b"a", 2))}
    assert keys <= {found(b"a", b"ab"), found(b"ab", b"a")}


def test_the_iterator_is_one_for_all_connections(tyrant: Tyrant) -> None:
    assert exchange(tyrant, ITERNEXT) == NO
    for key in (b"a", b"b", b"c"):
        exchange(tyrant, put(key, b""))
    with connect(tyrant) as one, connect(tyrant) as two:
        assert ask(one, ITERINIT, 1) == YES
        first, second = ask(one, ITERNEXT, 6), ask(two, ITERNEXT, 6)
        assert first != second
        assert {first, second, ask(one, ITERNEXT, 6)} == {value(b"a"), value(b"b"), value(b"c")}
        assert ask(two, ITERNEXT, 1) == NO
        assert ask(two, ITERINIT, 1) == YES
        assert ask(one, ITERNEXT, 6) == first


def test_misc_works_on_lists(tyrant: Tyrant) -> None:
    assert exchange(tyrant, misc("putlist", b"a", b"1", b"b", b"2", b"odd")) == found()
    assert exchange(tyrant, misc("getlist", b"a", b"none", b"b")) == found(b"a", b"1", b"b", b"2")
    assert exchange(tyrant, misc("outlist", b"a", b"none")) == found()
    assert exchange(tyrant, misc("getlist", b"a", b"b")) == found(b"b", b"2")
    for name_ in ("putlist", "outlist", "getlist"):
        assert exchange(tyrant, misc(name_)) == found()


def test_misc_works_on_one_record(tyrant: Tyrant) -> None:
    asked = [
        (misc("put", b"a"), FAILED_LIST),
        (misc("put", b"a", b"1"), found()),
        (misc("putkeep", b"a", b"2"), FAILED_LIST),
        (misc("putcat", b"a", b"23456"), found()),
        (misc("get", b"a"), found(b"123456")),
        (misc("getpart", b"a", b"2", b"3"), found(b"345")),
        (misc("getpart", b"a", b" +4x"), found(b"56")),
        (misc("getpart", b"a", b"-1", b"1"), found(b"1")),
        (misc("getpart", b"a", b"6"), FAILED_LIST),
        (misc("out", b"a"), found()),
        (misc("out", b"a"), FAILED_LIST),
        (misc("get", b"a"), FAILED_LIST),
        (misc("get"), FAILED_LIST),
        (misc("nothing of the kind"), FAILED_LIST),
        (misc("sync"), found()),
        (misc("optimize"), found()),
        (misc("vanish"), found()),
    ]
    for request, answer in asked:
        assert (request, exchange(tyrant, request)) == (request, answer)


def test_putlist_on_a_btree_file_adds_values_beside_those_there(
    implementation: type[Tyrant],
) -> None:
    with implementation("btree") as tyrant:
        exchange(tyrant, put(b"k", b"1"))
        assert exchange(tyrant, misc("putlist", b"k", b"2", b"k", b"3")) == found()
        assert exchange(tyrant, get(b"k") + mget(b"k")) == value(b"1") + pairs(k=b"1")
        assert exchange(tyrant, misc("get", b"k")) == found(b"1", b"2", b"3")
        assert exchange(tyrant, RNUM + fwmkeys(b"", -1)) == number(3) + found(b"k")
        assert exchange(tyrant, misc("range", b"", b"2")) == found(b"k", b"1", b"k", b"2")
        assert exchange(tyrant, put(b"k", b"4") + misc("get", b"k")) == (
            YES + found(b"4", b"2", b"3")
        )
        # One value goes, and the record is still there.
        assert exchange(tyrant, out(b"k") + get(b"k")) == YES + value(b"2")
        assert exchange(tyrant, misc("outlist", b"k") + get(b"k")) == found() + NO


@pytest.mark.parametrize("database", ["hash", "memory-hash"])
def test_a_hash_has_no_range(implementation: type[Tyrant], database: Database) -> None:
    with implementation(database) as tyrant:
        assert exchange(tyrant, misc("range", b"", b"1")) == FAILED_LIST


@pytest.mark.parametrize("database", ["btree", "memory-tree"])
def test_a_trees_range_goes_in_order(implementation: type[Tyrant], database: Database) -> None:
    with implementation(database) as tyrant:
        exchange(tyrant, misc("putlist", b"c", b"3", b"a", b"1", b"b", b"2", b"a\0", b"0"))
        everything = found(b"a", b"1", b"a\0", b"0", b"b", b"2", b"c", b"3")
        asked = [
            (misc("range"), everything),
            (misc("range", b""), everything),
            (misc("range", b"a", b"-1"), everything),
            (misc("range", b"a", b"2"), found(b"a", b"1", b"a\0", b"0")),
            (misc("range", b"a\1", b"1"), found(b"b", b"2")),
            (misc("range", b"a", b"9", b"b"), found(b"a", b"1", b"a\0", b"0")),
            # An end that is empty is an end, and not "no end".
            (misc("range", b"a", b"9", b""), found()),
            (fwmkeys(b"a", 9), found(b"a", b"a\0")),
        ]
        for request, answer in asked:
            assert (request, exchange(tyrant, request)) == (request, answer)


def test_a_memory_trees_range_is_led_astray_by_the_shared_cursor(
    implementation: type[Tyrant],
) -> None:
    with implementation("memory-tree") as tyrant:
        exchange(tyrant, misc("putlist", b"a", b"1", b"b", b"2", b"c", b"3"))
        assert exchange(tyrant, misc("range", b"a", b"1")) == found(b"a", b"1")
        # There is nothing after z.
        assert exchange(tyrant, misc("range", b"z", b"9")) == found(b"b", b"2", b"c", b"3")
        assert exchange(tyrant, misc("range", b"z", b"9")) == found()


@pytest.mark.parametrize("code", [0x10, 0x11, 0x12, 0x18])
@pytest.mark.parametrize("sizes", [(BIG, 1), (1, BIG), (-1, 1), (1, -1)])
def test_a_bad_length_gets_no_answer_and_its_value_is_taken_for_requests(
    tyrant: Tyrant, code: int, sizes: tuple[int, int]
) -> None:
    hidden = put(b"hidden", b"in a value")
    with connect(tyrant) as connection:
        connection.sendall(command(code, *sizes))
        assert connection.recv(1) == NOTHING
    assert exchange(tyrant, command(code, *sizes, hidden)) == YES
    assert exchange(tyrant, get(b"hidden")) == value(b"in a value")


@pytest.mark.parametrize(
    "request_",
    [
        command(0x20, BIG),
        command(0x30, BIG),
        command(0x31, 2**20 + 1),
        command(0x31, -1),
        command(0x38, -1),
        command(0x58, BIG, 1),
        command(0x60, BIG, 1),
        command(0x61, -1, bytes(16)),
        command(0x68, 1024, 0, 0, 0),
        command(0x71, BIG),
        command(0x73, BIG),
        command(0x74, BIG, bytes(12)),
        command(0x78, 0, -1, bytes(12)),
        command(0x90, 1024, 0, 0),
        command(0x90, 1, 0, 2**20 + 1),
        command(0x90, 1, 0, -1),
        command(0x99),
        b"nonsense\r\n",
    ],
)
def test_what_it_does_not_understand_ends_the_connection(tyrant: Tyrant, request_: bytes) -> None:
    with connect(tyrant) as connection:
        connection.sendall(request_)
        assert connection.recv(1) == NOTHING
    # Unless something follows, and then the connection stays.
    with connect(tyrant) as connection:
        assert ask(connection, request_ + get(b"none"), 1) == NO
        assert ask(connection, get(b"none"), 1) == NO


def test_a_list_ends_at_a_bad_length_and_what_came_before_is_done(tyrant: Tyrant) -> None:
    bad = struct.pack(">i", BIG)
    half = command(0x90, 7, 0, 4, b"putlist", sized(b"a", b"1", b"b"), bad)
    assert exchange(tyrant, half) == found()
    assert exchange(tyrant, get(b"a") + get(b"b")) == value(b"1") + NO
    assert exchange(tyrant, command(0x31, 3, sized(b"a"), bad)) == pairs(a=b"1")


@pytest.mark.parametrize("request_", [put(b"a", b"12"), misc("putlist", b"a", b"1", b"b", b"2")])
def test_a_request_cut_off_anywhere_does_nothing(tyrant: Tyrant, request_: bytes) -> None:
    for size in range(len(request_)):
        assert exchange(tyrant, request_[:size]) == NOTHING
    assert exchange(tyrant, RNUM) == number(0)


def test_requests_may_come_in_crumbs_and_in_crowds(tyrant: Tyrant) -> None:
    with connect(tyrant) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in put(b"a", b"1"):
            connection.sendall(bytes([byte]))
            time.sleep(0.002)
        assert connection.recv(2) == YES
    assert exchange(tyrant, get(b"a") * 100) == value(b"1") * 100


def test_the_rest_answers_too(tyrant: Tyrant, tmp_path: Path) -> None:
    assert exchange(tyrant, SYNC + OPTIMIZE + SETMST + RESTORE + ext(b"f", b"k", b"v")) == (
        YES + YES + YES + NO + NO
    )
    assert exchange(tyrant, SIZE)[:1] == YES
    suffix = "tcb" if tyrant.database in ("btree", "memory-tree") else "tch"
    assert exchange(tyrant, copy(str(tmp_path / f"copy.{suffix}").encode())) == YES
    assert (tmp_path / f"copy.{suffix}").exists()
    assert exchange(tyrant, copy(b"/nowhere/at/all.tch")) == NO


def stat(tyrant: Tyrant) -> dict[str, str]:
    answer = exchange(tyrant, STAT)
    assert answer[:5] == YES + struct.pack(">i", len(answer) - 5)
    lines = answer[5:].decode().splitlines()
    return {key: content for key, _, content in (line.partition("\t") for line in lines)}


def test_stat_tells_what_it_serves(tyrant: Tyrant) -> None:
    titles = {
        "hash": "hash",
        "btree": "B+ tree",
        "memory-hash": "on-memory hash",
        "memory-tree": "on-memory tree",
    }
    exchange(tyrant, put(b"a", b"1"))
    told = stat(tyrant)
    assert told["type"] == titles[tyrant.database]
    assert (told["version"], told["rnum"]) == ("1.1.41", "1")
    exchange(tyrant, put(b"a", b"1") + out(b"none"))
    after = stat(tyrant)
    for counted in ("cnt_put", "cnt_out", "cnt_stat"):
        assert int(after[counted]) == int(told[counted]) + 1


@pytest.mark.parametrize("database", DATABASES)
def test_what_survives(implementation: type[Tyrant], database: Database) -> None:
    with implementation(database) as tyrant:
        exchange(tyrant, put(b"synced", b"1") + SYNC + put(b"late", b"2"))
        tyrant.kill()
        tyrant.start()
        survivors = {"hash": pairs(synced=b"1", late=b"2"), "btree": pairs(synced=b"1")}
        assert exchange(tyrant, mget(b"synced", b"late")) == survivors.get(database, pairs())
        exchange(tyrant, put(b"late", b"3"))
        tyrant.restart()
        orderly = pairs(synced=b"1", late=b"3")
        assert exchange(tyrant, mget(b"synced", b"late")) == (
            orderly if database in survivors else pairs()
        )


@pytest.mark.parametrize("database", ["hash", "btree"])
def test_a_read_only_server_says_no_to_writing(
    implementation: type[Tyrant], database: Database
) -> None:
    with implementation(database) as tyrant:
        exchange(tyrant, put(b"a", b"1"))
        tyrant.read_only = True
        tyrant.restart()
        refused = [put(b"a", b"2"), putkeep(b"b", b"2"), putcat(b"a", b"2"), putshl(b"a", b"2", 9)]
        refused += [out(b"a"), addint(b"n", 1), adddouble(b"d", 1, 0), VANISH, SYNC, OPTIMIZE]
        assert [exchange(tyrant, request) for request in refused] == [NO] * len(refused)
        lists = [misc("putlist", b"a", b"2"), misc("outlist", b"a"), misc("outlist", b"none")]
        lists += [misc("put", b"a", b"2"), misc("out", b"a"), misc("vanish"), misc("sync")]
        assert [exchange(tyrant, request) for request in lists] == [FAILED_LIST] * len(lists)
        assert exchange(tyrant, get(b"a") + RNUM) == value(b"1") + number(1)
        assert exchange(tyrant, misc("getlist", b"a")) == found(b"a", b"1")
        assert exchange(tyrant, fwmkeys(b"", -1) + ITERINIT + ITERNEXT) == (
            found(b"a") + YES + value(b"a")
        )


MASKED = {
    "put": ({"put"}, set()),
    "misc": (set(), {"misc"}),
    "mget,fwmkeys": (set(), {"mget", "fwmkeys"}),
    "allread": ({"get", "vsiz", "iterinit", "iternext"}, {"mget", "fwmkeys", "rnum"}),
    "allwrite": ({"put", "putkeep", "out", "addint", "adddouble", "vanish"}, {"misc"}),
    "allmanage": ({"sync", "optimize", "setmst"}, set()),
}
MASKED["allorg"] = (
    MASKED["allread"][0] | MASKED["allwrite"][0] | MASKED["allmanage"][0],
    {"mget", "fwmkeys", "rnum", "misc"},
)
MASKED["all"] = MASKED["allorg"]


@pytest.mark.parametrize("mask", MASKED)
def test_what_is_masked_says_no_or_says_yes_and_does_nothing(
    implementation: type[Tyrant], mask: str
) -> None:
    """The second kind is the trap: a list looks stored, and a full database looks empty."""
    no, empty = MASKED[mask]
    asked = {
        "get": (get(b"a"), value(b"1")),
        "mget": (mget(b"a"), pairs(a=b"1")),
        "vsiz": (vsiz(b"a"), YES + struct.pack(">i", 1)),
        "fwmkeys": (fwmkeys(b"", -1), found(b"a")),
        "iterinit": (ITERINIT, YES),
        "iternext": (ITERNEXT, value(b"a")),
        "rnum": (RNUM, number(1)),
        "put": (put(b"a", b"2"), YES),
        "putkeep": (putkeep(b"b", b"2"), YES),
        "out": (out(b"a"), YES),
        "addint": (addint(b"n", 1), YES + struct.pack(">i", 1)),
        "adddouble": (adddouble(b"d", 1, 0), YES + struct.pack(">qq", 1, 0)),
        "misc": (misc("getlist", b"a"), None),
        "vanish": (VANISH, YES),
        "sync": (SYNC, YES),
        "optimize": (OPTIMIZE, YES),
        "setmst": (SETMST, YES),
    }
    nothing = {"mget": found(), "fwmkeys": found(), "rnum": number(0), "misc": found()}
    with implementation("hash") as tyrant:
        exchange(tyrant, put(b"a", b"1"))
        tyrant.mask = mask
        tyrant.restart()
        for asked_name, (request, answer) in asked.items():
            if asked_name in no:
                answer = NO
            elif asked_name in empty:
                answer = nothing[asked_name]
            if answer is not None:
                assert (asked_name, exchange(tyrant, request)) == (asked_name, answer)
        if "misc" in empty:
            assert exchange(tyrant, misc("putlist", b"x", b"y")) == found()
            tyrant.mask = ""
            tyrant.restart()
            assert exchange(tyrant, get(b"x")) == NO


def test_masked_stat_tells_the_counts_alone(implementation: type[Tyrant]) -> None:
    with implementation("hash", mask="stat") as tyrant:
        told = stat(tyrant)
        assert "type" not in told
        assert told["cnt_stat"] == "1"


def test_unmask_takes_a_name_away_and_no_part_of_a_group(implementation: type[Tyrant]) -> None:
    with implementation("hash", mask="put,out", unmask="out") as tyrant:
        assert exchange(tyrant, put(b"a", b"1") + putkeep(b"a", b"1")) == NO + YES
        assert exchange(tyrant, out(b"a")) == YES
    with implementation("hash", mask="allwrite", unmask="put") as tyrant:
        assert exchange(tyrant, put(b"a", b"1")) == NO


def test_a_stalled_list_is_carried_out_by_half_once_its_time_is_up(
    implementation: type[Tyrant],
) -> None:
    request = command(0x90, 7, 0, 4, b"putlist", sized(b"a", b"1", b"b"))
    with implementation("hash", tout=1) as tyrant:
        with connect(tyrant) as connection:
            assert ask(connection, request, 5) == found()
        assert exchange(tyrant, get(b"a") + get(b"b")) == value(b"1") + NO
        # In the middle of an argument it takes two waits, and then the worker is taken away.
        with connect(tyrant) as connection:
            connection.sendall(request[:-1].replace(b"a", b"c"))
            assert rest(connection) == NOTHING
        with connect(tyrant) as connection:
            connection.sendall(put(b"c", b"12")[:-1])
            assert rest(connection) == NOTHING
        assert exchange(tyrant, get(b"c")) == NO


def is_busy_at_last(connection: socket.socket) -> bool:
    """Ask until there is no answer: the workers may not have taken what stalls them at once."""
    try:
        for _ in range(100):
            assert ask(connection, get(b"a"), 1) == NO
            time.sleep(0.02)
    except TimeoutError:
        return True
    return False


def test_stalled_requests_keep_all_workers_busy(implementation: type[Tyrant]) -> None:
    with implementation("hash", thnum=2) as tyrant:
        stalled = [connect(tyrant) for _ in range(2)]
        for connection in stalled:
            connection.sendall(put(b"a", b"1")[:-1])
        with connect(tyrant, seconds=0.5) as connection:
            assert is_busy_at_last(connection)
            for other in stalled:
                other.close()
            connection.settimeout(10)
            assert connection.recv(1) == NO


def test_a_quiet_connection_keeps_nobody_busy(implementation: type[Tyrant]) -> None:
    with implementation("hash", thnum=1, tout=1) as tyrant:
        quiet = [connect(tyrant) for _ in range(5)]
        assert exchange(tyrant, get(b"a")) == NO
        time.sleep(2.2)
        assert [ask(connection, get(b"a"), 1) for connection in quiet] == [NO] * 5
        for connection in quiet:
            connection.close()


def test_it_says_when_there_is_no_ttserver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVSTORE_TTSERVER", "/nowhere/ttserver")
    assert "KVSTORE_TTSERVER" in (TokyoTyrant().available() or "")
    with pytest.raises(ServerError, match=r"build Tokyo Tyrant 1\.1\.41"):
        TokyoTyrant().start()
