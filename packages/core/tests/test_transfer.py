from __future__ import annotations

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.test import override_settings

from django_kvstore import Store, get_kvstore, kvstores
from django_kvstore.entries import Entry
from django_kvstore.transfer.dumpfile import DumpWriter
from django_kvstore.transfer.failures import Failures
from django_kvstore.transfer.lines import entry_line, footer_line
from django_kvstore.transfer.pages import pages
from django_kvstore.transfer.progress import Progress
from django_kvstore.transfer.reading import Whole, entry_pages
from django_kvstore.transfer.verify import verify
from django_kvstore.transfer.writers import Writers


@pytest.fixture(autouse=True)
def _stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    stores = {"one": f"locmem://{uuid4().hex}", "two": f"locmem://{uuid4().hex}"}
    with override_settings(KEY_VALUE_STORES=stores):
        yield


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command("kvstore", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fill(store: Store, number: int = 1500) -> None:
    store.set_many(
        {f"k{each}": {"n": each, "t": (each, date(2026, 1, 1))} for each in range(number)}
    )
    store.set_many({"short": 1, "\0odd\n": b"\xff"}, ttl=1000)
    store.set("pi", float("nan"))


def everything(store: Store) -> dict[str, tuple[str, float | None]]:
    found = {}
    cursor = None
    while True:
        page, cursor = store.export("", cursor, 1000)
        found |= {entry.key: (repr(entry.value), entry.expires) for entry in page}
        if cursor is None:
            return found


@pytest.mark.parametrize("name", ["dump.jsonl", "dump.jsonl.gz", "dump.jsonl.zst"])
@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_dump_loads_as_it_was(name: str, workers: str) -> None:
    fill(kvstores["one"])
    assert "Dumped 1503 entries of one" in manage("dump", name, "--store", "one")
    said = manage("load", name, "--store", "two", "--workers", workers)
    assert said == "Loaded 1503 entries into two.\n"
    assert everything(kvstores["two"]) == everything(kvstores["one"])
    assert os.listdir() == [name]


def test_a_dump_is_lines_that_any_tool_reads() -> None:
    kvstores["one"].set("a", (1,))
    manage("dump", "d.gz", "--store", "one")
    with gzip.open("d.gz") as file:
        lines = [json.loads(line) for line in file]
    assert lines == [
        {"django-kvstore": "dump", "version": 1},
        {"key": "a", "value": {"$tuple": [1]}},
        {"entries": 1},
    ]


@pytest.mark.parametrize("workers", ["1", "4"])
def test_a_copy_is_the_same_and_verified(workers: str) -> None:
    fill(kvstores["one"])
    said = manage("copy", "one", "two", "--workers", workers, "--verify")
    assert said == "Copied 1503 entries from one to two.\n"
    assert everything(kvstores["two"]) == everything(kvstores["one"])
    assert os.listdir() == []


@pytest.mark.parametrize("name", ["d", "d.gz", "d.zst"])
def test_a_dump_and_a_load_are_verified(name: str) -> None:
    fill(kvstores["one"])
    said = manage("dump", name, "--store", "one", "--verify")
    assert said == f"Dumped 1503 entries of one to {name}.\n"
    assert manage("load", name, "--store", "two", "--verify") == "Loaded 1503 entries into two.\n"


def test_verify_finds_what_a_dump_has_and_a_store_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = kvstores["one"], kvstores["two"]
    fill(one, 300)
    manage("dump", "d", "--store", "one")
    real = two.backend.set_many

    def lose(cells: Mapping[str, bytes], expires: float | None) -> None:
        real({cell: record for cell, record in cells.items() if cell != ":k7"}, expires)

    monkeypatch.setattr(two.backend, "set_many", lose)
    err = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 entry was not transferred\.$"):
        call_command("kvstore", "load", "d", "--store", "two", "--verify", stderr=err)
    assert "'k7': it is not there\n" in err.getvalue()

    written = DumpWriter.write

    def damage(writer: DumpWriter, page: bytes) -> None:
        written(
            writer, page.replace(b'{"key":"k7","value":{"n":7,', b'{"key":"k7","value":{"n":8,')
        )

    monkeypatch.setattr(DumpWriter, "write", damage)
    err = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 entry was not dumped\.$"):
        call_command("kvstore", "dump", "e", "--store", "one", "--verify", stderr=err)
    assert "'k7': the value there is another one\n" in err.getvalue()


@pytest.mark.parametrize("what", ["dump", "load"])
def test_standard_streams_are_not_verified(what: str) -> None:
    with pytest.raises(CommandError, match="--verify reads the dump again: give a file's path"):
        manage(what, "-", "--store", "one", "--verify")


def test_answers_in_json() -> None:
    kvstores["one"].set("a", 1)
    assert json.loads(manage("dump", "d", "--store", "one", "--json")) == {
        "entries": 1,
        "file": "d",
    }
    assert json.loads(manage("load", "d", "--store", "two", "--json")) == {"entries": 1}
    assert json.loads(manage("copy", "one", "two", "--json")) == {"entries": 1}


def test_a_copy_of_a_prefix_to_a_url() -> None:
    fill(kvstores["one"], 20)
    url = f"locmem://{uuid4().hex}"
    manage("copy", "one", url, "--prefix", "k1")
    assert sorted(get_kvstore(url).keys()) == sorted(["k1", *(f"k1{n}" for n in range(10))])


def test_a_namespace_is_moved_by_name() -> None:
    one, two = kvstores["one"], kvstores["two"]
    one.set("k", "outside")
    one.namespace("n").namespace("within").set("k", "within")
    one.namespace("n").set_many({"k": "inside", "more": 1})
    inside = ("--namespace", "n")
    said = manage("copy", "one", "two", *inside, "--verify")
    assert said == "Copied 2 entries from one to two.\n"
    assert everything(two.namespace("n")) == everything(one.namespace("n"))
    assert two.count() == 0
    assert two.namespace("n").namespace("within").count() == 0
    assert "Dumped 1 entry" in manage("dump", "d", "--store", "one", "--namespace", "n/within")
    assert "Loaded 1 entry" in manage("load", "d", "--store", "two", "--namespace", "other")
    assert dict(two.namespace("other").items()) == {"k": "within"}
    with pytest.raises(CommandError, match="Store 'one' "):
        manage("copy", "one", "two", "--namespace", "no namespace/")


def test_what_was_not_transferred_is_listed_and_the_rest_is() -> None:
    one, two = kvstores["one"], kvstores["two"]
    fill(one, 50)
    one.backend.set(":k7", b"damaged", None)
    for arguments in (("copy", "one", "two"), ("dump", "d", "--store", "one")):
        err = io.StringIO()
        with pytest.raises(CommandError, match="1 entry was not"):
            call_command("kvstore", *arguments, stdout=io.StringIO(), stderr=err)
        assert "'k7': Store 'one' (locmem): the stored bytes cannot be read" in err.getvalue()
    assert two.count() == 52


def test_an_entry_the_target_refuses_is_listed() -> None:
    one = kvstores["one"].with_options(serializer="pickle")
    one.set("object", io.BytesIO)
    one.set("plain", 1)
    with override_settings(
        KEY_VALUE_STORES={
            "one": f"{kvstores['one'].backend.url.text}?serializer=pickle",
            "two": "locmem://refusing",
        }
    ):
        pickled = kvstores["one"]
        pickled.set("object", io.BytesIO)
        pickled.set("plain", 1)
        with pytest.raises(CommandError, match="1 entry was not transferred"):
            manage("copy", "one", "two")
        assert list(kvstores["two"].keys()) == ["plain"]


def test_verify_finds_a_difference() -> None:
    one, two = kvstores["one"], kvstores["two"]
    one.set_many({"same": 1, "type": 1, "missing": 1, "bad": 1})
    one.set("expiry", 1, ttl=100)
    two.set_many({"same": 1, "type": True, "expiry": 1, "bad": 1, "more": 1})
    two.backend.set(":bad", b"damaged", None)
    failures = Failures()
    with Progress("x", OutputWrapper(io.StringIO()), None) as progress:
        verify(one, two, "", failures, progress)
    assert sorted(failures.state["told"]) == ["bad", "expiry", "missing", "type"]


def test_verify_misses_nothing_whose_time_is_over_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = kvstores["one"], kvstores["two"]
    one.set("short", 1, ttl=100)
    one.set("missing", 1, ttl=1000)
    real, late = two.get_entries, time.time() + 500

    def get_entries(keys: Iterable[str]) -> dict[str, Entry]:
        monkeypatch.setattr("time.time", lambda: late)
        return real(keys)

    monkeypatch.setattr(two, "get_entries", get_entries)
    failures = Failures()
    with Progress("x", OutputWrapper(io.StringIO()), None) as progress:
        verify(one, two, "", failures, progress)
    assert list(failures.state["told"]) == ["missing"]


@pytest.mark.parametrize("name", ["d", "d.gz", "d.zst"])
@pytest.mark.parametrize("cut", [12, 80])
def test_a_dump_cut_short_is_told(name: str, cut: int) -> None:
    fill(kvstores["one"], 10)
    manage("dump", name, "--store", "one")
    data = Path(name).read_bytes()
    Path(name).write_bytes(data[:-cut])
    with pytest.raises(CommandError, match=r"cut short|Line"):
        manage("load", name, "--store", "two")


HEADER = '{"django-kvstore": "dump", "version": 1}\n'


@pytest.mark.parametrize(
    "text",
    [
        "nonsense\n",
        "{bad\n",
        '{"key": "a", "value": ' + "9" * 5000 + "}\n",
        '{"key": 1}\n',
        '{"key": "a", "value": {"$x": 1}}\n',
        '{"key": "a", "value": [1e999]}\n',
    ],
)
def test_a_bad_line_is_reported_by_its_number(text: str) -> None:
    Path("d").write_text(HEADER + text)
    with pytest.raises(CommandError, match=r"^Line 2: (it is not a line|the obj|a number)"):
        manage("load", "d", "--store", "two")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\n",
        b"\x89PNG\r\n",
        b'[{"model": "shop.book", "pk": 1}]\n',
        b'{"key": "a", "value": 1}\n{"entries": 1}\n',
        b'{"django-kvstore": "dump", "version": 2}\n{"entries": 0}\n',
        b"x" * 1000,
    ],
)
def test_a_file_that_is_not_a_dump_is_refused(data: bytes) -> None:
    Path("d").write_bytes(data)
    with pytest.raises(CommandError, match=r"^d is not a dump of this version"):
        manage("load", "d", "--store", "two")
    assert kvstores["two"].count() == 0


