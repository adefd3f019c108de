from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_kvstore import kvstore
from django_kvstore.commands.dump import _lines as dump_lines
from django_kvstore.commands.subcommand import json_value
from django_kvstore.entries import Entry
from django_kvstore.transfer.failures import Failures


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command("kvstore", *arguments, stdout=out)
    return out.getvalue()


def test_purge_deletes_what_has_expired() -> None:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid4().hex}"}):
        kvstore.set("short", 1, ttl=0.01)
        kvstore.set("long", 1, ttl=100)
        time.sleep(0.02)
        assert manage("purge") == "default: 1 deleted\n"
        assert manage("purge", "default") == "default: 0 deleted\n"
        assert manage("purge", "--json") == '{"deleted": {"default": 0}}\n'
        assert kvstore.get("long") == 1


def test_purge_in_a_namespace() -> None:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid4().hex}"}):
        for store in (kvstore, kvstore.namespace("n")):
            store.set("short", 1, ttl=0.01)
        time.sleep(0.02)
        assert manage("purge", "--namespace", "n") == "default: 1 deleted\n"
        assert manage("purge", "--namespace", "n") == "default: 0 deleted\n"
        assert manage("purge") == "default: 1 deleted\n"


class StorageClass:
    """As a backend of django-kvstore 1.0."""

    def __init__(self, host: str, params: dict[str, str]) -> None:
        pass


def test_purge_tells_an_engine_that_cannot_from_one_that_need_not() -> None:
    with override_settings(KEY_VALUE_STORES={"old": f"{__name__}://"}):
        assert "expires by itself" not in manage("purge")
        assert manage("purge") == "old: cannot list its keys, so nothing is deleted\n"
        assert manage("purge", "--json") == '{"deleted": {"old": null}}\n'


def test_provision_makes_the_table_once() -> None:
    with override_settings(
        KEY_VALUE_STORES={"default": "db://made_by_command", "memory": "locmem://"}
    ):
        assert manage("provision") == "default: created\nmemory: nothing to create\n"
        assert manage("provision", "default") == "default: nothing to create\n"
        assert manage("provision", "--json", "default") == '{"created": {"default": false}}\n'
        kvstore.set("a", 1)
        assert kvstore.get("a") == 1


def test_stores_lists_them_without_secrets() -> None:
    stores = {"default": "locmem://user:hunter2@x", "none": "db://missing_table"}
    with override_settings(KEY_VALUE_STORES=stores):
        said = manage("stores")
    assert "hunter2" not in said
    assert "locmem://user:***@x" in said
    assert "atomic iterable" in said
    assert "OK (" in said
    assert "missing_table" in said


def test_an_unknown_alias_and_a_bad_store_end_with_a_message() -> None:
    with override_settings(KEY_VALUE_STORES={"default": "nothing://x"}):
        with pytest.raises(CommandError, match=r"no store 'nope'\. The settings have: default"):
            manage("purge", "nope")
        with pytest.raises(CommandError, match="no backend for the scheme 'nothing'"):
            manage("purge")


@pytest.fixture
def memory() -> Iterator[None]:
    with override_settings(KEY_VALUE_STORES={"default": f"locmem://{uuid4().hex}"}):
        yield


@pytest.mark.usefixtures("memory")
def test_an_entry_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert manage("set", "a", "hello", "--ttl", "50") == "Set 'a'.\n"
    assert manage("get", "a") == "hello\n"
    assert 49 < float(manage("ttl", "a")) <= 50
    assert manage("ttl", "a", "--persist") == "no expiry\n"
    assert float(manage("ttl", "a", "--set", "5")) <= 5
    assert manage("set", "b", '{"x": [1, {"$tuple": [2]}]}', "--json") == '{"key": "b"}\n'
    assert kvstore.get("b") == {"x": [1, (2,)]}
    assert manage("get", "b") == "{'x': [1, (2,)]}\n"
    assert json.loads(manage("get", "b", "--json"))["value"] == {"x": [1, {"$tuple": [2]}]}
    monkeypatch.setattr("sys.stdin", io.StringIO("from outside"))
    manage("set", "c", "-")
    assert kvstore.get("c") == "from outside"
    assert manage("incr", "n") == "1\n"
    assert manage("incr", "n", "5", "--json") == '{"key": "n", "value": 6}\n'
    assert manage("delete", "n") == "Deleted 'n'.\n"
    for wrong in (
        ("get", "n"),
        ("delete", "n"),
        ("ttl", "n"),
        ("ttl", "n", "--set", "5"),
        ("incr", "a"),
        ("set", "a", "{", "--json"),
        ("get", ""),
        ("get", "a", "--store", "nope"),
        ("nothing",),
    ):
        with pytest.raises(CommandError):
            manage(*wrong)


