"""The demo does what it says, says what it does, and fails where the store does not hold."""

from __future__ import annotations

import doctest
import re
import runpy
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from servers.memcached import Memcached

from .runner import PROJECT, Demo

LIMIT = ("--limit", "300")


class First(NamedTuple):
    """The demo, and what became of its first run."""

    demo: Demo
    run: CompletedProcess[str]


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """The demo in an empty folder."""
    return Demo(tmp_path / "data")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    """The demo after its first run, and that run; not to be run again."""
    demo = Demo(tmp_path_factory.mktemp("first") / "data")
    return First(demo, demo.run("demo", *LIMIT))


@pytest.fixture
def stored(first: First, tmp_path: Path) -> Demo:
    """The demo in a folder that has seen a first run."""
    shutil.copytree(first.demo.folder, tmp_path / "data")
    return Demo(tmp_path / "data")


def test_the_first_run_stores_and_reads_back(first: First) -> None:
    assert (first.run.returncode, first.run.stderr) == (0, "")
    assert f"folder  {first.demo.folder}\n" in first.run.stdout
    assert "manage.py migrate made: kvstore" in first.run.stdout
    assert "Store 300 characters" in first.run.stdout
    assert "Read all 300 back" in first.run.stdout
    assert "All is as it should be: 3" in first.run.stdout