@pytest.mark.parametrize("name", ["d.gz", "d.zst"])
@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\n",
        HEADER.encode() + b'{"entries": 0}\n',
        b"\x1f\x8b",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + b"\xff" * 50,
        b"\x1f\x8b\x09\x00\x00\x00\x00\x00\x00\xff" + b"x" * 50,
        b"\x28\xb5\x2f\xfd",
        b"\x28\xb5\x2f\xfd" + b"\xff" * 50,
        gzip.compress(HEADER.encode(), mtime=0)[:9],
        gzip.compress(b"nonsense\n", mtime=0),
        b"",
    ],
)
def test_what_cannot_be_decompressed_is_not_a_dump(name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    with pytest.raises(CommandError) as caught:
        manage("load", name, "--store", "two")
    assert str(caught.value).startswith(f"{name} is not a dump of this version: it")
    assert str(caught.value).endswith("Give the path of a file that 'kvstore dump' wrote.")
    assert kvstores["two"].count() == 0


@pytest.mark.parametrize("name", ["d.gz", "d.zst"])
def test_a_dump_that_is_damaged_further_on_says_after_which_line(name: str) -> None:
    writer = DumpWriter(name, resume_at=None)
    writer.write(HEADER.encode())
    for number in range(20):
        kvstores["one"].set("k", os.urandom(100_000))
        entries, _cursor = kvstores["one"].export("")
        writer.write(entry_line(entries[0]._replace(key=f"k{number}")))
    writer.close()
    # Where the next page would begin: what is in the middle of one may look like text.
    with Path(name).open("ab") as file:
        file.write(b"\xff" * 1000)
    with pytest.raises(CommandError) as caught:
        manage("load", name, "--store", "two")
    assert re.fullmatch(
        rf"{name} is damaged: it cannot be decompressed after line \d+\. Dump the store again, or "
        r"load another copy of the file\.",
        str(caught.value),
    )


def test_an_impossible_expiry_is_the_failure_of_one_entry() -> None:
    lines = [
        '{"key": "a", "value": 1}',
        '{"key": "b", "value": 2, "expires": NaN}',
        '{"key": "c", "value": 3, "expires": Infinity}',
        '{"key": "d", "value": 4}',
        '{"entries": 4}',
    ]
    Path("d").write_text(HEADER + "\n".join(lines) + "\n")
    err = io.StringIO()
    with pytest.raises(CommandError, match="2 entries were not transferred"):
        call_command("kvstore", "load", "d", "--store", "two", stdout=io.StringIO(), stderr=err)
    assert "'b': its expiry is not a time" in err.getvalue()
    assert dict(kvstores["two"].items()) == {"a": 1, "d": 4}


@pytest.mark.parametrize("name", ["d", "d.gz", "d.zst"])
def test_a_line_longer_than_any_value_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = kvstores["two"]
    monkeypatch.setattr(two.backend, "max_value_bytes", 10_000)
    writer = DumpWriter(name, resume_at=None)
    writer.write(HEADER.encode())
    writer.write(b'{"key": "a", "value": "' + b"x" * 200_000 + b'"}\n')
    writer.close()
    with pytest.raises(CommandError, match=r"^Line 2 is longer than any entry .* can be"):
        manage("load", name, "--store", "two")


def test_pages_of_a_load_are_bounded_in_bytes() -> None:
    entries = [Entry(f"k{number}", "x" * 1_000_000, None, 1_000_000) for number in range(12)]
    lines = iter([HEADER.encode(), *map(entry_line, entries), footer_line(12)])
    sizes = [len(page) for _number, page in entry_pages(lines, 0, Whole("d"))]
    assert sum(sizes) == 12
    assert max(sizes) <= 5


def test_pages_of_a_walk_begin_small(monkeypatch: pytest.MonkeyPatch) -> None:
    one = kvstores["one"]
    one.set_many({f"k{number}": "x" * 2_000_000 for number in range(12)})
    sizes = [sum(entry.size for entry in entries) for entries, _cursor in pages(one, "", None)]
    assert max(sizes) <= 8_100_000


def test_a_file_that_is_not_there_is_reported() -> None:
    with pytest.raises(CommandError, match="no file"):
        manage("load", "nope", "--store", "two")


def test_writers_tell_cursors_in_order_and_none_after_an_error() -> None:
    told: list[str | None] = []

    def write(number: int) -> None:
        time.sleep(0.02 if number == 0 else 0)
        if number == 5:
            raise OSError("full")

    def transfer() -> None:
        with Writers(4, write, told.append) as writers:
            for number in range(20):
                writers.put(number, str(number))

    with pytest.raises(OSError, match="full"):
        transfer()
    assert told == [str(number) for number in range(5)]


CHILD = """
import sys, time
from django.conf import settings
settings.configure(
    SECRET_KEY="x", INSTALLED_APPS=["django_kvstore"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    KEY_VALUE_STORES={"one": "db://one", "two": "db://two"},
)
import django
django.setup()
from django_kvstore import Store, kvstores
from django.core.management import call_command
if sys.argv[2] == "fill":
    call_command("kvstore", "provision", verbosity=0)
    kvstores["one"].set_many({f"k{n}": {"n": n} for n in range(3000)})
    kvstores["one"].set_many({f"t{n}": n for n in range(100)}, ttl=1000)
elif sys.argv[2] == "compare":
    for name in sys.argv[3:]:
        one = {e.key: e[1:3] for e in kvstores["one"].get_entries(kvstores["one"].keys()).values()}
        two = {e.key: e[1:3] for e in kvstores["two"].get_entries(kvstores["two"].keys()).values()}
    print(len(one), one == two)
else:
    call_command("kvstore", *sys.argv[2:])
"""


def child(*arguments: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.mark.parametrize("what", ["copy", "dump", "load"])
def test_a_killed_transfer_goes_on(tmp_path: Path, what: str) -> None:
    database = tmp_path / "kill.db"
    finished(child(database, "fill"))
    if what == "load":
        finished(child(database, "dump", "d.gz", "--store", "one"))
    arguments = {
        "copy": ["copy", "one", "two"],
        "dump": ["dump", "d.gz", "--store", "one"],
        "load": ["load", "d.gz", "--store", "two"],
    }[what]
    marks = {"copy": "kvstore-copy-*.progress", "dump": "d.gz.progress", "load": "d.gz.loading"}
    process = child(database, *arguments)
    while process.poll() is None and not list(Path().glob(marks[what])):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was over before it could be killed"
    finished(child(database, *arguments, "--resume"))
    if what == "dump":
        finished(child(database, "load", "d.gz", "--store", "two"))
    assert finished(child(database, "compare", "x")).split() == ["3100", "True"]
    assert not list(Path().glob("*.progress"))
    assert not list(Path().glob("*.loading"))