@pytest.mark.usefixtures("memory")
def test_a_time_to_live_of_none_deletes_and_is_no_mistake() -> None:
    kvstore.set("a", 1)
    assert manage("ttl", "a", "--set", "0") == "0.000\n"
    assert "a" not in kvstore
    with pytest.raises(CommandError, match="There is no entry 'a'"):
        manage("ttl", "a", "--set", "0")
    kvstore.set("a", 1, ttl=50)
    with pytest.raises(CommandError, match="--persist: not allowed with argument --set"):
        manage("ttl", "a", "--set", "5", "--persist")
    assert (kvstore.ttl("a") or 0) > 40


@pytest.mark.usefixtures("memory")
def test_a_value_nested_too_deeply_is_told() -> None:
    with pytest.raises(CommandError, match=r"It is nested too deeply\.$"):
        manage("set", "a", "[" * 100_000 + "]" * 100_000, "--json")


def test_a_value_nested_too_deeply_is_told_where_it_is_shown() -> None:
    # A pickle may hold such a value.
    value: list[object] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(CommandError, match=r"shown: it is nested more than 128 levels deep\.$"):
        json_value(value)
    failures = Failures()
    assert list(
        map(type, dump_lines([Entry("a", value, None, 1), Entry("b", 1, None, 1)], failures))
    ) == [bytes]
    assert failures.state["told"] == {"a": "it is nested more than 128 levels deep"}


@pytest.mark.usefixtures("memory")
def test_a_store_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    kvstore.set_many({f"user:{number}": number for number in range(5)})
    kvstore.set("line\nbreak", 1)
    assert sorted(manage("keys", "user:").split()) == [f"user:{number}" for number in range(5)]
    assert len(manage("keys", "user:", "--limit", "2").splitlines()) == 2
    assert manage("keys", "line", "--json") == '"line\\nbreak"\n'
    assert manage("count") == "6\n"
    assert manage("count", "user:", "--json") == '{"prefix": "user:", "count": 5}\n'
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        manage("clear")
    assert kvstore.count() == 6
    monkeypatch.setattr("builtins.input", lambda prompt: "yes")
    assert manage("clear", "user:") == "Deleted 5 entries.\n"
    assert manage("clear", "--noinput", "--json") == '{"deleted": 1}\n'
    assert manage("count", "--store", "locmem://another") == "0\n"


def test_check_asks_the_engines() -> None:
    stores = {"default": "locmem://", "ill": "db://no_such_table", "wrong": "nothing://x"}
    with override_settings(KEY_VALUE_STORES=stores):
        assert re.fullmatch(r"default: OK \(\d+\.\d ms\)\n", manage("check", "default"))
        with pytest.raises(CommandError, match="Not OK: ill, wrong"):
            manage("check")
        with pytest.raises(CommandError):
            manage("check", "--json")


def test_stores_in_json() -> None:
    with override_settings(KEY_VALUE_STORES={"default": "locmem://u:hunter2@h"}):
        said = manage("stores", "--json")
    assert "hunter2" not in said
    assert json.loads(said)["default"]["abilities"]["atomic"] is True


def test_migrate_makes_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    stores = {"wrong": "nothing://x", "default": "db://made_by_migrate"}
    with override_settings(KEY_VALUE_STORES=stores):
        out = io.StringIO()
        call_command("migrate", verbosity=1, stdout=out)
        assert "Creating what the store 'default' needs... OK\n" in out.getvalue()
        assert capsys.readouterr().out == ""
        call_command("migrate", verbosity=1)
        assert "Creating" not in capsys.readouterr().out
        kvstore.set("a", 1)
        assert kvstore.get("a") == 1