def test_a_second_run_finds_what_the_first_one_stored(stored: Demo) -> None:
    done = stored.run("demo", *LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "made: nothing" in done.stdout
    assert "Find the 300 characters of an earlier run" in done.stdout
    assert "as model objects" not in done.stdout
    assert "Read all 300 back" in done.stdout


def test_it_is_on_sqlite_with_its_write_ahead_log(stored: Demo) -> None:
    with closing(sqlite3.connect(stored.folder / "demo.sqlite3")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        (cells,) = connection.execute("SELECT COUNT(*) FROM kvstore").fetchone()
    assert cells > 300


def test_a_larger_limit_stores_what_is_missing_yet(stored: Demo) -> None:
    more = stored.run("demo", "--limit", "400")
    assert more.returncode == 0, more.stderr
    assert "Find the 300 characters" in more.stdout
    assert "Store 100 characters" in more.stdout
    assert "Read all 400 back" in more.stdout
    fewer = stored.run("demo", "--limit", "200")
    assert fewer.returncode == 0, fewer.stderr
    assert "Read all 200 back" in fewer.stdout
    assert "as model objects" not in fewer.stdout
    assert stored.python("print([one.characters for one in Run.all()])") == "[400]\n"


def test_fresh_begins_anew(stored: Demo) -> None:
    done = stored.run("demo", "--fresh", "--limit", "50")
    assert done.returncode == 0, done.stderr
    assert "Store 50 characters" in done.stdout
    assert stored.python("print(Character.count())") == "50\n"


@pytest.mark.parametrize(
    ("tampering", "finding"),
    [
        ("one = Character.get('SNAIL'); one.character = 's'; one.save()", "1 differ: SNAIL."),
        ("Character.get('SNAIL').delete()", "1 are missing: SNAIL."),
        (
            "Character.delete_many(['SNAIL', 'SNOWMAN', 'DIE FACE-1', 'DIE FACE-2'])",
            "4 are missing: SNOWMAN, SNAIL, DIE FACE-1 ….",
        ),
    ],
)
def test_what_was_tampered_with_is_found(stored: Demo, tampering: str, finding: str) -> None:
    stored.python(tampering)
    done = stored.run("demo", *LIMIT)
    assert done.returncode == 1
    assert finding in done.stderr
    assert "All is as it should be" not in done.stdout


def test_a_flipped_byte_is_found(stored: Demo) -> None:
    query = "SELECT key, value FROM kvstore WHERE CAST(key AS TEXT) LIKE '%:SNAIL'"
    with closing(sqlite3.connect(stored.folder / "demo.sqlite3")) as connection, connection:
        key, value = connection.execute(query).fetchone()
        flipped = value[:-1] + bytes([value[-1] ^ 1])
        connection.execute("UPDATE kvstore SET value = ? WHERE key = ?", (flipped, key))
    done = stored.run("demo", *LIMIT)
    assert done.returncode == 1
    assert "checksum" in done.stderr


def test_it_runs_on_another_store(demo: Demo) -> None:
    done = demo.run("demo", "--url", "locmem://demo", *LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "store  locmem://demo" in done.stdout
    assert "This engine forgets when its process ends" in done.stdout
    assert "skipped" not in done.stdout
    assert not demo.folder.exists()


def test_it_skips_what_the_engine_cannot(demo: Demo, engine: Callable[..., Memcached]) -> None:
    server = engine(Memcached)
    url = f"memcached://{server.host}:{server.port}?namespace=of-the-demo"
    first, second = (demo.run("demo", "--url", url, *LIMIT) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "skipped: this engine is not iterable" in first.stdout
    assert "Store 300 characters" in first.stdout
    assert "Find the 300 characters" in second.stdout


def test_what_was_evicted_is_stored_again(demo: Demo, engine: Callable[..., Memcached]) -> None:
    server = engine(Memcached)
    url = f"memcached://{server.host}:{server.port}?namespace=evicting"
    demo.run("demo", "--url", url, *LIMIT)
    demo.python("Character.get('SNAIL').delete()", DEMO_URL=url)
    done = demo.run("demo", "--url", url, *LIMIT)
    assert done.returncode == 0, done.stderr
    assert "1 were evicted meanwhile" in done.stdout
    assert "Store 1 characters" in done.stdout


@pytest.mark.parametrize("url", ["nonesuch://user:hunter2@host", "memcached://u:hunter2@127.0.0.1"])
def test_a_url_that_does_not_work_is_told_without_its_secret(demo: Demo, url: str) -> None:
    done = demo.run("demo", "--url", url, *LIMIT)
    assert done.returncode == 1
    assert "ERRORS" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_gets_plain_lines(first: First) -> None:
    assert "\x1b" not in first.run.stdout
    assert "━" not in first.run.stdout
    assert "stored 300 of 300" in first.run.stdout
    assert not re.search(r" $", first.run.stdout, re.MULTILINE)


def test_a_terminal_gets_colors_and_bars(stored: Demo) -> None:
    colored = stored.run("demo", "--force-color", *LIMIT).stdout
    assert "\x1b[" in colored
    assert "━" in colored


def test_output_that_knows_no_snowman_is_no_failure(stored: Demo) -> None:
    done = stored.run("demo", *LIMIT, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert r"<Character \u2603 U+2603>" in done.stdout


def test_every_named_character_is_taken(demo: Demo) -> None:
    counted = demo.python(
        "from characters.names import *; found = named_characters();"
        "print(len(found), len({one.character for one in found.values()}),"
        " min(map(len, found)), 'HANGUL SYLLABLE GA' in found, found['SNOWMAN'])"
    )
    names, characters, shortest, syllables, snowman = counted.split(maxsplit=4)
    assert int(names) == int(characters) > 33_000
    assert int(shortest) > 1
    assert syllables == "False"
    assert snowman == "<Character ☃ U+2603>\n"


def test_the_readmes_example_is_the_readmes() -> None:
    chapters = runpy.run_path(str(PROJECT / "characters" / "chapters.py"))["CHAPTERS"]
    (chapter,) = (one for one in chapters if "README" in one.title)
    examples = doctest.DocTestParser().get_examples(chapter.script)
    shown = "".join(example.source for example in examples)
    readme = (PROJECT.parents[1] / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(from django_kvstore import [^`]*MyData[^`]*)```", readme)
    for line in filter(None, example.splitlines()):
        assert line in shown or "import" in line


def test_a_limit_of_nothing_and_a_folder_that_cannot_be_are_told(demo: Demo) -> None:
    for limit in ("0", "-1"):
        done = demo.run("demo", "--limit", limit)
        assert (done.returncode, done.stderr) == (1, "CommandError: --limit is at least 1.\n")
    demo.folder.write_text("a file, where the folder should be")
    for command in ("demo", "serve"):
        done = demo.run(command, *LIMIT)
        assert done.returncode == 1
        assert done.stderr.startswith(f"CommandError: The folder {demo.folder} cannot be made: ")
