"""The command as a shell starts it: help, Django's own options, pipes, and nobody to answer."""

from __future__ import annotations

import os
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
    folder: Path, *arguments: str, stdin: bytes = b"", **environment: str
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
    assert str(SUBCOMMANDS[name].help) in " ".join(capsys.readouterr().out.split())


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


def test_what_is_no_text_on_standard_input_is_told(folder: Path) -> None:
    done = run(folder, "kvstore", "set", "k", "-", stdin=b"\xff", PYTHONIOENCODING="utf-8:strict")
    assert done.returncode == 1
    assert done.stderr.startswith(b"CommandError: Standard input is no text: ")


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
