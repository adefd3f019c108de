"""Tables of django-kvstore 1.0 and django_keyval 0.1.2, written by hand, and imported."""

from __future__ import annotations

import base64
import datetime
import io
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from django_keyval.models import KeyVal
from django_kvstore import Unavailable, kvstore

#: Protocol 0, as Python 2's cPickle wrote it and a TextField kept it.
KEYVAL_ROWS = [
    ("settings", "number", "I12\n.", 12),
    ("settings", "text", "S'ab'\np1\n.", "ab"),
    ("settings", "unicode", "V\\u20ac\xe9\np1\n.", "\u20ac\xe9"),
    ("other", "tuple", "(I1\nI2\ntp1\n.", (1, 2)),
    ("other", "list", "(lp1\nI1\naI2\na.", [1, 2]),
    ("other", "dict", "(dp1\nS'a'\np2\nF1.2\ns.", {"a": 1.2}),
    ("other", "none", "N.", None),
]
#: Protocol 2 in base64, with the line breaks of Python 2's encodestring.
KVSTORE_ROWS = [
    ("greeting", b"\x80\x02U\x05helloq\x01.", "hello"),
    (
        "__KV_STORE_::app.models.Thing:1",
        b"\x80\x02}q\x01(U\x04nameq\x02U\x01aq\x03U\x05countq\x04K\x05u.",
        {"name": "a", "count": 5},
    ),
    (
        "when",
        b"\x80\x02cdatetime\ndate\nq\x01U\x04\x07\xda\x01\x02\x85Rq\x02.",
        datetime.date(2010, 1, 2),
    ),
    ("long", b"\x80\x02X\xc8\x00\x00\x00" + b"x" * 200 + b"q\x01.", "x" * 200),
]
LOADED: list[int] = []


def leave_trace() -> int:
    LOADED.append(1)
    return 1


@pytest.fixture(autouse=True)
def _tables() -> Iterator[None]:
    stores = {"default": f"locmem://{uuid.uuid4().hex}"}
    apps = ["django_kvstore", "django_keyval"]
    with override_settings(KEY_VALUE_STORES=stores, INSTALLED_APPS=apps):
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE django_keyval__kvstore (id integer PRIMARY KEY, name varchar(255), "
                "key varchar(255), value text)"
            )
            cursor.execute('CREATE TABLE "old store" (kee varchar(255), value text)')
            for name, key, text, _value in KEYVAL_ROWS:
                cursor.execute(
                    "INSERT INTO django_keyval__kvstore (name, key, value) VALUES (%s, %s, %s)",
                    (name, key, text),
                )
            for key, data, _value in KVSTORE_ROWS:
                text = base64.encodebytes(data).decode().strip()
                cursor.execute('INSERT INTO "old store" VALUES (%s, %s)', (key, text))
        yield
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE django_keyval__kvstore")
            cursor.execute('DROP TABLE "old store"')


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


KEYVAL = ("keyval", "-c", "import-legacy")
KVSTORE = ("kvstore", "import-legacy", "old store")


def test_keyvals_table_is_imported() -> None:
    assert manage(*KEYVAL, "--dry-run") == (
        "The table has 7 rows. Add --unpickle to see which of them can be imported."
    )
    assert manage(*KEYVAL, "--dry-run", "--unpickle") == "7 rows can be imported."
    assert KeyVal.names() == []
    assert manage(*KEYVAL, "--unpickle") == "7 rows imported."
    for name, key, _text, value in KEYVAL_ROWS:
        found = KeyVal(name).get(key)
        assert found == value
        assert type(found) is type(value)
    assert KeyVal.names() == ["other", "settings"]


def test_kvstores_table_is_imported() -> None:
    assert json.loads(manage(*KVSTORE, "--dry-run", "--json")) == {"rows": 4}
    assert manage(*KVSTORE, "--dry-run", "--unpickle") == "4 rows can be imported."
    assert kvstore.count() == 0
    assert manage(*KVSTORE, "--unpickle") == "4 rows imported."
    assert dict(kvstore.items()) == {key: value for key, _data, value in KVSTORE_ROWS}


@pytest.mark.parametrize("command", [KEYVAL, KVSTORE])
def test_nothing_is_unpickled_unless_it_is_said(command: tuple[str, ...]) -> None:
    code = f"c{__name__}\nleave_trace\n(tR."
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_keyval__kvstore (name, key, value) VALUES ('n', 'k', %s)", (code,)
        )
        encoded = base64.b64encode(code.encode()).decode()
        cursor.execute("INSERT INTO \"old store\" VALUES ('k', %s)", (encoded,))
    LOADED.clear()
    manage(*command, "--dry-run")
    with pytest.raises(CommandError, match="add --unpickle"):
        manage(*command)
    assert LOADED == []
    assert kvstore.count() == 0
    manage(*command, "--unpickle")
    assert LOADED == [1]


