"""The page on upgrading, followed on tables as the ancestors left them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from .page import DOCS, read_page
from .running import Reader

#: Base64 of pickles of protocol 2, which Python 2 made.
KVSTORE_ROWS = [
    ("greeting", b"\x80\x02U\x05helloq\x01."),
    (
        "__KV_STORE_::app.models.Thing:1",
        b"\x80\x02}q\x01(U\x04nameq\x02U\x01aq\x03U\x05countq\x04K\x05u.",
    ),
    ("when", b"\x80\x02cdatetime\ndate\nq\x01U\x04\x07\xda\x01\x02\x85Rq\x02."),
]
#: Pickles of protocol 0, as text.
KEYVAL_ROWS = [
    ("settings", "number", "I12\n."),
    ("settings", "text", "S'ab'\np1\n."),
    ("other", "tuple", "(I1\nI2\ntp1\n."),
    ("other", "none", "N."),
]


@pytest.fixture(autouse=True)
def _tables() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS kvstore")  # of other pages
        cursor.execute("CREATE TABLE kvstore (kee varchar(255), value text)")
        for key, data in KVSTORE_ROWS:
            text = base64.encodebytes(data).decode()
            cursor.execute("INSERT INTO kvstore VALUES (%s, %s)", (key, text))
        cursor.execute(
            "CREATE TABLE django_keyval__kvstore (id integer PRIMARY KEY, name varchar(255), "
            "key varchar(255), value text)"
        )
        for row in KEYVAL_ROWS:
            cursor.execute(
                "INSERT INTO django_keyval__kvstore (name, key, value) VALUES (%s, %s, %s)", row
            )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE kvstore")
        cursor.execute("DROP TABLE django_keyval__kvstore")


def test_the_page_says_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = read_page(DOCS / "upgrading.md")
    assert Reader().read(blocks) == len(blocks)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kvstore")
        assert cursor.fetchone() == (len(KVSTORE_ROWS),)
