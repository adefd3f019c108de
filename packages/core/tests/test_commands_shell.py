"""The command as a shell starts it: help, Django's own options, pipes, and nobody to answer."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from django_kvstore.commands import SUBCOMMANDS
from django_kvstore.management.commands.kvstore import Command

SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django_kvstore"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shell.db"}}
KEY_VALUE_STORES = {"default": "db://kvstore"}
"""
OTHER = 'from settings import *\nKEY_VALUE_STORES = {"other": "locmem://"}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shell")
    (made / "settings.py").write_text(SETTINGS)
    (made / "other.py").write_text(OTHER)
    assert run(made, "kvstore", "provision").returncode == 0
    assert run(made, "kvstore", "set", "key", "value").returncode == 0
    return made


def run(
    folder: Path, *arguments: str | bytes, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": ".", **environment}
    command = [sys.executable, "-m", "django", *arguments]
    return subprocess.run(
        command, cwd=folder, env=env, input=stdin, capture_output=True, check=False
    )


@pytest.mark.parametrize("asked", [("kvstore", "--help"), ("help", "kvstore")])
def test_help_is_shown(folder: Path, asked: tuple[str, ...]) -> None:
    done = run(folder, *asked)
    assert done.returncode == 0, done.stderr
    assert b"Looks after the configured key-value stores." in done.stdout


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_each_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Command().create_parser("manage.py", "kvstore").parse_args([name, "--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert str(SUBCOMMANDS[name].help) in shown
    assert SUBCOMMANDS[name].example in shown


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_the_example_of_each_subcommand_is_understood(name: str) -> None:
    program, command, *arguments = shlex.split(SUBCOMMANDS[name].example)
    assert (program, command, arguments[0]) == ("manage.py", "kvstore", name)
    parsed = Command().create_parser("manage.py", "kvstore").parse_args(arguments)
    assert parsed.subcommand == name


def test_djangos_own_options_may_stand_after_the_subcommand(folder: Path) -> None:
    done = run(folder, "kvstore", "stores", "--settings=other", "--no-color", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    assert b"locmem://" in done.stdout
    before = run(folder, "kvstore", "--settings=other", "stores")
    assert b"locmem://" in before.stdout
    done = run(folder, "kvstore", "get", "missing", "--traceback")
    assert done.returncode == 1
    assert b"Traceback" in done.stderr
    assert b"Traceback" not in run(folder, "kvstore", "get", "missing").stderr


def test_nobody_to_answer_is_a_no(folder: Path) -> None:
    done = run(folder, "kvstore", "clear")
    assert done.returncode == 1
    assert done.stderr == b"CommandError: Nothing was deleted.\n"
    assert run(folder, "kvstore", "get", "key").stdout == b"value\n"
    agreed = run(folder, "kvstore", "clear", "ke", stdin=b"yes\n")
    assert agreed.stdout.endswith(b"Deleted 1 entry.\n")
    run(folder, "kvstore", "set", "key", "value")


def test_a_reader_who_has_had_enough_is_no_error(folder: Path) -> None:
    lines = "".join(f'{{"key": "many{number}", "value": 1}}\n' for number in range(20_000))
    dump = f'{{"django-kvstore": "dump", "version": 1}}\n{lines}{{"entries": 20000}}\n'
    loaded = run(folder, "kvstore", "load", "-", stdin=dump.encode())
    assert loaded.returncode == 0, loaded.stderr
    for arguments in ("keys", "dump - --verbosity 0"):
        shell = f"{sys.executable} -m django kvstore {arguments} | head -n 1"
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
        done = subprocess.run(
            shell, shell=True, cwd=folder, env=env, capture_output=True, check=True
        )
        assert done.stdout.count(b"\n") == 1
        assert done.stderr == b""


def test_what_the_terminal_cannot_show_is_escaped(folder: Path) -> None:
    run(folder, "kvstore", "set", "snow", "\N{SNOWMAN}")
    shown = run(folder, "kvstore", "get", "snow", PYTHONIOENCODING="ascii:strict")
    assert (shown.returncode, shown.stdout) == (0, b"\\u2603\n")
    run(folder, "kvstore", "set", "half", '{"$str": "d800"}', "--json")
    shown = run(folder, "kvstore", "get", "half", PYTHONIOENCODING="utf-8:strict")
    assert (shown.returncode, shown.stdout) == (0, b"\\ud800\n")
    shown = run(folder, "kvstore", "get", "half", "--json")
    assert shown.stdout == b'{"key": "half", "value": {"$str": "d800"}}\n'


@pytest.mark.parametrize("encoding", ["utf-8:strict", "utf-8:surrogateescape"])
def test_standard_input_that_is_not_text_is_refused(folder: Path, encoding: str) -> None:
    done = run(folder, "kvstore", "set", "latin", "-", stdin=b"caf\xe9", PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    assert done.stderr.startswith(b"CommandError: The value is not UTF-8 text")
    assert run(folder, "kvstore", "get", "latin").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "latin", b"caf\xe9"),
        ("set", b"caf\xe9", "value"),
        ("set", "latin", b'"caf\xe9"', "--json"),
        ("get", b"caf\xe9"),
        ("incr", b"caf\xe9"),
        ("count", b"caf\xe9"),
    ],
)
def test_an_argument_that_is_not_text_is_refused(
    folder: Path, arguments: tuple[str | bytes, ...]
) -> None:
    before = (folder / "shell.db").read_bytes()
    done = run(folder, "kvstore", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(b"CommandError: ")
    assert b"UTF-8" in done.stderr
    assert (folder / "shell.db").read_bytes() == before


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """Return what the command shows on a terminal of its own."""
    own, its = pty.openpty()
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
    command = [sys.executable, "-m", "django", "kvstore", *arguments]
    with subprocess.Popen(command, cwd=folder, env=env, stdout=its, stderr=its) as process:
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # Linux's way to say that nobody writes any more
            while part := os.read(own, 4096):
                shown += part
        process.wait()
    os.close(own)
    return shown.decode().replace("\r\n", "\n")


def test_control_characters_do_not_reach_a_terminal(folder: Path) -> None:
    hostile = "\x1b]0;title\x07\x1b[2J\u202e\x9b"
    run(folder, "kvstore", "set", "screen", f"one\n\ttwo{hostile}")
    json_key = json.dumps(hostile)
    script = f"from django_kvstore import kvstore; kvstore.set({json_key}, [{json_key}])"
    assert run(folder, "shell", "-c", script).returncode == 0
    escaped = r"\x1b]0;title\x07\x1b[2J\u202e\x9b"
    assert on_a_terminal(folder, "get", "screen") == f"one\n\ttwo{escaped}\n"
    assert on_a_terminal(folder, "keys", "\x1b") == f"{escaped}\n"
    assert escaped in on_a_terminal(folder, "delete", hostile)
    # Another program reads exactly what is stored.
    assert run(folder, "kvstore", "get", "screen").stdout.decode() == f"one\n\ttwo{hostile}\n"


def test_a_full_disk_is_reported_in_one_line(folder: Path) -> None:
    shell = f"{sys.executable} -m django kvstore keys > /dev/full"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
    done = subprocess.run(shell, shell=True, cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        b"CommandError: Cannot write to standard output: No space left on device.\n"
    )


INTERRUPTED = """
import sys
from django_kvstore.backend import Backend
from django_kvstore.management.commands import kvstore
from django_kvstore_locmem.backend import LocMemBackend
from django.core.management import execute_from_command_line
real, calls = LocMemBackend.set_many, []
def set_many(self, *arguments):
    calls.append(1)
    if len(calls) == 3:
        raise KeyboardInterrupt
    return real(self, *arguments)
LocMemBackend.set_many = set_many
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def interrupted(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command, interrupted as by Ctrl-C when it writes the third page into locmem."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
    command = [sys.executable, "-c", INTERRUPTED, *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)


def test_an_interruption_says_how_to_go_on(folder: Path) -> None:
    lines = "".join(f'{{"key": "many{number}", "value": 1}}\n' for number in range(2000))
    dump = f'{{"django-kvstore": "dump", "version": 1}}\n{lines}{{"entries": 2000}}\n'
    (folder / "many.jsonl").write_text(dump)
    arguments = ("kvstore", "load", "many.jsonl", "--store", "locmem://", "-v", "0")
    done = interrupted(folder, *arguments)
    assert done.returncode == 130
    assert done.stderr == (
        b"Interrupted. Run the same command with --resume to continue where it stopped.\n"
    )
    assert (folder / "many.jsonl.loading").exists()
    again = run(folder, *arguments, "--resume")
    assert again.returncode == 0, again.stderr


def test_an_interruption_is_one_line(folder: Path) -> None:
    script = INTERRUPTED.replace("LocMemBackend.set_many", "LocMemBackend.count").replace(
        "== 3", "== 1"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
    command = [sys.executable, "-c", script, "kvstore", "count", "--store", "locmem://"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"Interrupted.\n")


def test_what_another_user_must_not_read_or_plant(folder: Path) -> None:
    """A dump is its owner's alone; the checkpoint beside it follows nobody's symbolic link."""
    precious = folder / "precious"
    precious.write_text("precious")
    for name in ("d.jsonl.progress", "d.jsonl.progress.new"):
        (folder / name).symlink_to(precious)
    run(folder, "kvstore", "load", "-", stdin=_dump(1200))
    mask = os.umask(0o022)
    try:
        done = run(folder, "kvstore", "dump", "d.jsonl", "-v", "0")
    finally:
        os.umask(mask)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((folder / "d.jsonl").stat().st_mode) == 0o600
    assert precious.read_text() == "precious"
    # What a dump may overwrite keeps the permissions that its owner gave it.
    (folder / "d.jsonl").chmod(0o640)
    assert run(folder, "kvstore", "dump", "d.jsonl", "-v", "0").returncode == 0
    assert stat.S_IMODE((folder / "d.jsonl").stat().st_mode) == 0o640


def test_a_planted_checkpoint_is_not_read(folder: Path) -> None:
    (folder / "elsewhere").write_text("{}")
    (folder / "p.jsonl.progress").symlink_to(folder / "elsewhere")
    done = run(folder, "kvstore", "dump", "p.jsonl", "--resume")
    assert done.returncode == 1
    assert b"p.jsonl.progress is a symbolic link" in done.stderr


def _dump(entries: int) -> bytes:
    lines = "".join(f'{{"key": "d{number}", "value": 1}}\n' for number in range(entries))
    return (
        f'{{"django-kvstore": "dump", "version": 1}}\n{lines}{{"entries": {entries}}}\n'
    ).encode()


def test_migrate_begins_without_a_word_of_what_it_makes(folder: Path, tmp_path: Path) -> None:
    fresh = SETTINGS.replace("shell.db", str(tmp_path / "fresh.db"))
    fresh += 'INSTALLED_APPS += ["django.contrib.contenttypes"]  # which has migrations'
    (folder / "fresh.py").write_text(fresh)
    (folder / "another.py").write_text(fresh.replace("db://kvstore", "db://another"))
    checked = run(folder, "check", "--database=default", "--settings=fresh")
    assert checked.stdout == b"System check identified no issues (0 silenced).\n"
    first = run(folder, "migrate", "--settings=fresh")
    assert first.stderr == b""
    assert b"Creating what the store 'default' needs... OK" in first.stdout
    checked = run(folder, "check", "--database=default", "--settings=another")
    assert b"(django_kvstore.db.W001) The store 'default'" in checked.stderr
    run(folder, "migrate", "--settings=another")
    checked = run(folder, "check", "--database=default", "--settings=another")
    assert checked.stdout == b"System check identified no issues (0 silenced).\n"
