"""``manage.py keyval``: what the ancestor's did, and more."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_keyval.management.commands.keyval import COMMANDS, Command
from django_keyval.models import KeyVal


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    stores = {"default": f"locmem://{uuid.uuid4().hex}"}
    apps = ["django_kvstore", "django_keyval"]
    with override_settings(KEY_VALUE_STORES=stores, INSTALLED_APPS=apps):
        yield


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command("keyval", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    named = ("-n", "settings", "-k", "motd")
    assert manage("-c", "set", *named, "-V", "hello") == "New key motd set in settings."
    again = manage("--command", "set", "--store_name", "settings", "--key", "motd", "-V", "bye")
    assert again == "Existing key motd overwritten in settings."
    assert manage("-c", "get", *named) == "bye"
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": [1]}'))
    assert manage("-c", "set", *named, "-V", "-", "--json") == '{"key": "motd", "new": false}'
    assert KeyVal("settings").get("motd") == {"a": [1]}
    assert manage("-c", "get", *named, "--json") == '{"key": "motd", "value": {"a": [1]}}'
    assert manage("-c", "list") == "settings"
    assert manage("-c", "list", "-n", "settings", "--json") == '["motd"]'
    assert manage("-c", "del", *named) == "Key motd deleted from settings."
    for wrong in (
        (),
        ("-c", "get", *named, "--strict"),
        ("-c", "del", *named, "--strict"),
        ("-c", "set", *named),
        ("-c", "get", "-n", "settings"),
        ("-c", "get", "-k", "motd"),
        ("-c", "set", *named, "-V", "{", "--json"),
        ("-c", "nothing"),
    ):
        with pytest.raises(CommandError):
            manage(*wrong)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({(1, 2): 3}, {"$dict": [[{"$tuple": [1, 2]}, 3]]}),
        ({1: 3, "1": 4}, {"$dict": [[1, 3], ["1", 4]]}),
        (float("inf"), {"$float": "inf"}),
        (date(2026, 1, 2), {"$date": "2026-01-02"}),
    ],
)
def test_a_value_in_json_keeps_its_types(value: object, shown: object) -> None:
    named = ("-n", "settings", "-k", "k", "--json")
    KeyVal("settings").set("k", value)
    assert json.loads(manage("-c", "get", *named)) == {"key": "k", "value": shown}
    manage("-c", "set", *named, "-V", json.dumps(shown))
    assert KeyVal("settings").get("k") == value


def test_a_value_that_json_cannot_have_is_told() -> None:
    named = ("-n", "settings", "-k", "k")
    KeyVal("settings").set("k", io.BytesIO)
    with pytest.raises(CommandError, match="Without --json it can be shown: a "):
        manage("-c", "get", *named, "--json")
    assert manage("-c", "get", *named) == "<class '_io.BytesIO'>"
    with pytest.raises(CommandError, match=r"It is nested too deeply\.$"):
        manage("-c", "set", *named, "--json", "-V", "[" * 100_000 + "]" * 100_000)


def test_the_command_asks_before_it_empties(monkeypatch: pytest.MonkeyPatch) -> None:
    KeyVal("one").set("a", 1)
    KeyVal("two").set("a", 1)
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        manage("-c", "flush", "-n", "one")
    assert KeyVal("one").exists("a")
    monkeypatch.setattr("builtins.input", lambda prompt: "yes")
    assert manage("-c", "flush", "-n", "one") == "Deleted every key of one."
    assert not KeyVal("one").exists("a")
    assert KeyVal("two").exists("a")
    assert manage("-c", "flush", "--noinput") == "Deleted every key of every name."
    assert not KeyVal("two").exists("a")


@pytest.mark.parametrize("command", ["get", "del"])
def test_a_missing_key_is_a_warning_as_with_the_ancestor(command: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    named = ("-c", command, "-n", "settings", "--ke", "motd")
    call_command("keyval", *named, stdout=out, stderr=err)
    assert out.getvalue() == ""
    assert err.getvalue() == "Warning: Key motd does not exist in settings.\n"
    assert json.loads(manage(*named, "--json")) == {"key": "motd", "missing": True}
    with pytest.raises(CommandError, match=r"^Key motd does not exist in settings\.$"):
        manage(*named, "--strict")


def test_any_text_is_a_name_and_a_key() -> None:
    for text in ("", " ", "-", "é\n", "\udcff"):
        named = (f"-n{text}", f"-k{text}") if text else ("-n", "", "-k", "")
        assert manage("-c", "set", *named, "--value=é v").startswith("New key")
        assert KeyVal(text).get(text) == "é v"
        assert json.loads(manage("-c", "list", *named[: len(named) // 2], "--json")) == [text]


def test_a_value_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(CommandError, match="The value is not UTF-8 text"):
        manage("-c", "set", "-n", "n", "-k", "k", "--value=caf\udce9")
    assert not KeyVal("n").exists("k")


def test_purge() -> None:
    KeyVal("one").set("a", 1, ttl=0)
    assert manage("-c", "purge") == "0 deleted"
    assert manage("-c", "purge", "--json") == '{"deleted": 0}'


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Command().create_parser("manage.py", "keyval").parse_args(["--help"])
    said = capsys.readouterr().out
    assert "Reads, writes, deletes and lists named keys and values." in said
    assert ",".join(COMMANDS) in said


SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django_kvstore", "django_keyval"]
KEY_VALUE_STORES = {"default": "locmem://"}
"""


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        ("-c set -n a -k b -V c", b"", 0, b""),
        ("-c get -n a -k b", b"", 0, b"Warning: Key b does not exist in a."),
        ("-c get -n a -k b --strict", b"", 1, b"CommandError: Key b does not exist in a."),
        ("", b"", 1, b"CommandError: Say what to do: --command set, get, del,"),
        ("-c nonsense", b"", 1, b"CommandError: Say what to do: "),
        ("-c get -n a", b"", 1, b"CommandError: Give the key with --key."),
        ("-c flush", b"", 1, b"CommandError: Nothing was deleted."),
        ("-c set -n a -k b -V -", b"\xff", 1, b"CommandError: The value is not UTF-8 text: "),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: str, stdin: bytes, code: int, said: bytes) -> None:
    (tmp_path / "settings.py").write_text(SETTINGS)
    utf8 = {"PYTHONIOENCODING": "utf-8:strict"}
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": ".", **utf8}
    command = [sys.executable, "-m", "django", "keyval", *arguments.split()]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(said)