@pytest.mark.usefixtures("memory")
def test_a_number_from_the_command_line_is_counted_with_or_explained() -> None:
    manage("set", "n", "5")
    with pytest.raises(CommandError, match=r"--json stores a number: set n 5 --json$"):
        manage("incr", "n")
    manage("set", "n", "5", "--json")
    assert manage("incr", "n") == "6\n"
    kvstore.set("list", [1])
    with pytest.raises(CommandError) as caught:
        manage("incr", "list")
    assert "--json" not in str(caught.value)


@pytest.mark.usefixtures("memory")
def test_every_command_about_entries_works_in_a_namespace() -> None:
    inner = ("--namespace", "n")
    kvstore.set("k", "outside")
    manage("set", "k", "inside", *inner)
    assert manage("get", "k", *inner) == "inside\n"
    assert manage("incr", "count", *inner) == "1\n"
    assert sorted(manage("keys", *inner).split()) == ["count", "k"]
    assert manage("count", *inner) == "2\n"
    assert manage("ttl", "k", "--set", "50", *inner) != ""
    assert manage("delete", "k", *inner) == "Deleted 'k'.\n"
    assert manage("clear", "--noinput", *inner) == "Deleted 1 entry.\n"
    assert dict(kvstore.items()) == {"k": "outside"}


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("arguments", [["clear", "--noinput"], ["count"], ["purge"], ["dump", "-"]])
def test_an_empty_namespace_is_not_the_whole_store(arguments: list[str]) -> None:
    kvstore.set("k", "outside")
    with pytest.raises(CommandError, match="'' is not"):
        manage(*arguments, "--namespace", "")
    assert dict(kvstore.items()) == {"k": "outside"}


@pytest.mark.usefixtures("memory")
def test_clear_names_the_namespace_that_it_empties(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or "no")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        manage("clear", "--namespace", "n")
    assert asked == ["Delete every entry of the namespace 'n' of default? Type 'yes': "]


@pytest.mark.usefixtures("memory")
def test_a_number_of_very_many_digits_is_shown_and_dumped(tmp_path: Path) -> None:
    kvstore.set("huge", 10**5000)
    kvstore.set("small", 1)
    kvstore.set("nested", {"n": [-(10**5000)]})
    for key in ("huge", "nested"):
        with pytest.raises(CommandError, match="can be shown with --json only") as caught:
            manage("get", key)
        assert "limit" not in str(caught.value)
    kvstore.delete("nested")
    assert json.loads(manage("get", "huge", "--json"))["key"] == "huge"
    name = str(tmp_path / "d")
    assert "Dumped 2 entries" in manage("dump", name)
    kvstore.clear()
    manage("load", name)
    assert kvstore.get("huge") == 10**5000


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("'a'", 'Text needs double quotes: write "a".'),
        ('"{bad"x', "There is more after the value: line 1, column 7."),
        ("{bad", "A name needs double quotes: line 1, column 2."),
        ("", 'Text needs double quotes: write "".'),
        ('{"a": 1, "a": 2}', "the name “a” appears twice"),
        ("NaN", "NaN is not JSON"),
        ("1e999", '{"$float": "inf"}'),
        ('{"a": [-1e999]}', '{"$float": "inf"}'),
        ("9" * 5000, "a number has more than 4300 digits"),
        ('["$", -' + "9" * 5000 + "]", "a number has more than 4300 digits"),
        ('{"$int": "' + "9" * 5000 + '"}', "the object of $int is not typed JSON"),
        ("[" * 100_000, "It is nested too deeply."),
    ],
)
def test_what_is_not_json_is_explained_in_words_of_ours(value: str, told: str) -> None:
    with pytest.raises(CommandError) as caught:
        manage("set", "a", value, "--json")
    assert told in str(caught.value)
    assert "xpecting" not in str(caught.value)
    assert kvstore.count() == 0