@pytest.mark.parametrize("command", [KEYVAL, KVSTORE])
def test_rows_that_fail_are_listed_and_the_rest_is_imported(command: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_keyval__kvstore (name, key, value) VALUES ('n', 'bad', 'nonsense')"
        )
        cursor.execute("INSERT INTO \"old store\" VALUES ('bad', 'nonsense')")
    err: Any = io.StringIO()
    with pytest.raises(CommandError, match=r"[47] rows imported, 1 not"):
        call_command(*command, "--unpickle", stdout=io.StringIO(), stderr=err)
    assert "bad': UnpicklingError: " in err.getvalue()


@pytest.mark.parametrize("command", [KEYVAL, KVSTORE])
def test_a_dry_run_predicts_exactly_what_the_import_does(command: tuple[str, ...]) -> None:
    bad = [
        ("not a pickle", b"nonsense"),
        ("an object", b"cdjango.utils.safestring\nSafeData\n)\x81."),
        ("", b"I1\n."),  # a key that a store refuses, and KeyVal accepts
        ("k" * 2000, b"I1\n."),
        ("latin", b"S'\\xe9'\n."),
        ("a class", b"cdecimal\nDecimal\n."),
    ]
    with connection.cursor() as cursor:
        for key, data in bad:
            cursor.execute(
                "INSERT INTO django_keyval__kvstore (name, key, value) VALUES ('n', %s, %s)",
                (key, data.decode("latin-1")),
            )
            encoded = base64.b64encode(data).decode()
            cursor.execute('INSERT INTO "old store" VALUES (%s, %s)', (key, encoded))

    def run(*more: str) -> tuple[list[str], list[str]]:
        err: Any = io.StringIO()
        with pytest.raises(CommandError) as caught:
            call_command(*command, "--unpickle", *more, stdout=io.StringIO(), stderr=err)
        return re.findall(r"\d+", str(caught.value)), err.getvalue().splitlines()

    with override_settings(KEYVAL_PICKLE=False):
        predicted = run("--dry-run")
        assert kvstore.count() == 0
        assert KeyVal.names() == []
        assert run() == predicted
    if command == KEYVAL:
        there = sum(len(KeyVal(name)) for name in KeyVal.names())
    else:
        there = kvstore.count()
    assert int(predicted[0][0]) == there


def test_a_missing_table_is_told() -> None:
    with pytest.raises(CommandError, match="no table 'nope' in the database 'default'"):
        manage("kvstore", "import-legacy", "nope", "--dry-run")


def test_a_table_of_something_else_is_told() -> None:
    for command, missing in (
        (("kvstore", "import-legacy", "django_keyval__kvstore", "--unpickle"), "kee"),
        ((*KEYVAL, "--table", "old store", "--dry-run"), "key"),
    ):
        with pytest.raises(CommandError, match=f"has no column '{missing}'"):
            manage(*command)
    assert kvstore.count() == 0


@pytest.mark.parametrize("command", [KEYVAL, KVSTORE])
def test_an_outage_ends_it(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise kvstore.backend.error(Unavailable, "it is gone.")

    monkeypatch.setattr(kvstore.backend, "set", fail)
    monkeypatch.setattr(kvstore.backend, "update", fail)
    with pytest.raises(CommandError, match="it is gone"):
        manage(*command, "--unpickle")


@pytest.mark.parametrize("command", [KEYVAL, KVSTORE])
def test_a_table_is_imported_within_its_own_database(command: tuple[str, ...]) -> None:
    more = 1200  # several pages, read while others are written
    with connection.cursor() as cursor:
        for number in range(more):
            cursor.execute(
                "INSERT INTO django_keyval__kvstore (name, key, value) VALUES ('n', %s, 'I1\n.')",
                (f"k{number}",),
            )
            encoded = base64.b64encode(b"I1\n.").decode()
            cursor.execute('INSERT INTO "old store" VALUES (%s, %s)', (f"k{number}", encoded))
    rows = more + len(KEYVAL_ROWS if command == KEYVAL else KVSTORE_ROWS)
    url = f"db://t{uuid.uuid4().hex[:8]}"
    with override_settings(KEY_VALUE_STORES={"default": url}):
        kvstore.backend.provision()
        assert manage(*command, "--unpickle") == f"{rows} rows imported."
        if command == KEYVAL:
            assert len(KeyVal("n")) == more
        else:
            assert kvstore.count() == rows
