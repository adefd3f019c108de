"""Transfers that go on: only where they belong, and telling of all that failed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from django_kvstore import Unavailable, kvstores
from django_kvstore.equality import same
from django_kvstore.transfer.checkpoint import Checkpoint
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.lines import read_line
from django_kvstore.transfer.writers import Writers

NUMBER = 1200


@pytest.fixture(autouse=True)
def _stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    stores = {name: f"locmem://{uuid4().hex}" for name in ("one", "two", "three")}
    with override_settings(KEY_VALUE_STORES=stores):
        kvstores["one"].set_many({f"k{number:04}": number for number in range(NUMBER)})
        yield


def manage(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("kvstore", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def fail_after(store: Any, calls: int, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the engine be gone after so many calls."""
    real = getattr(store.backend, name)
    made = [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        made[0] += 1
        if made[0] > calls:
            raise store.backend.error(Unavailable, "it is gone.")
        return real(*args, **kwargs)

    monkeypatch.setattr(store.backend, name, call)


COMMANDS = {
    "dump": (["dump", "d.jsonl", "--store", "one"], "one", "scan"),
    "load": (["load", "full.jsonl", "--store", "two"], "two", "set_many"),
    "copy": (["copy", "one", "two"], "two", "set_many"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_an_outage_says_how_to_go_on_and_the_rest_follows(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path.cwd()
    manage("dump", "full.jsonl", "--store", "one")
    arguments, ill, call = COMMANDS[what]
    fail_after(kvstores[ill], 2, monkeypatch, call)
    with pytest.raises(CommandError, match=r"it is gone\..* with --resume to continue where"):
        manage(*arguments)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    manage(*arguments, "--resume")
    if what == "dump":
        assert sorted(Path("d.jsonl").read_bytes().splitlines()) == sorted(
            Path("full.jsonl").read_bytes().splitlines()
        )
    else:
        assert dict(kvstores["two"].items()) == dict(kvstores["one"].items())
    assert not [*Path().glob("*.progress"), *Path().glob("*.loading")]


def test_an_outage_before_the_first_page_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_after(kvstores["two"], 0, monkeypatch, "set_many")
    with pytest.raises(CommandError) as caught:
        manage("copy", "one", "two")
    assert "--resume" not in str(caught.value)


@pytest.mark.parametrize("what", COMMANDS)
def test_a_transfer_begun_anew_leaves_nothing_of_an_older_one_to_go_on_from(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path.cwd()
    manage("dump", "full.jsonl", "--store", "one")
    arguments, ill, call = COMMANDS[what]
    for calls in (2, 0):
        kvstores["two"].clear()
        fail_after(kvstores[ill], calls, monkeypatch, call)
        with pytest.raises(CommandError, match="it is gone") as caught:
            manage(*arguments)
        assert ("--resume" in str(caught.value)) == bool(calls)
        monkeypatch.undo()
        monkeypatch.chdir(folder)
    manage(*arguments, "--resume")
    if what == "dump":
        manage("load", "d.jsonl", "--store", "two")
    assert dict(kvstores["two"].items()) == dict(kvstores["one"].items())


def test_a_load_does_not_go_on_in_a_dump_that_was_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path.cwd()
    manage("dump", "full.jsonl", "--store", "one")
    arguments, ill, call = COMMANDS["load"]
    fail_after(kvstores[ill], 2, monkeypatch, call)
    with pytest.raises(CommandError, match="it is gone"):
        manage(*arguments)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    kvstores["one"].set("before all others", 1)
    manage("dump", "full.jsonl", "--store", "one")
    with pytest.raises(CommandError, match="left by another transfer"):
        manage(*arguments, "--resume")
    manage(*arguments)
    assert dict(kvstores["two"].items()) == dict(kvstores["one"].items())


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("dump", ["dump", "d.jsonl", "--store", "three"]),
        ("dump", ["dump", "d.jsonl", "--store", "one", "--prefix", "k"]),
        ("dump", ["dump", "d.jsonl", "--store", "one", "--namespace", "n"]),
        ("load", ["load", "full.jsonl", "--store", "three"]),
        ("load", ["load", "full.jsonl", "--store", "two", "--namespace", "n"]),
    ],
)
def test_one_transfer_does_not_go_on_where_another_stopped(
    what: str, other: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path.cwd()
    manage("dump", "full.jsonl", "--store", "one")
    arguments, ill, call = COMMANDS[what]
    fail_after(kvstores[ill], 2, monkeypatch, call)
    with pytest.raises(CommandError):
        manage(*arguments)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    with pytest.raises(CommandError, match="left by another transfer"):
        manage(*other, "--resume")
    assert kvstores["three"].count() == 0
    manage(*arguments, "--resume")


def test_what_failed_before_is_listed_after(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path.cwd()
    one = kvstores["one"]
    one.backend.set(":k0000", b"damaged", None)
    one.backend.set(":k1150", b"damaged", None)
    fail_after(one, 4, monkeypatch, "scan")
    with pytest.raises(CommandError, match="it is gone"):
        manage("copy", "one", "two")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    err = io.StringIO()
    with pytest.raises(CommandError, match="2 entries were not transferred"):
        call_command("kvstore", "copy", "one", "two", "--resume", stderr=err)
    assert "'k0000': " in err.getvalue()
    assert "'k1150': " in err.getvalue()
    assert kvstores["two"].count() == NUMBER - 2


def test_a_dump_that_is_gone_or_shorter_is_not_gone_on_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path.cwd()
    arguments, ill, call = COMMANDS["dump"]
    fail_after(kvstores[ill], 2, monkeypatch, call)
    with pytest.raises(CommandError):
        manage(*arguments)
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    Path("d.jsonl").write_bytes(b"x")
    with pytest.raises(CommandError, match=r"d\.jsonl is shorter than it was"):
        manage(*arguments, "--resume")
    Path("d.jsonl").unlink()
    with pytest.raises(CommandError, match=r"d\.jsonl: No such file or directory\."):
        manage(*arguments, "--resume")


def test_a_checkpoint_holds_no_url() -> None:
    path = Path("x.progress")
    Checkpoint(path, of=["memcached://u:hunter2@h"]).write(entries=1)
    assert "hunter2" not in path.read_text()
    assert Checkpoint(path, of=["memcached://u:hunter2@h"]).read() == {"entries": 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dump", "none/x", "--store", "one"], "none/x: No such file or directory."),
        (["dump", ".", "--store", "one"], ".: Is a directory."),
        (["load", ".", "--store", "one"], ".: Is a directory."),
        (["dump", "/dev/full", "--store", "one"], "/dev/full: No space left on device."),
        (["dump", "full.gz", "--store", "one"], "full.gz: No space left on device."),
        (["load", "plain.gz", "--store", "one"], "plain.gz is not a dump of this version: it "),
        (["load", "plain.zst", "--store", "one"], "plain.zst is not a dump of this version: it "),
        (["load", "bad.gz", "--store", "one"], "bad.gz is damaged: it cannot be decompressed"),
        (["copy", "one", "one"], "SRC and DST are one store."),
        (["import-legacy", "t", "--using", "no", "--store", "one"], "The connection 'no' doesn't"),
    ],
)
def test_a_file_or_a_place_that_will_not_do_is_told(arguments: list[str], said: str) -> None:
    for name in ("plain.gz", "plain.zst"):
        Path(name).write_bytes(b"plain and long enough to be looked at\n" * 9)
    Path("full.gz").symlink_to("/dev/full")
    manage("dump", "bad.gz", "--store", "one")
    whole = bytearray(Path("bad.gz").read_bytes())
    whole[200:260] = b"\xff" * 60
    Path("bad.gz").write_bytes(whole)
    with pytest.raises(CommandError) as caught:
        manage(*arguments)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "line",
    [
        '{"key": "a", "value": 1, "expires": "soon"}',
        '{"key": "a", "value": 1, "expires": true}',
        '{"key": "a", "value": 1, "expires": 1, "more": 1}',
        '{"key": [1], "value": 1}',
        '{"key": null, "value": 1}',
        '{"entries": null}',
        '{"entries": "5"}',
        '{"entries": true}',
        '{"key": "a", "value": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "[]",
    ],
)
def test_a_line_that_no_dump_has_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"line of a dump|too deeply"):
        read_line(line.encode())


def test_verbosity_zero_shows_no_progress() -> None:
    assert manage("copy", "one", "two", "--verify")[1] != ""
    assert manage("copy", "one", "two", "--verify", "--verbosity", "0")[1] == ""
    assert manage("dump", "d", "--store", "one", "-v", "0")[1] == ""
    assert manage("load", "d", "--store", "two", "-v", "0")[1] == ""


class Plain:
    """An object that is equal to itself alone."""

    def __init__(self, number: int) -> None:
        self.number = number


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAN = float("nan")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (Decimal("1.0"), Decimal("1.00")),
        (NOON, NOON.astimezone(timezone(timedelta(hours=1)))),
        (NOON, NOON.replace(fold=1)),
        ({1}, {True}),
        ({(1, frozenset({2}))}, {(1, frozenset({2.0}))}),
        ({1: "a"}, {True: "a"}),
        ({NAN: 1}, {float("nan"): True}),
        ({"a": [1]}, {"a": [True]}),
        ([1, 2], (1, 2)),
        ({"a": 1}, {"a": 1, "b": 2}),
        (Plain(1), Plain(2)),
    ],
)
def test_what_verify_tells_apart(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert not same([one], [other])
    assert same(one, one)


def test_what_verify_takes_for_the_same() -> None:
    nan = float("nan")
    for one, other in [
        (float("nan"), nan),
        ({"a": 1, "b": {2, 1}}, {"b": {1, 2}, "a": 1}),
        ({frozenset({1, 2})}, {frozenset({2, 1})}),
        (Plain(1), Plain(1)),
        ({float("nan")}, {nan}),
        ({float("nan"): 1, 2: nan}, {nan: 1, 2: nan}),
    ]:
        assert same(one, other)


def test_failures_of_several_threads_are_all_counted_and_none_twice() -> None:
    failures = Failures()

    def add(thread: int) -> None:
        for number in range(500):
            failures.add(f"{thread}:{number}", "bad")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert failures.count == 4000
    again = Failures(json.loads(json.dumps(failures.state)))
    assert again.count == 4000
    again.add(next(iter(again.state["told"])), "bad")
    assert again.count == 4000


def test_writers_close_the_connections_of_their_threads_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[int] = []
    monkeypatch.setattr(connections, "close_all", lambda: closed.append(1))
    pages: list[int] = []
    with Writers(3, pages.append, lambda cursor: None) as writers:
        for number in range(30):
            writers.put(number, str(number))
    assert sorted(pages) == list(range(30))
    assert len(closed) == 3

    def fail(page: int) -> None:
        raise OSError("full")

    def transfer() -> None:
        with Writers(3, fail, lambda cursor: None) as writers:
            for number in range(30):
                writers.put(number, str(number))

    with pytest.raises(OSError, match="full"):
        transfer()
    assert len(closed) == 6


def test_a_dump_into_a_pipe_is_read_at_its_other_end() -> None:
    os.mkfifo("pipe.gz")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(Path("pipe.gz").read_bytes)
        manage("dump", "pipe.gz", "--store", "one")
        Path("whole.gz").write_bytes(read.result(60))
    manage("load", "whole.gz", "--store", "two")
    assert dict(kvstores["two"].items()) == dict(kvstores["one"].items())


def test_a_dump_into_a_device_leaves_no_checkpoint_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[Path] = []
    monkeypatch.setattr(Checkpoint, "write", lambda self, **state: written.append(self.path))
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(Path("pipe").read_bytes)
        manage("dump", "pipe", "--store", "one")
        assert read.result(60).count(b"\n") == kvstores["one"].count() + 2
    assert written == []
    manage("dump", "file", "--store", "one")
    assert set(written) == {Path("file.progress")}
